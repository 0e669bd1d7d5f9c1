import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Tls, type TlsArguments, tlsFrom, tlsProblems } from "../../provider/http/tls";
import type { WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { selfSigned } from "../simulators/shell/certificate";
import { type Handler, serve, serveTls, status } from "./server";

/** A CA, a server certificate for the name `db.test`, a client certificate, a self-signed certificate. Valid from 2020 to 2120. */
const pem = (name: string) => readFileSync(`${__dirname}/fixtures/${name}`, "utf8");
const CA = pem("ca.pem");
const SERVER = { cert: pem("server.pem"), key: pem("server.key") };
const CLIENT = { cert: pem("client.pem"), key: pem("client.key") };

function get(origin: string, tls: Tls): Promise<WireResponse> {
  const transport = undiciTransport(tls);
  onTestFinished(() => transport.close());
  return transport.send({ method: "GET", origin, target: "/", headers: {}, signal: new AbortController().signal });
}

const ok = status(200);

describe("a server whose certificate is issued by an unknown CA", () => {
  it("is rejected before anything is sent", async () => {
    const { origin, requests } = await serveTls(SERVER, ok);
    await expect(get(origin, {})).rejects.toMatchObject({
      name: "TransportError",
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      tls: true,
      sent: false,
    });
    expect(requests).toEqual([]);
  });

  it("is accepted with its CA and the name in its certificate", async () => {
    const { origin } = await serveTls(SERVER, ok);
    expect((await get(origin, { ca: CA, servername: "db.test" })).status).toBe(200);
  });

  it("is rejected with its CA under another name", async () => {
    const { origin, requests } = await serveTls(SERVER, ok);
    const expected = { code: "ERR_TLS_CERT_ALTNAME_INVALID", tls: true, sent: false };
    await expect(get(origin, { ca: CA })).rejects.toMatchObject(expected);
    await expect(get(origin, { ca: CA, servername: "other.test" })).rejects.toMatchObject(expected);
    expect(requests).toEqual([]);
  });

  it("is accepted if any certificate is accepted", async () => {
    const { origin } = await serveTls(SERVER, ok);
    expect((await get(origin, { rejectUnauthorized: false })).status).toBe(200);
  });
});

describe("a self-signed certificate", () => {
  it("is rejected before anything is sent", async () => {
    const { origin, requests } = await serveTls({ cert: pem("self.pem"), key: pem("self.key") }, ok);
    await expect(get(origin, { servername: "db.test" })).rejects.toMatchObject({
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      tls: true,
      sent: false,
    });
    expect(requests).toEqual([]);
  });

  it("is accepted if it is given as the CA", async () => {
    const { origin } = await serveTls({ cert: pem("self.pem"), key: pem("self.key") }, ok);
    expect((await get(origin, { ca: pem("self.pem"), servername: "db.test" })).status).toBe(200);
  });
});

describe("a server that requires a client certificate", () => {
  const requiring = { ...SERVER, ca: CA, requestCert: true, rejectUnauthorized: true };
  const nameOfClient: Handler = (request, response) => {
    // The sockets of a TLS server are TLS sockets.
    response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN);
  };

  it("receives the given one", async () => {
    const { origin } = await serveTls(requiring, nameOfClient);
    const response = await get(origin, { ca: CA, servername: "db.test", ...CLIENT });
    expect(Buffer.from(response.body).toString()).toBe("client");
  });

  it("rejects the connection without one", async () => {
    const { origin, requests } = await serveTls(requiring, nameOfClient);
    await expect(get(origin, { ca: CA, servername: "db.test" })).rejects.toMatchObject({ name: "TransportError" });
    expect(requests).toEqual([]);
  });
});

describe("the wrong kind of connection", () => {
  it("https to a server without TLS is a TLS error, and nothing is sent", async () => {
    const { port, requests } = await serve(ok);
    await expect(get(`https://127.0.0.1:${port}`, {})).rejects.toMatchObject({
      tls: true,
      plain: true,
      sent: false,
      message: expect.stringMatching(/^[a-z ]+$/),
    });
    expect(requests).toEqual([]);
  });
});

describe("tlsFrom", () => {
  it("leaves Node's defaults for arguments that are not given", () => {
    expect(tlsFrom({})).toEqual({});
    expect(tlsFrom({ allowUntrustedCertificate: false })).toEqual({});
  });

  it("maps the arguments to Node's options", () => {
    expect(
      tlsFrom({
        caCertificate: "ca",
        clientCertificate: "cert",
        clientKey: "key",
        serverName: "db.test",
        allowUntrustedCertificate: true,
      }),
    ).toEqual({ ca: "ca", cert: "cert", key: "key", servername: "db.test", rejectUnauthorized: false });
  });
});

const CERTIFICATE = pem("client.pem");
const KEY = pem("client.key");
const EMPTY = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const encrypted = createPrivateKey(KEY)
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
  .toString();

describe("certificates and keys", () => {
  it.each<[string, TlsArguments]>([
    ["that are not given", {}],
    ["that belong together", { caCertificate: pem("ca.pem"), clientCertificate: CERTIFICATE, clientKey: KEY }],
    [
      "in a chain, with comments in between",
      {
        caCertificate: `# both\n${pem("ca.pem")}\n# more\n${pem("self.pem")}`,
        clientCertificate: `${CERTIFICATE}${pem("ca.pem")}`,
        clientKey: KEY,
      },
    ],
  ])("%s have no problem", (_, args) => {
    expect(tlsProblems(args)).toEqual([]);
  });

  it.each<[string, TlsArguments, keyof TlsArguments, RegExp]>([
    ["a damaged authority", { caCertificate: EMPTY }, "caCertificate", /cannot be read as a certificate/],
    ["a key as the authority", { caCertificate: KEY }, "caCertificate", /has no certificate/],
    ["a damaged certificate", { clientCertificate: EMPTY, clientKey: KEY }, "clientCertificate", /damaged/],
    ["a certificate without its key", { clientCertificate: CERTIFICATE }, "clientKey", /must be the private key/],
    ["a key without its certificate", { clientKey: KEY }, "clientCertificate", /is required with/],
    ["a damaged key", { clientCertificate: CERTIFICATE, clientKey: KEY.slice(0, 200) }, "clientKey", /damaged/],
    [
      "a certificate as the key",
      { clientCertificate: CERTIFICATE, clientKey: CERTIFICATE },
      "clientKey",
      /private key/,
    ],
    ["an encrypted key", { clientCertificate: CERTIFICATE, clientKey: encrypted }, "clientKey", /passphrase/],
    [
      "a key of another certificate",
      { clientCertificate: CERTIFICATE, clientKey: selfSigned().key },
      "clientKey",
      /is not the private key of/,
    ],
  ])("%s is reported with its argument, and never quoted", (_, args, argument, reason) => {
    const problems = tlsProblems(args);
    expect(problems).toEqual([[argument, expect.stringMatching(reason)]]);
    expect(JSON.stringify(problems)).not.toMatch(/MII|BEGIN PRIVATE/);
  });
});
