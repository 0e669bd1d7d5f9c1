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

/** Certificates that must not be trusted, and their messages. */
const CERTIFICATES = {
  expired: {
    cert: fixture("fixtures/expired.pem"),
    key: fixture("fixtures/expired.key"),
    ca: fixture("fixtures/expired.pem"),
    message: /expired/,
  },
  "issued for another name": {
    ...selfSigned(["db.elsewhere.example"], { loopback: false }),
    message: /it is issued for db\.elsewhere\.example, but 127\.0\.0\.1 was expected \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
  },
  "self-signed": { ...own, ca: selfSigned().cert, message: /self-signed certificate/ },
  "named with escapes": {
    ...selfSigned(["localhost"], { commonName: `orders${ESCAPES}` }),
    ca: own.cert,
    message: /self-signed certificate/,
  },
} as const;

/** The inputs for a vendor at another address, with the CA that it requires. */
function inputsAt(vendor: Vendor, origin: string, ca: string): Record<string, unknown> {
  const inputs = inputsOf(vendor);
  if (vendor.type.startsWith("taurusdb")) return { ...inputs, endpoint: origin, iamEndpoint: origin };
  return { ...inputs, endpoints: [origin], caCertificate: ca };
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  it.each(Object.entries(CERTIFICATES))(
    "rejects a certificate that is %s, with one sentence",
    async (name, certificate) => {
      const { cert, key, message } = certificate;
      const ca = "ca" in certificate ? certificate.ca : cert;
      const { origin, requests } = await serveTls({ cert, key }, status(200));
      const lifecycle = new DynamicProvider({
        kinds: kindsOver((tls = {}) => undiciTransport(tls)),
        log: { write: () => undefined, flush: async () => undefined },
        rhythm: { change: 0, repeat: 60_000 },
        env: {},
      });
      const vendor = of.make({ now: () => Date.now() });
      const error: unknown = await lifecycle.create(inputsAt(vendor, origin, ca)).catch((thrown: unknown) => thrown);
      if (!(error instanceof Error)) throw new Error("it was trusted");
      expect(error.message).toMatch(
        /The certificate of https:\/\/127\.0\.0\.1:\d+ is not trusted: .* \[unauthorized\]$/,
      );
      // TaurusDB is a public service without a custom CA, so every certificate here is unknown to it.
      if (!vendor.type.startsWith("taurusdb") || name === "self-signed") expect(error.message).toMatch(message);
      expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(requests).toEqual([]);
    },
  );
});

describe("the second connection that reads the certificate for the message", () => {
  it("has a time limit", { timeout: 30_000 }, async () => {
    const { port } = await serveTls({ cert: own.cert, key: own.key }, status(200));
    let connections = 0;
    // The first connection is served; every other one gets one byte of the handshake at a time.
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

/** A TLS server that accepts only clients of its CA, and counts its connections. */
async function serveWithClientCertificates(
  version: SecureVersion,
  server: TlsOptions,
): Promise<{ origin: string; connections: () => number }> {
  let connections = 0;
  const listener = createServer({
    ...server,
    ca: CA,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: version,
    maxVersion: version,
  });
  listener.on("connection", () => {
    connections += 1;
  });
  listener.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void listener.close(() => resolve())));
  return { origin: `https://127.0.0.1:${portOf(listener)}`, connections: () => connections };
}

/** Runs a preview and an update of a resource at this server. */
async function runWithClientCertificate(
  of: (typeof RESOURCE_TYPES)[number],
  origin: string,
  more: Record<string, unknown>,
) {
  const lines: string[] = [];
  const lifecycle = new DynamicProvider({
    // TaurusDB is a public service, and has no argument for a client certificate.
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

describe.each(RESOURCE_TYPES)("$type, at a server that requires a client certificate", (of) => {
  const taurus = of.type.startsWith("taurusdb");

  it.each(VERSIONS)("reports at first contact that none was given (%s)", { timeout: 30_000 }, async (version) => {
    const { origin, connections } = await serveWithClientCertificates(version, SERVER);
    const { failures, error } = await runWithClientCertificate(of, origin, {});
    expect(error).toMatch(
      /^https:\S+ requires a client certificate and closed the connection, because none was given\..*\[unauthorized\]$/,
    );
    expect(error).toContain(taurus ? "`endpoint`" : "`clientCertificate`");
    expect(failures.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^cannot plan: .*requires a client certificate.*\[unauthorized\]$/),
    ]);
    expect(connections()).toBeLessThan(20);
  });

  it.skipIf(taurus).each(VERSIONS)(
    "reports that an unknown one is not accepted (%s)",
    { timeout: 30_000 },
    async (version) => {
      const { origin, connections } = await serveWithClientCertificates(version, SERVER);
      const other = selfSigned();
      const { error } = await runWithClientCertificate(of, origin, {
        clientCertificate: other.cert,
        clientKey: other.key,
      });
      expect(error).toMatch(
        /requires a client certificate and closed the connection: it does not accept the one that was given\./,
      );
      expect(connections()).toBeLessThan(20);
    },
  );

  it.skipIf(taurus)("fails the check for a key of another certificate, before any connection", async () => {
    const { origin, connections } = await serveWithClientCertificates("TLSv1.3", SERVER);
    const given = { clientCertificate: fixture("../http/fixtures/client.pem"), clientKey: selfSigned().key };
    const { failures } = await runWithClientCertificate(of, origin, given);
    expect(failures).toEqual([{ property: "", reason: "clientKey is not the private key of `clientCertificate`" }]);
    expect(connections()).toBe(0);
  });
});

const PASSWORD = "p@ss-Hunter2/word";
const USER = `ci:${encodeURIComponent(PASSWORD)}@`;

/** Runs a preview and an update of a resource behind a proxy. Returns all of its output. */
async function runBehindProxy(of: (typeof RESOURCE_TYPES)[number], proxy: string, only?: "preview") {
  const output: string[] = [];
  const lifecycle = new DynamicProvider({
    kinds: kindsOver((tls = {}, proxies) => undiciTransport(tls, proxies)),
    log: { write: (line: LogLine) => output.push(JSON.stringify(line)), flush: async () => undefined },
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
  output.push(JSON.stringify(failures), JSON.stringify(error) ?? "", error instanceof Error ? (error.stack ?? "") : "");
  return { failures, output: output.join("\n"), error: error instanceof Error ? error.message : String(error) };
}

function expectNoSecret(text: string): void {
  const header = Buffer.from(`ci:${PASSWORD}`).toString("base64");
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD), header]) expect(text).not.toContain(form);
}

describe.each(RESOURCE_TYPES)("$type behind a proxy", (of) => {
  it("that rejects the credentials is reported at first contact, without them", async () => {
    const { origin, requests } = await serveProxy({ credentials: "somebody:else" });
    const { error, output } = await runBehindProxy(of, origin.replace("://", `://${USER}`));
    expect(error).toMatch(
      /^https:\/\/database\.invalid:8443 cannot be reached: the proxy http:\/\/127\.0\.0\.1:\d+ requires credentials or rejects the ones given \(HTTP 407\)\. .*`dbversion:proxy`.*\[unauthorized\]$/,
    );
    expect(output).toContain("cannot plan");
    expect(requests.length).toBeGreaterThan(0);
    for (const request of requests) expect(request).toBe("CONNECT database.invalid:8443");
    expectNoSecret(output);
  });

  it("that is not valid fails the check, without its value", async () => {
    const { failures, output, error } = await runBehindProxy(of, `ftp://${USER}proxy.corp`);
    expect(failures).toEqual([
      {
        property: "",
        reason: "config `dbversion:proxy` is not the URL of an HTTP proxy. Example: http://proxy.example.com:3128",
      },
    ]);
    expect(error).toContain("`dbversion:proxy`");
    expectNoSecret(output);
  });

  it("that is not running is reported as unreachable, without its credentials", async () => {
    const { output } = await runBehindProxy(of, `http://${USER}127.0.0.1:${await freePort()}`, "preview");
    expect(output).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/);
    expectNoSecret(output);
  });
});
