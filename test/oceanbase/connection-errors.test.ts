import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { WireResponse } from "../../provider/http/transport";
import { readResponse, readWriteResponse } from "../../provider/oceanbase/agent/responses";
import { clusterVersion } from "../../provider/oceanbase/kind";
import { ObshellCluster, ScaledClock, type Served, selfSigned, serve } from "../simulators";
import { AGENT_URN, AGENTS, PASSWORD, rig, TARGET, TARGET_BUILD, URN } from "./rig";

const servers: { close(): unknown }[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Starts a server and returns its origin. */
async function originOf(server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push({ close: () => server.closeAllConnections() ?? server.close() });
  // A listening TCP server has an AddressInfo.
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const respondingWith = (status: number, type: string, body: string) =>
  createServer((_, response) => {
    response.writeHead(status, { "content-type": type });
    response.end(body);
  });

async function cluster(options: Parameters<typeof serve>[1] = {}): Promise<Served & Pick<ObshellCluster, "journal">> {
  const clock = new ScaledClock(1);
  const simulated = new ObshellCluster({ clock, rootPassword: PASSWORD, buildVersion: TARGET_BUILD });
  const served = await serve(simulated, options);
  servers.push(served);
  return { ...served, journal: simulated.journal };
}

/** Creates a resource with these endpoints, over real sockets. */
function create(endpoints: readonly string[], args: Record<string, unknown> = {}) {
  const lifecycle = new DynamicProvider({
    kinds: { "oceanbase:ClusterVersion": async () => clusterVersion() },
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 0 },
    env: {},
  });
  return lifecycle.create({ endpoints, password: PASSWORD, ...TARGET, ...args, __urn: URN, __provider: "text" });
}

const NO_OBSHELL = "is not an obshell agent: expected JSON in obshell's envelope, found";

describe("a server that is not obshell", () => {
  it.each([
    ["a web page", respondingWith(200, "text/html", "<h1>Hello</h1>"), `${NO_OBSHELL} HTTP 200, text/html: “Hello”`],
    ["a 404", respondingWith(404, "text/plain", "not found"), `${NO_OBSHELL} HTTP 404, text/plain: “not found”`],
    [
      "other JSON",
      respondingWith(200, "application/json", '{"hello":1}'),
      `${NO_OBSHELL} HTTP 200, application/json: “{"hello":1}”`,
    ],
    ["nothing", respondingWith(200, "application/json", ""), `${NO_OBSHELL} HTTP 200 without a body`],
    [
      "an envelope with something else in it",
      respondingWith(200, "application/json", '{"successful":true,"status":200,"data":{"ip":"10.0.0.1"}}'),
      "the response has an unexpected format: ",
    ],
    [
      "terminal escapes",
      respondingWith(200, "text/html", "\u001b[31mred\u001b[0m"),
      `${NO_OBSHELL} HTTP 200, text/html: “[31mred[0m”`,
    ],
  ])("but responds with %s is reported in one sentence", async (_, server, text) => {
    const origin = await originOf(server, "http");
    await expect(create([origin])).rejects.toThrow(text);
    await expect(create([origin])).rejects.toThrow("[not-the-vendor]");
  });

  it("but uses plain HTTP where TLS is expected is reported as one without TLS", async () => {
    const origin = await originOf(respondingWith(200, "text/html", ""), "https");
    await expect(create([origin])).rejects.toThrow(
      /is not an obshell agent: .*found a server without TLS; its address must begin with http:\/\/\. `endpoints`/,
    );
  });

  it("but uses TLS where plain HTTP is expected is reported with its own message", async () => {
    const { origins } = await cluster({ tls: selfSigned() });
    const plain = origins.map((origin) => origin.replace("https:", "http:"));
    await expect(create(plain)).rejects.toThrow(
      /^http:\/\/\S+ accepts only requests with TLS: HTTP 400: “Client sent an HTTP request to an HTTPS server\.”\. Start the address in `endpoints` with https:\/\/\. \[not-the-vendor\]/,
    );
  });
});

describe("a cluster with TLS", () => {
  it("whose certificate is not trusted is rejected, with the three arguments that make it trusted", async () => {
    const { origins } = await cluster({ tls: selfSigned() });
    await expect(create(origins)).rejects.toThrow(
      /not trusted: .*caCertificate.*serverName.*allowUntrustedCertificate/,
    );
  });

  it("whose certificate is issued for another name is reported with that name and the expected one, each once", async () => {
    const tls = selfSigned(["elsewhere.example"], { commonName: "elsewhere", loopback: false });
    const { origins } = await cluster({ tls });
    await expect(create(origins, { caCertificate: tls.cert })).rejects.toThrow(
      /not trusted: it is issued for elsewhere\.example, but 127\.0\.0\.1 was expected \(ERR_TLS_CERT_ALTNAME_INVALID\)\. Set/,
    );
  });

  it("is trusted under another name with serverName", async () => {
    const tls = selfSigned(["elsewhere.example"], { loopback: false });
    const { origins } = await cluster({ tls });
    const { outs } = await create(origins, { caCertificate: tls.cert, serverName: "elsewhere.example" });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("is trusted by its CA", async () => {
    const tls = selfSigned();
    const { origins } = await cluster({ tls });
    const { outs } = await create(origins, { caCertificate: tls.cert });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("is trusted regardless of its certificate with allowUntrustedCertificate", async () => {
    const { origins } = await cluster({ tls: selfSigned() });
    const { outs } = await create(origins, { allowUntrustedCertificate: true });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("that requires a client certificate accepts the given one, and rejects requests without one", async () => {
    const tls = selfSigned();
    const client = selfSigned([], { commonName: "deployer" });
    const { origins, journal } = await cluster({ tls: { ...tls, ca: client.cert } });
    const given = { caCertificate: tls.cert, clientCertificate: client.cert, clientKey: client.key };
    expect((await create(origins, given)).outs).toMatchObject({ status: "current" });
    const received = journal.entries.length;
    const refused = create([origins[0] ?? ""], { caCertificate: tls.cert, unreachableTimeout: "1s" });
    await expect(refused).rejects.toThrow(/requires a client certificate .*none was given.*\[unauthorized\]/);
    expect(journal.entries).toHaveLength(received);
  });

  it("is distinguished from another TLS server that is not obshell", async () => {
    const server = createTlsServer(selfSigned(), (_, response) => response.end("hello"));
    const origin = await originOf(server, "https");
    await expect(create([origin], { allowUntrustedCertificate: true })).rejects.toThrow(`${NO_OBSHELL} HTTP 200`);
  });
});

describe("credentials in a URL", () => {
  it("are rejected without being shown", async () => {
    const failure = create(["http://root:hunter22@10.0.0.1:2886"]);
    await expect(failure).rejects.toThrow("must not contain credentials");
    await expect(failure).rejects.not.toThrow("hunter22");
  });
});

/** Reads the version from its observer in every GET info, and fails if that fails. */
const OLD = "4.2.5.0-112024111111";
const INFO = "/api/v1/info";
const types = {
  "oceanbase:ClusterVersion": {},
  "oceanbase:AgentVersion": {
    ...AGENTS,
    __urn: AGENT_URN,
  },
};

const unexpected = (data?: unknown) => {
  const error = { code: 1002, message: "Unexpected error: exec get my ob version failed: exit status 127" };
  return JSON.stringify({ successful: false, status: 500, ...(data === undefined ? {} : { data }), error });
};

describe.each(Object.entries(types))("%s: an agent whose response has an error and the data", (_, type) => {
  it("ends the run at once if it belongs to no cluster", async () => {
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

  it("is upgraded like every other if it belongs to a cluster", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion: OLD, conditions: { observerBinaryMissing: true } });
    cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    const { outs } = await lifecycle.create({ ...inputs(), ...type });
    expect(outs).toMatchObject({ status: "current" });
  });

  it.each([
    ["no data", undefined],
    ["an empty result", null],
    ["a part of the data", { identity: "SINGLE" }],
  ])("is waited for one minute with %s next to the error", async (_, data) => {
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

describe("an error next to an empty list", () => {
  it.each(["/api/v1/task/dag/ob/unfinish", "/api/v1/upgrade/package/info"])(
    "is not read as an empty list: %s",
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

const TIME = "2026-11-22T15:39:16.148077476Z";

function response(status: number, body: unknown, type = "application/json"): WireResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: { "content-type": type }, body: new Uint8Array(Buffer.from(text)) };
}

/** An error in obshell's envelope. */
function failure(status: number, error: { code?: number; errCode?: string; message: string }): WireResponse {
  return response(status, { successful: false, timestamp: TIME, duration: 0, status, traceId: "", error });
}

const errCode = (status: number, code: string, message: string) => failure(status, { errCode: code, message });
const number = (status: number, code: number, message: string) => failure(status, { code, message });

describe("a success", () => {
  it("is read as its data and the agent's time, for reads and writes", () => {
    const reply = response(200, { successful: true, timestamp: TIME, duration: 1, status: 200, data: { id: "11" } });
    const expected = { kind: "data", data: { id: "11" }, timestamp: TIME };
    expect(readResponse(reply)).toEqual(expected);
    expect(readWriteResponse(reply)).toEqual(expected);
  });

  it.each([null, { contents: null }, "2026-11-22T15:39:16Z"])("may have the data %j", (data) => {
    expect(readResponse(response(200, { successful: true, status: 200, data }))).toEqual({ kind: "data", data });
  });

  it("may have no data", () => {
    expect(readResponse(response(200, { successful: true, status: 200 }))).toMatchObject({ kind: "data" });
  });
});

const PANIC = "Unexpected error: Internal Server Error";
const DECRYPT = "Decrypt http header failed: crypto/rsa: decryption error";

describe("an error of a read", () => {
  it.each<[WireResponse, Record<string, unknown>]>([
    // the credentials
    [
      failure(401, {
        code: 10008,
        errCode: "Security.Authentication.IncorrectOceanbasePassword",
        message: "Unauthorized: OceanBase password is incorrect",
      }),
      { kind: "unauthorized", certain: true },
    ],
    [
      errCode(401, "Security.Authentication.WithAgentPassword", "Unauthorized: Should use agent password"),
      { kind: "unauthorized", certain: true },
    ],
    [
      failure(401, { code: 1, errCode: "Security.Authentication.Header.DecryptFailed", message: DECRYPT }),
      { kind: "unauthorized", certain: false },
    ],
    [errCode(401, "Security.Authentication.Header.DecryptFailed", DECRYPT), { kind: "unauthorized", certain: false }],
    [
      failure(401, {
        code: 10008,
        errCode: "Security.Authentication.Expired",
        message: "Unauthorized: Authentication expired",
      }),
      { kind: "unauthorized", certain: false },
    ],
    [number(401, 10008, "Verification failed"), { kind: "unauthorized", certain: false }],
    [number(401, 10008, "Verification failed: access denied"), { kind: "unauthorized", certain: false }],
    [errCode(400, "Request.Header.NotFound", "X-OCS-Header not found"), { kind: "unauthorized", certain: false }],
    // OceanBase or another agent is down
    [errCode(500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase"), { kind: "unavailable" }],
    [
      errCode(500, "Agent.OceanBase.NotHold", "Task not found: Agent is not holding OceanBase"),
      { kind: "unavailable" },
    ],
    [errCode(500, "Agent.OceanBase.Useless", "x"), { kind: "unavailable" }],
    [errCode(500, "Agent.OceanBase.DB.NotOcs", "x"), { kind: "unavailable" }],
    [errCode(500, "OB.Server.Process.NotExist", "x"), { kind: "unavailable" }],
    [errCode(500, "OB.Server.Process.CheckFailed", "x"), { kind: "unavailable" }],
    [errCode(500, "OB.Server.Unavailable", "x"), { kind: "unavailable" }],
    [errCode(500, "Agent.Unavailable", "Agent 10.0.0.1:2886 is not available"), { kind: "unavailable" }],
    [errCode(500, "Agent.Maintainer.NotActive", "x"), { kind: "unavailable" }],
    [errCode(500, "Agent.RPC.RequestError", "x"), { kind: "unavailable" }],
    [errCode(500, "Agent.RPC.RequestFailed", "x"), { kind: "unavailable" }],
    [errCode(500, "Gorm.NoRowAffected", "x"), { kind: "unavailable" }],
    [errCode(400, "MySQL.Error", "Error 4012"), { kind: "unavailable" }],
    [errCode(500, "Common.Unexpected", PANIC), { kind: "unavailable" }],
    [number(500, 1002, PANIC), { kind: "unavailable" }],
    [number(500, 1010, "Known error: x"), { kind: "unavailable" }],
    [number(500, 10009, "x"), { kind: "unavailable" }],
    // tasks and routes that do not exist
    [errCode(404, "Task.NotFound", "Task not found: record not found"), { kind: "missing" }],
    [number(404, 2300, "Task not found: record not found"), { kind: "missing" }],
    [errCode(404, "Task.NotFound", "Task not found: invalid connection"), { kind: "unavailable" }],
    [number(404, 2300, "Task not found: Cluster is not under maintenance"), { kind: "unavailable" }],
    [errCode(404, "Common.NotFound", "Element not found: 404 not found"), { kind: "unserved" }],
    [number(400, 1000, "Bad request: 404 not found"), { kind: "unserved" }],
    // the code decides, regardless of the status
    [errCode(401, "Agent.OceanBase.NotHold", "Unauthorized: Agent is not holding OceanBase"), { kind: "unavailable" }],
    [errCode(401, "Task.NotFound", "Task not found: record not found"), { kind: "missing" }],
    [errCode(401, "Security.User.PermissionDenied", "x"), { kind: "refused" }],
    [errCode(500, "Security.Authentication.Expired", "x"), { kind: "unauthorized", certain: false }],
    [errCode(401, "Common.Unauthorized", "x"), { kind: "unauthorized", certain: false }],
    [number(500, 10008, "Verification failed"), { kind: "unauthorized", certain: false }],
    [number(401, 1010, "Known error: x"), { kind: "unavailable" }],
    [number(401, 10000, "permission denied"), { kind: "refused", text: "permission denied (10000)" }],
    // for an unknown code the status decides, and both are shown
    [errCode(401, "New.Code", "x"), { kind: "unauthorized", certain: false, text: "x (New.Code, HTTP 401)" }],
    [errCode(503, "New.Code", "x"), { kind: "unavailable", text: "x (New.Code, HTTP 503)" }],
    [errCode(404, "New.Code", "x"), { kind: "refused", text: "x (New.Code, HTTP 404)" }],
    // everything else
    [errCode(400, "Task.GenericID.Invalid", "Invalid ID: 1"), { kind: "refused", refusal: "final" }],
  ])("%#: is classified", (reply, expected) => {
    expect(readResponse(reply)).toMatchObject(expected);
  });

  it("shows the agent's message and code", () => {
    expect(readResponse(errCode(500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase"))).toMatchObject({
      text: "Agent is not holding OceanBase (Agent.OceanBase.NotHold)",
    });
    expect(readResponse(number(500, 1002, PANIC))).toMatchObject({ text: `${PANIC} (1002)` });
    expect(readResponse(failure(500, { message: "just this" }))).toMatchObject({
      kind: "unavailable",
      text: "just this (HTTP 500)",
    });
    expect(readResponse(response(500, { successful: false, status: 500 }))).toMatchObject({ text: "HTTP 500" });
  });

  it("does not pass on terminal escapes", () => {
    expect(readResponse(errCode(400, "X", "\u001b[31mred\u0007"))).toMatchObject({ text: "[31mred (X, HTTP 400)" });
  });
});

const LOCKED =
  "Create task 'OB rolling upgrade 4.3.5.2-1.el7' failed: OceanBase cluster is under maintenance by DAG: Scale out, please try again later";

describe("an error of the upgrade request", () => {
  it.each<[WireResponse, Record<string, unknown>]>([
    [errCode(500, "OB.Cluster.UnderMaintenanceWithDag", LOCKED), { kind: "refused", refusal: "busy" }],
    [errCode(500, "OB.Cluster.UnderMaintenance", "x"), { kind: "refused", refusal: "busy" }],
    [errCode(500, "OB.Tenant.UnderMaintenance", "x"), { kind: "refused", refusal: "busy" }],
    [errCode(500, "Agent.UnderMaintenance", "x"), { kind: "refused", refusal: "busy" }],
    [number(500, 1002, "Unexpected error: cluster is under maintenance"), { kind: "refused", refusal: "busy" }],
    // the first second of an agent
    [errCode(500, "Common.Unexpected", PANIC), { kind: "refused", refusal: "soon" }],
    [number(500, 1002, PANIC), { kind: "refused", refusal: "soon" }],
    [errCode(500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase"), { kind: "refused", refusal: "soon" }],
    [errCode(500, "Agent.Unavailable", "x"), { kind: "refused", refusal: "soon" }],
    // the same before the time of error codes
    ...[
      "observer process not exist",
      "Observer process does not exist",
      "oceanbase db is useless",
      "oceanbase db is nil",
      "check observer process failed: readlink /proc/9150/cwd: no such file or directory",
      "Failed to query all agents from ob",
      "Found agent 10.77.0.3:2886 not running",
      "Found observer 10.77.0.3:2882 not running",
      "maintainer is not active",
    ].map((text): [WireResponse, Record<string, unknown>] => [
      number(500, 1002, `Unexpected error: ${text}`),
      { kind: "refused", refusal: "soon" },
    ]),
    [number(500, 10009, "Cannot be upgraded. Please execute `init` first."), { kind: "refused", refusal: "final" }],
    [number(500, 1002, "Unexpected error: target version is deprecated"), { kind: "refused", refusal: "final" }],
    // the same request would be refused again
    [errCode(400, "OB.Upgrade.ToLowerVersion", "Target version is not greater"), { kind: "refused", refusal: "final" }],
    [errCode(400, "OB.Package.NotExist", "These packages are missing: 'x'"), { kind: "refused", refusal: "final" }],
    [errCode(500, "Common.Unexpected", "x.rpm: record not found"), { kind: "refused", refusal: "final" }],
    [errCode(500, "Environment.WithoutPython", "x"), { kind: "refused", refusal: "final" }],
    [number(500, 1002, "Unexpected error: x.rpm: record not found"), { kind: "refused", refusal: "final" }],
    [number(500, 1010, "Known error: upgrade mode 'FAST' is not supported"), { kind: "refused", refusal: "final" }],
    [number(400, 1001, "Illegal argument: path 'x' should start with '/'"), { kind: "refused", refusal: "final" }],
    [errCode(404, "Common.NotFound", "Element not found: 404 not found"), { kind: "refused", refusal: "final" }],
    // the code decides, regardless of the status
    [errCode(401, "OB.Cluster.UnderMaintenanceWithDag", LOCKED), { kind: "refused", refusal: "busy" }],
    [errCode(401, "Security.Authentication.File.Sha256Mismatch", "x"), { kind: "refused", refusal: "final" }],
    [number(401, 10008, "File SHA256 mismatch"), { kind: "refused", refusal: "final" }],
    // the credentials
    [
      errCode(401, "Security.Authentication.IncorrectOceanbasePassword", "Unauthorized"),
      { kind: "unauthorized", certain: true },
    ],
    [errCode(401, "Security.Authentication.Header.DecryptFailed", DECRYPT), { kind: "unauthorized", certain: false }],
  ])("%#: is classified", (reply, expected) => {
    expect(readWriteResponse(reply)).toMatchObject(expected);
  });
});

describe("something that is not obshell", () => {
  it.each([
    [response(502, "<html>\n<h1>Bad Gateway</h1>", "text/html; charset=utf-8"), "HTTP 502, text/html: “Bad Gateway”"],
    [response(200, "<html>", "text/html"), "HTTP 200, text/html"],
    [response(200, { ok: true }), 'HTTP 200, application/json: “{"ok":true}”'],
    [response(200, '{"successful":true,"status":2'), 'HTTP 200, application/json: “{"successful":true,"status":2”'],
    [{ status: 204, headers: {}, body: new Uint8Array() }, "HTTP 204 without a body"],
  ])("%#: is described, for reads and writes", (reply, text) => {
    expect(readResponse(reply)).toEqual({ kind: "foreign", status: reply.status, text });
    expect(readWriteResponse(reply)).toEqual({ kind: "foreign", status: reply.status, text });
  });
});
