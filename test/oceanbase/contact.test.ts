import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { clusterVersion } from "../../provider/oceanbase/cluster-version";
import { ObshellCluster, ScaledClock, type Served, selfSigned, serve } from "../simulators";
import { PASSWORD, rig, TARGET, TARGET_BUILD, URN } from "./rig";

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const door of opened.splice(0)) await door.close();
});

/** A server that answers everything alike, and its origin. */
async function answering(server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({ close: () => server.closeAllConnections() ?? server.close() });
  // A listening TCP server has an AddressInfo.
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const web = (status: number, type: string, body: string) =>
  createServer((_, response) => {
    response.writeHead(status, { "content-type": type });
    response.end(body);
  });

async function cluster(options: Parameters<typeof serve>[1] = {}): Promise<Served & Pick<ObshellCluster, "journal">> {
  const clock = new ScaledClock(1);
  const simulated = new ObshellCluster({ clock, rootPassword: PASSWORD, buildVersion: TARGET_BUILD });
  const served = await serve(simulated, options);
  opened.push(served);
  return { ...served, journal: simulated.journal };
}

/** What a pin on these endpoints says, over real sockets. */
function pin(endpoints: readonly string[], args: Record<string, unknown> = {}) {
  const lifecycle = new DynamicProvider({
    kinds: { "oceanbase:ClusterVersion": async () => clusterVersion() },
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 0 },
    env: {},
  });
  return lifecycle.create({ endpoints, password: PASSWORD, ...TARGET, ...args, __urn: URN, __provider: "text" });
}

const NO_OBSHELL = "is not an obshell agent: expected JSON in obshell's envelope, found";

describe("a server that is no obshell", () => {
  it.each([
    ["a web page", web(200, "text/html", "<h1>Hello</h1>"), `${NO_OBSHELL} HTTP 200, text/html: “Hello”`],
    ["a 404", web(404, "text/plain", "not found"), `${NO_OBSHELL} HTTP 404, text/plain: “not found”`],
    [
      "other JSON",
      web(200, "application/json", '{"hello":1}'),
      `${NO_OBSHELL} HTTP 200, application/json: “{"hello":1}”`,
    ],
    ["nothing", web(200, "application/json", ""), `${NO_OBSHELL} HTTP 200 without a body`],
    [
      "an envelope with something else in it",
      web(200, "application/json", '{"successful":true,"status":200,"data":{"ip":"10.0.0.1"}}'),
      "the response has an unexpected format: ",
    ],
    [
      "terminal escapes",
      web(200, "text/html", "\u001b[31mred\u001b[0m"),
      `${NO_OBSHELL} HTTP 200, text/html: “[31mred[0m”`,
    ],
  ])("but answers with %s is told in one sentence", async (_, server, text) => {
    const origin = await answering(server, "http");
    await expect(pin([origin])).rejects.toThrow(text);
    await expect(pin([origin])).rejects.toThrow("[not-the-vendor]");
  });

  it("but uses plain HTTP where TLS is expected is told as such", async () => {
    const origin = await answering(web(200, "text/html", ""), "https");
    await expect(pin([origin])).rejects.toThrow(
      /is not an obshell agent: .*found a server without TLS; its address must begin with http:\/\/\. `endpoints`/,
    );
  });

  it("but uses TLS where plain HTTP is expected is told by its own words", async () => {
    const { origins } = await cluster({ tls: selfSigned() });
    const plain = origins.map((origin) => origin.replace("https:", "http:"));
    await expect(pin(plain)).rejects.toThrow("Client sent an HTTP request to an HTTPS server.");
  });
});

describe("a cluster with TLS", () => {
  it("whose certificate nobody vouches for is refused, with the three ways to trust it", async () => {
    const { origins } = await cluster({ tls: selfSigned() });
    await expect(pin(origins)).rejects.toThrow(/not trusted: .*caCertificate.*serverName.*allowUntrustedCertificate/);
  });

  it("whose certificate is for another name is told by that name and the expected one, each once", async () => {
    const tls = selfSigned(["elsewhere.example"], { commonName: "elsewhere", loopback: false });
    const { origins } = await cluster({ tls });
    await expect(pin(origins, { caCertificate: tls.cert })).rejects.toThrow(
      /not trusted: it is issued for elsewhere\.example, but 127\.0\.0\.1 was expected \(ERR_TLS_CERT_ALTNAME_INVALID\)\. Set/,
    );
  });

  it("is trusted under another name when that is given", async () => {
    const tls = selfSigned(["elsewhere.example"], { loopback: false });
    const { origins } = await cluster({ tls });
    const { outs } = await pin(origins, { caCertificate: tls.cert, serverName: "elsewhere.example" });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("is trusted by its CA", async () => {
    const tls = selfSigned();
    const { origins } = await cluster({ tls });
    const { outs } = await pin(origins, { caCertificate: tls.cert });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("is trusted whatever its certificate when that is asked for", async () => {
    const { origins } = await cluster({ tls: selfSigned() });
    const { outs } = await pin(origins, { allowUntrustedCertificate: true });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("that asks for a client certificate gets the one that was given, and lets nobody in without one", async () => {
    const tls = selfSigned();
    const client = selfSigned([], { commonName: "deployer" });
    const { origins, journal } = await cluster({ tls: { ...tls, ca: client.cert } });
    const given = { caCertificate: tls.cert, clientCertificate: client.cert, clientKey: client.key };
    expect((await pin(origins, given)).outs).toMatchObject({ status: "current" });
    const heard = journal.entries.length;
    const refused = pin([origins[0] ?? ""], { caCertificate: tls.cert, unreachableTimeout: "1s" });
    await expect(refused).rejects.toThrow(/requires a client certificate .*none was given.*\[unauthorized\]/);
    expect(journal.entries).toHaveLength(heard);
  });

  it("has no say over a plain TLS server that is no obshell either", async () => {
    const server = createTlsServer(selfSigned(), (_, response) => response.end("hello"));
    const origin = await answering(server, "https");
    await expect(pin([origin], { allowUntrustedCertificate: true })).rejects.toThrow(`${NO_OBSHELL} HTTP 200`);
  });
});

describe("credentials in a URL", () => {
  it("are refused without being shown", async () => {
    const failure = pin(["http://root:hunter22@10.0.0.1:2886"]);
    await expect(failure).rejects.toThrow("must not contain credentials");
    await expect(failure).rejects.not.toThrow("hunter22");
  });
});

/** Asks its observer for the version in every GET info, and fails with it. */
const OLD = "4.2.5.0-112024111111";
const INFO = "/api/v1/info";
const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
const types = {
  "oceanbase:ClusterVersion": {},
  "oceanbase:AgentVersion": {
    ...AGENTS,
    __urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents",
  },
};

const unexpected = (data?: unknown) => {
  const error = { code: 1002, message: "Unexpected error: exec get my ob version failed: exit status 127" };
  return JSON.stringify({ successful: false, status: 500, ...(data === undefined ? {} : { data }), error });
};

describe.each(Object.entries(types))("%s: an agent that answers an error and what was asked for", (_, type) => {
  it("belongs to no cluster, and says so: the run ends at once", async () => {
    const { lifecycle, inputs, clock, cluster } = rig({
      agentVersion: OLD,
      identity: "SINGLE",
      conditions: { observerBinaryMissing: true },
    });
    const began = clock.now();
    await expect(lifecycle.create({ ...inputs(), ...type })).rejects.toThrow(
      /belongs to no OceanBase cluster \(identity SINGLE\).*\[blocked\]/,
    );
    expect(clock.since(began)).toBeLessThan(1_000);
    expect(cluster.writes()).toEqual([]);
  });

  it("belongs to a cluster: it is upgraded like every other", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion: OLD, conditions: { observerBinaryMissing: true } });
    cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    const { outs } = await lifecycle.create({ ...inputs(), ...type });
    expect(outs).toMatchObject({ status: "current" });
  });

  it.each([
    ["nothing", undefined],
    ["an empty result", null],
    ["half of it", { identity: "SINGLE" }],
  ])("with %s beside the error: it is waited for one minute", async (_, data) => {
    const { lifecycle, inputs, clock, cluster } = rig({ agentVersion: OLD });
    const fault = { kind: "replace", status: 500, body: unexpected(data) } as const;
    cluster.faults.add({ match: { path: INFO }, times: 9_999, fault });
    const began = clock.now();
    await expect(lifecycle.create({ ...inputs(), ...type })).rejects.toThrow(
      /could not be read for 1 min( \d s)?: .*get my ob version failed.*\[unreachable\]/,
    );
    expect(clock.since(began)).toBeLessThan(120_000);
  });
});

describe("an error beside an empty list", () => {
  it.each(["/api/v1/task/dag/ob/unfinish", "/api/v1/upgrade/package/info"])(
    "is not taken for the list: %s",
    async (path) => {
      const { lifecycle, inputs, cluster } = rig();
      const error = { errCode: "Common.Unexpected", message: "Unexpected error: record not found" };
      const body = JSON.stringify({ successful: false, status: 500, data: { contents: null }, error });
      cluster.faults.add({ match: { path }, times: 9_999, fault: { kind: "replace", status: 500, body } });
      const args = inputs({ unreachableTimeout: "2m", version: ">=4.3.5", release: undefined });
      await expect(lifecycle.create(args)).rejects.toThrow(/\[unreachable\]/);
      expect(cluster.writes()).toEqual([]);
    },
  );
});
