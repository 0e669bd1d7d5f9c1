import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import { type Proxies, wallClock } from "../../provider/core/runtime";
import { HttpClient } from "../../provider/http/client";
import { proxyFor } from "../../provider/http/dispatcher";
import { type Tls, type TlsArguments, tlsFrom, tlsProblems } from "../../provider/http/tls";
import { TransportError, type WireRequest, type WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { selfSigned } from "../simulators/shell/certificate";
import { type ProxyOptions, serveProxy } from "./proxy";
import { freePort, type Handler, serve, serveTls, status, type TestServer, unresponsive } from "./server";

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

const TRUSTED: Tls = { ca: CA, servername: "db.test" };

const never = new AbortController().signal;
type Limits = Parameters<typeof undiciTransport>[2];

function through(proxies: Partial<Proxies>, tls: Tls = TRUSTED, limits: Limits = {}) {
  const transport = undiciTransport(tls, { except: "", ...proxies }, limits);
  onTestFinished(() => transport.close());
  const send = (origin: string, request: Partial<WireRequest> = {}) =>
    transport.send({ method: "GET", origin, target: "/path?q=1", headers: {}, signal: never, ...request });
  const post = (origin: string) => send(origin, { method: "POST", body: "{}" });
  const client = new HttpClient({ transport, clock: wallClock, signal: never });
  return { get: send, post, client };
}

async function failureOf(sending: Promise<unknown>): Promise<TransportError> {
  const thrown: unknown = await sending.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof TransportError)) throw new Error(`expected a TransportError, got ${String(thrown)}`);
  return thrown;
}

/** A server of each scheme, and the request that a proxy receives for it. */
const KINDS: readonly [string, (...handlers: Parameters<typeof serve>) => Promise<TestServer>, RegExp][] = [
  ["http", serve, /^(GET|POST) http:\/\/127\.0\.0\.1:\d+\/path\?q=1$/],
  ["https", (...handlers) => serveTls(SERVER, ...handlers), /^CONNECT 127\.0\.0\.1:\d+$/],
];

/** A proxy, and its URL with these credentials. */
async function proxyWith(options: ProxyOptions = {}, userInfo = "") {
  const proxy = await serveProxy(options);
  const url = proxy.origin.replace("://", `://${userInfo}`);
  return { ...proxy, proxies: { http: url, https: url } };
}

describe.each(KINDS)("%s through a proxy", (_, server, form) => {
  it("sends reads and writes with the credentials in the proxy's URL", async () => {
    const { proxies, requests } = await proxyWith({ credentials: "ci:p@ss/word" }, "ci:p%40ss%2Fword@");
    const { origin, requests: arrived } = await server(status(200));
    const { get, post } = through(proxies);
    expect([(await get(origin)).status, (await post(origin)).status]).toEqual([200, 200]);
    expect(arrived).toEqual(["GET /path?q=1", "POST /path?q=1"]);
    expect(requests).toHaveLength(2);
    for (const request of requests) expect(request).toMatch(form);
  });

  it("bypasses the proxy for a host in NO_PROXY", async () => {
    const { proxies, requests } = await proxyWith();
    const { origin } = await server(status(200));
    const { get } = through({ ...proxies, except: "example.com, 127.0.0.1" });
    expect((await get(origin)).status).toBe(200);
    expect(requests).toEqual([]);
  });

  it.each([
    ["", true],
    ["example.com", true],
    ["127.0.0.1", false],
    ["127.0.0.1:1", true],
    ["*", false],
    [" .example.com , 127.0.0.1 ", false],
  ])("uses the proxy that proxyFor returned before, with NO_PROXY %j", async (except, used) => {
    const proxy = await proxyWith({}, "ci:secret@");
    const { origin } = await server(status(200));
    for (const set of [{ http: proxy.proxies.http }, proxy.proxies]) {
      expect(proxyFor({ ...set, except }, origin)).toBe(used ? proxy.origin : undefined);
    }
    expect(proxy.connections()).toBe(0);
    await through({ ...proxy.proxies, except }).get(origin);
    expect(proxy.requests.length).toBe(used ? 1 : 0);
  });

  it("opens a connection for each write, and keeps one for reads", async () => {
    const { proxies, connections } = await proxyWith();
    const { origin } = await server((request, response) => {
      request.resume();
      request.on("end", () => response.end());
    });
    const { get, post } = through(proxies);
    for (let i = 0; i < 4; i++) await get(origin);
    expect(connections()).toBeLessThan(4);
    const before = connections();
    for (let i = 0; i < 3; i++) await post(origin);
    expect(connections() - before).toBe(3);
  });

  it("applies the limits of a request", async () => {
    const { proxies } = await proxyWith();
    const large = await server((_request, response) => response.end("x".repeat(2_000)));
    const limited = await failureOf(through(proxies, TRUSTED, { maxResponseSize: 1_000 }).get(large.origin));
    expect(limited).toMatchObject({ code: "UND_ERR_RES_EXCEEDED_MAX_SIZE", sent: true });
    const headers = await server(status(200, { "x-large": "x".repeat(2_000) }));
    const long = await failureOf(through(proxies, TRUSTED, { maxHeaderSize: 1_000 }).get(headers.origin));
    expect(long).toMatchObject({ code: "UND_ERR_HEADERS_OVERFLOW", sent: true });
    const hanging = await server(unresponsive);
    const late = await failureOf(through(proxies, TRUSTED, { headersTimeout: 50 }).post(hanging.origin));
    expect(late).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT", sent: true });
  });

  it("streams a body", async () => {
    const { proxies } = await proxyWith();
    let received = 0;
    const { origin } = await server((request, response) => {
      request.on("data", (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on("end", () => response.end());
    });
    const chunk = new Uint8Array(64 * 1024);
    const chunks = async function* () {
      for (let i = 0; i < 20; i++) yield chunk;
    };
    const { get } = through(proxies);
    await get(origin, { method: "POST", stream: { length: 20 * chunk.length, chunks } });
    expect(received).toBe(20 * chunk.length);
  });

  it("ends when its signal is aborted", async () => {
    const { proxies } = await proxyWith();
    const { origin } = await server(unresponsive);
    const controller = new AbortController();
    const sent = through(proxies).get(origin, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(sent).rejects.toThrow("enough");
  });
});

/** What the proxy does, and the error message. `refused`: a retry would not help. */
const PROBLEMS: readonly [string, ProxyOptions, string, { readonly refused: boolean; readonly message: RegExp }][] = [
  ["wants credentials", { credentials: "a:b" }, "", { refused: true, message: /requires credentials.*\(HTTP 407\)/ }],
  [
    "wants other credentials",
    { credentials: "a:b" },
    "ci:hunter2@",
    { refused: true, message: /requires credentials or rejects the ones given \(HTTP 407\)/ },
  ],
];
const OF_TUNNELS: typeof PROBLEMS = [
  [
    "forbids the host",
    { status: 403 },
    "ci:hunter2@",
    { refused: true, message: /refuses to connect to it \(HTTP 403\)/ },
  ],
  [
    "cannot connect",
    { status: 502 },
    "ci:hunter2@",
    { refused: false, message: /could not connect to it \(HTTP 502\)/ },
  ],
  [
    "never responds",
    { unresponsive: true },
    "ci:hunter2@",
    { refused: false, message: /cannot be reached: Headers Timeout/ },
  ],
];

describe.each(KINDS)("%s through a proxy that", (scheme, server) => {
  it.each(scheme === "https" ? [...PROBLEMS, ...OF_TUNNELS] : PROBLEMS)(
    "%s is reported as a problem of the proxy, and nothing is sent",
    async (_, options, userInfo, { refused, message }) => {
      const { proxies, origin: proxy } = await proxyWith(options, userInfo);
      const { origin, requests } = await server(status(200));
      const { get, post, client } = through(proxies, TRUSTED, { headersTimeout: 50 });
      for (const error of [await failureOf(get(origin)), await failureOf(post(origin))]) {
        const code = refused ? "PROXY_REFUSED" : "PROXY_UNREACHABLE";
        expect(error).toMatchObject({ code, sent: false, tls: false });
        expect(error.message).toContain(`the proxy ${proxy} `);
        expect(error.message).toMatch(message);
        expect(error.message).not.toContain("hunter2");
      }
      expect(requests).toEqual([]);
      if (!refused) return;
      const request = { origin, target: "/", headers: {}, body: "{}" };
      for (const sent of [client.read(() => request), client.write(request)]) {
        const error: unknown = await sent.catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(UpgradeError);
        expect(error).toMatchObject({ code: "unauthorized", remedy: expect.stringContaining("`dbversion:proxy`") });
      }
    },
  );

  it("is not running is reported as unreachable", async () => {
    const url = `http://ci:hunter2@127.0.0.1:${await freePort()}`;
    const { origin, requests } = await server(status(200));
    const { get, post } = through({ http: url, https: url });
    for (const error of [await failureOf(get(origin)), await failureOf(post(origin))]) {
      expect(error).toMatchObject({ code: "PROXY_UNREACHABLE", sent: false, tls: false });
      expect(error.message).toMatch(/^the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/);
    }
    expect(requests).toEqual([]);
  });

  it("has an untrusted certificate is reported", async () => {
    const { proxies } = await proxyWith({ tls: SERVER }, "ci:hunter2@");
    const { origin } = await server(status(200));
    const error = await failureOf(through(proxies).get(origin));
    expect(error).toMatchObject({ code: "PROXY_REFUSED", sent: false, tls: false });
    expect(error.message).toMatch(/^the certificate of the proxy https:\/\/127\.0\.0\.1:\d+ is not trusted: /);
  });
});

describe("a response of the proxy instead of the server", () => {
  it("is an answer, which message of a write what foreign answers say", async () => {
    const { proxies } = await proxyWith({ status: 502 });
    const { origin } = await serve(status(200));
    expect(await through(proxies).post(origin)).toMatchObject({ status: 502 });
  });
});

describe("TLS through a proxy", () => {
  it("names the certificate that is not trusted", async () => {
    const { proxies, requests } = await proxyWith();
    const { origin, requests: arrived } = await serveTls(SERVER, status(200));
    const error = await failureOf(through(proxies, {}).get(origin));
    expect(error).toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", tls: true, sent: false });
    expect(error.message).toMatch(/\(subject CN=[^()]*, issuer CN=/);
    expect(requests).toHaveLength(2);
    expect(arrived).toEqual([]);
  });

  it("verifies the name of the server, not that of the proxy", async () => {
    const { proxies } = await proxyWith();
    const { origin } = await serveTls(SERVER, status(200));
    expect(await failureOf(through(proxies, { ca: CA }).get(origin))).toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
      tls: true,
      sent: false,
    });
  });

  it("accepts any certificate with rejectUnauthorized false", async () => {
    const { proxies } = await proxyWith();
    const { origin } = await serveTls(SERVER, status(200));
    expect((await through(proxies, { rejectUnauthorized: false }).get(origin)).status).toBe(200);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("message that a client certificate is asked for (%s)", async (version) => {
    const { proxies } = await proxyWith();
    const requiring = { ...SERVER, ca: CA, requestCert: true, minVersion: version, maxVersion: version } as const;
    const { origin, requests } = await serveTls(requiring, status(200));
    const error = await failureOf(through(proxies).get(origin));
    expect(error).toMatchObject({ code: "CLIENT_CERTIFICATE", tls: true });
    expect(error.message).toContain("because none was given");
    expect(requests).toEqual([]);
    expect((await through(proxies, { ...TRUSTED, ...CLIENT }).get(origin)).status).toBe(200);
  });

  it("with a server without TLS is reported as a TLS error", async () => {
    const { proxies } = await proxyWith();
    const { port } = await serve(status(200));
    expect(await failureOf(through(proxies).get(`https://127.0.0.1:${port}`))).toMatchObject({
      tls: true,
      sent: false,
    });
  });
});
