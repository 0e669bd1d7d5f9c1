import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, type SecureVersion, type TlsOptions } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { undiciTransport } from "../../provider/http/undici-transport";
import { portOf } from "../http/server";
import { selfSigned } from "../simulators/shell/certificate";
import { kindsOver, RESOURCE_TYPES, type Vendor } from "../systems";
import { inputsOf } from "./trial";

const fixture = (name: string) => readFileSync(join(__dirname, "..", "http", "fixtures", name), "utf8");
const CA = fixture("ca.pem");
const SERVER = { cert: fixture("server.pem"), key: fixture("server.key") };

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
async function play(of: (typeof RESOURCE_TYPES)[number], origin: string, more: Record<string, unknown>) {
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
    const { failures, error } = await play(of, origin, {});
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
    const { error } = await play(of, origin, { clientCertificate: foreign.cert, clientKey: foreign.key });
    expect(error).toMatch(
      /requires a client certificate and closed the connection: it does not accept the one that was given\./,
    );
    expect(connections()).toBeLessThan(20);
  });

  it.skipIf(taurus)("fails the check for a key of another certificate, before any connection", async () => {
    const { origin, connections } = await guarded("TLSv1.3", SERVER);
    const given = { clientCertificate: fixture("client.pem"), clientKey: selfSigned().key };
    const { failures } = await play(of, origin, given);
    expect(failures).toEqual([{ property: "", reason: "clientKey is not the private key of `clientCertificate`" }]);
    expect(connections()).toBe(0);
  });
});
