import { readFileSync } from "node:fs";
import { connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { portOf, serveTls, status } from "../http/server";
import { selfSigned } from "../simulators/shell/certificate";
import { kindsOver, RESOURCE_TYPES, type Vendor } from "../systems";
import { ESCAPES } from "./mutations";
import { inputsOf } from "./trial";

const fixture = (name: string) => readFileSync(join(__dirname, "fixtures", name), "utf8");
const own = selfSigned();

/** Certificates that must not be trusted, and what is said of them. */
const CERTIFICATES = {
  expired: { cert: fixture("expired.pem"), key: fixture("expired.key"), ca: fixture("expired.pem"), says: /expired/ },
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
