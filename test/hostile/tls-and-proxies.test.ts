import { readFileSync } from "node:fs";
import { connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { createServer, type SecureVersion, type TlsOptions } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { serveProxy } from "../http/proxy";
import { freePort, portOf, serveTls, status } from "../http/server";
import { selfSigned } from "../simulators/shell/certificate";
import { kindsOver, RESOURCE_TYPES, type Vendor } from "../systems";
import { ESCAPES } from "./mutations";
import { inputsOf } from "./trial";

const fixture = (path: string) => readFileSync(join(__dirname, path), "utf8");
const own = selfSigned();

/** Certificates that must not be trusted, and what is said of them. */
const CERTIFICATES = {
  expired: {
    cert: fixture("fixtures/expired.pem"),
    key: fixture("fixtures/expired.key"),
    ca: fixture("fixtures/expired.pem"),
    says: /expired/,
  },
  "for another name": {
    ...selfSigned(["db.elsewhere.example"], { loopback: false }),
    says: /it is issued for db\.elsewhere\.example, but 127\.0\.0\.1 was expected \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
  },
  "signed by itself": { ...own, ca: selfSigned().cert, says: /self-signed certificate/ },
  "with escapes in its names": {
    ...selfSigned(["localhost"], { commonName: `orders${ESCAPES}` }),
    ca: own.cert,
    says: /self-signed certificate/,
  },
} as const;

/** The pin of a vendor, at another address and with what it takes to trust that. */
function pinAt(vendor: Vendor, origin: string, ca: string): Record<string, unknown> {
  const inputs = inputsOf(vendor);
  if (vendor.type.startsWith("taurusdb")) return { ...inputs, endpoint: origin, iamEndpoint: origin };
  return { ...inputs, endpoints: [origin], caCertificate: ca };
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  it.each(Object.entries(CERTIFICATES))(
    "trusts no certificate %s, in one clear sentence",
    async (name, certificate) => {
      const { cert, key, says } = certificate;
      const ca = "ca" in certificate ? certificate.ca : cert;
      const { origin, requests } = await serveTls({ cert, key }, status(200));
      const lifecycle = new DynamicProvider({
        kinds: kindsOver((tls = {}) => undiciTransport(tls)),
        log: { write: () => undefined, flush: async () => undefined },
        rhythm: { change: 0, repeat: 60_000 },
        env: {},
      });
      const vendor = of.make({ now: () => Date.now() });
      const error: unknown = await lifecycle.create(pinAt(vendor, origin, ca)).catch((thrown: unknown) => thrown);
      if (!(error instanceof Error)) throw new Error("it was trusted");
      expect(error.message).toMatch(
        /The certificate of https:\/\/127\.0\.0\.1:\d+ is not trusted: .* \[unauthorized\]$/,
      );
      // TaurusDB's is a public service: it takes no certificate of one's own, so every other one is unknown to it.
      if (!vendor.type.startsWith("taurusdb") || name === "signed by itself") expect(error.message).toMatch(says);
      expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(requests).toEqual([]);
    },
  );
});

describe("the certificate that is looked at for the message", () => {
  it("is not waited for for ever", { timeout: 30_000 }, async () => {
    const { port } = await serveTls({ cert: own.cert, key: own.key }, status(200));
    let connections = 0;
    // The first connection is served; every other one gets a handshake a byte at a time.
    const front = createTcpServer((socket) => {
      connections += 1;
      socket.on("error", () => undefined);
      if (connections === 1) {
        const back = connect(port, "127.0.0.1");
        back.on("error", () => undefined);
        socket.pipe(back).pipe(socket);
        return;
      }
      socket.write(Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]));
      const timer = setInterval(() => socket.write(Buffer.from([2])), 100);
      socket.once("close", () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void front.close());
    const transport = undiciTransport({});
    onTestFinished(() => transport.close());
    const origin = `https://127.0.0.1:${portOf(front)}`;
    const sent = transport.send({
      method: "GET",
      origin,
      target: "/",
      headers: {},
      signal: new AbortController().signal,
    });
    await expect(sent).rejects.toBeInstanceOf(TransportError);
    expect(connections).toBe(2);
  });
});

const CA = fixture("../http/fixtures/ca.pem");
const SERVER = { cert: fixture("../http/fixtures/server.pem"), key: fixture("../http/fixtures/server.key") };

const VERSIONS: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];

/** A server of TLS that lets in only clients of its CA, and counts its connections. */
async function guarded(
  version: SecureVersion,
  server: TlsOptions,
): Promise<{ origin: string; connections: () => number }> {
  let connections = 0;
  const door = createServer({
    ...server,
    ca: CA,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: version,
    maxVersion: version,
  });
  door.on("connection", () => {
    connections += 1;
  });
  door.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void door.close(() => resolve())));
  return { origin: `https://127.0.0.1:${portOf(door)}`, connections: () => connections };
}

/** The resource of a vendor at this server, in a preview and in a run. */
async function playWithClientCertificate(
  of: (typeof RESOURCE_TYPES)[number],
  origin: string,
  more: Record<string, unknown>,
) {
  const lines: string[] = [];
  const lifecycle = new DynamicProvider({
    // TaurusDB's is a public service, and takes no certificate of one's own.
    kinds: kindsOver((tls = {}) =>
      undiciTransport(of.type.startsWith("taurusdb") ? { ca: CA, servername: "db.test" } : tls),
    ),
    log: { write: ({ message }) => lines.push(message), flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    env: {},
  });
  const vendor: Vendor = of.make({ now: () => Date.now() });
  const inputs = of.type.startsWith("taurusdb")
    ? { ...inputsOf(vendor), endpoint: origin, iamEndpoint: origin }
    : { ...inputsOf(vendor), endpoints: [origin], caCertificate: CA, serverName: "db.test", ...more };
  const { failures = [] } = await lifecycle.check({}, inputs);
  const error: unknown = await lifecycle.create(inputs).catch((thrown: unknown) => thrown);
  return { failures, lines, error: error instanceof Error ? error.message : String(error) };
}

describe.each(RESOURCE_TYPES)("$type, at a server that wants a client certificate", (of) => {
  const taurus = of.type.startsWith("taurusdb");

  it.each(VERSIONS)("says at first contact that none was given (%s)", { timeout: 30_000 }, async (version) => {
    const { origin, connections } = await guarded(version, SERVER);
    const { failures, error } = await playWithClientCertificate(of, origin, {});
    expect(error).toMatch(
      /^https:\S+ requires a client certificate and closed the connection, because none was given\..*\[unauthorized\]$/,
    );
    expect(error).toContain(taurus ? "`endpoint`" : "`clientCertificate`");
    expect(failures.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^cannot plan: .*requires a client certificate.*\[unauthorized\]$/),
    ]);
    expect(connections()).toBeLessThan(20);
  });

  it.skipIf(taurus).each(VERSIONS)("says that another's is not accepted (%s)", { timeout: 30_000 }, async (version) => {
    const { origin, connections } = await guarded(version, SERVER);
    const foreign = selfSigned();
    const { error } = await playWithClientCertificate(of, origin, {
      clientCertificate: foreign.cert,
      clientKey: foreign.key,
    });
    expect(error).toMatch(
      /requires a client certificate and closed the connection: it does not accept the one that was given\./,
    );
    expect(connections()).toBeLessThan(20);
  });

  it.skipIf(taurus)("fails the check for a key of another certificate, before any connection", async () => {
    const { origin, connections } = await guarded("TLSv1.3", SERVER);
    const given = { clientCertificate: fixture("../http/fixtures/client.pem"), clientKey: selfSigned().key };
    const { failures } = await playWithClientCertificate(of, origin, given);
    expect(failures).toEqual([{ property: "", reason: "clientKey is not the private key of `clientCertificate`" }]);
    expect(connections()).toBe(0);
  });
});

const PASSWORD = "p@ss-Hunter2/word";
const USER = `ci:${encodeURIComponent(PASSWORD)}@`;

/** A resource of each type behind a proxy, in a preview and in a run, and everything that is told. */
async function playBehindProxy(of: (typeof RESOURCE_TYPES)[number], proxy: string, only?: "preview") {
  const told: string[] = [];
  const lifecycle = new DynamicProvider({
    kinds: kindsOver((tls = {}, proxies) => undiciTransport(tls, proxies)),
    log: { write: (line: LogLine) => told.push(JSON.stringify(line)), flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    env: {},
  });
  await lifecycle.configure({ config: { get: (key) => (key === "dbversion:proxy" ? proxy : undefined) } });
  const vendor = of.make({ now: () => Date.now() });
  const address = "https://database.invalid:8443";
  const inputs = of.type.startsWith("taurusdb")
    ? { ...inputsOf(vendor), endpoint: address, iamEndpoint: address }
    : { ...inputsOf(vendor), endpoints: [address] };
  const { failures = [] } = await lifecycle.check({}, inputs);
  const error: unknown = only === "preview" ? "" : await lifecycle.create(inputs).catch((thrown: unknown) => thrown);
  told.push(JSON.stringify(failures), JSON.stringify(error) ?? "", error instanceof Error ? (error.stack ?? "") : "");
  return { failures, told: told.join("\n"), error: error instanceof Error ? error.message : String(error) };
}

function expectNoSecret(text: string): void {
  const header = Buffer.from(`ci:${PASSWORD}`).toString("base64");
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD), header]) expect(text).not.toContain(form);
}

describe.each(RESOURCE_TYPES)("$type behind a proxy", (of) => {
  it("that refuses the credentials says so at first contact, without them", async () => {
    const { origin, requests } = await serveProxy({ credentials: "somebody:else" });
    const { error, told } = await playBehindProxy(of, origin.replace("://", `://${USER}`));
    expect(error).toMatch(
      /^https:\/\/database\.invalid:8443 cannot be reached: the proxy http:\/\/127\.0\.0\.1:\d+ requires credentials or rejects the ones given \(HTTP 407\)\. .*`dbversion:proxy`.*\[unauthorized\]$/,
    );
    expect(told).toContain("cannot plan");
    expect(requests.length).toBeGreaterThan(0);
    for (const request of requests) expect(request).toBe("CONNECT database.invalid:8443");
    expectNoSecret(told);
  });

  it("that is none fails the check, without its value", async () => {
    const { failures, told, error } = await playBehindProxy(of, `ftp://${USER}proxy.corp`);
    expect(failures).toEqual([
      {
        property: "",
        reason: "config `dbversion:proxy` is not the URL of an HTTP proxy. Example: http://proxy.example.com:3128",
      },
    ]);
    expect(error).toContain("`dbversion:proxy`");
    expectNoSecret(told);
  });

  it("that does not run is unreachable, and is named without its credentials", async () => {
    const { told } = await playBehindProxy(of, `http://${USER}127.0.0.1:${await freePort()}`, "preview");
    expect(told).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/);
    expectNoSecret(told);
  });
});
