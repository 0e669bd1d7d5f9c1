import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { connect, createServer } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { DIRECT } from "../../provider/core/runtime";
import type { Tls } from "../../provider/http/tls";
import { type Transport, TransportError, type WireRequest, type WireResponse } from "../../provider/http/transport";
import { connectionsKey, undiciTransport } from "../../provider/http/undici-transport";
import { freePort, portOf, reset, serve, serveTls, status, unresponsive } from "./server";

type Limits = Parameters<typeof undiciTransport>[2];

function send(
  request: Partial<WireRequest> & { origin: string },
  limits?: Limits,
  tls: Tls = {},
): Promise<WireResponse> {
  const transport = undiciTransport(tls, DIRECT, limits);
  onTestFinished(() => transport.close());
  return transport.send({ method: "GET", target: "/", headers: {}, signal: new AbortController().signal, ...request });
}

const pem = (name: string) => readFileSync(`${__dirname}/fixtures/${name}`, "utf8");

async function failureOf(sending: Promise<WireResponse>): Promise<TransportError> {
  const thrown: unknown = await sending.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof TransportError)) throw new Error(`expected a TransportError, got ${String(thrown)}`);
  return thrown;
}

it("connections are identified by a hash of their arguments", () => {
  const tls: Tls = { ca: "a", cert: "b", key: pem("client.key") };
  const keys = [tls, { ...tls, key: "c" }, { ...tls, ca: "d" }, {}].map((each) => connectionsKey(each, DIRECT, {}));
  const others = [connectionsKey(tls, DIRECT, { connections: 1 }), connectionsKey(tls, { except: "a" }, {})];
  expect(new Set([...keys, ...others]).size).toBe(6);
  expect(connectionsKey({ ...tls }, { ...DIRECT }, {})).toBe(keys[0]);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
});

describe("the limits of a request", () => {
  it("end a response that is too large", async () => {
    const { origin } = await serve((_, response) => response.end("x".repeat(2_000)));
    const error = await failureOf(send({ origin }, { maxResponseSize: 1_000 }));
    expect(error).toMatchObject({ code: "UND_ERR_RES_EXCEEDED_MAX_SIZE", sent: true, tls: false });
  });

  it("end headers that are too large", async () => {
    const { origin } = await serve(status(200, { "x-large": "x".repeat(2_000) }));
    const error = await failureOf(send({ origin }, { maxHeaderSize: 1_000 }));
    expect(error).toMatchObject({ code: "UND_ERR_HEADERS_OVERFLOW", sent: true });
  });

  it("end a response that does not begin", async () => {
    const { origin } = await serve(unresponsive);
    const error = await failureOf(send({ origin }, { headersTimeout: 50 }));
    expect(error).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT", sent: true });
  });

  it("end a response that does not continue", async () => {
    const { origin } = await serve((_, response) => response.writeHead(200, { "content-length": "10" }).write("half"));
    const error = await failureOf(send({ origin }, { bodyTimeout: 50 }));
    expect(error).toMatchObject({ code: "UND_ERR_BODY_TIMEOUT", sent: true });
  });
});

describe("a request without a response", () => {
  it("was certainly not sent if the connection was refused", async () => {
    const error = await failureOf(send({ origin: `http://127.0.0.1:${await freePort()}` }));
    expect(error).toMatchObject({ code: "ECONNREFUSED", begun: false, sent: false, tls: false });
    expect(error.message).toContain("ECONNREFUSED");
  });

  it("was certainly not sent if no address of the name responds", async () => {
    const error = await failureOf(send({ origin: `http://localhost:${await freePort()}` }));
    expect(error).toMatchObject({ code: "ECONNREFUSED", sent: false });
  });

  it("may have been sent if the connection was reset", async () => {
    const { origin, requests } = await serve(reset);
    const error = await failureOf(send({ origin, method: "POST", body: "x" }));
    expect(error).toMatchObject({ sent: true, tls: false });
    expect(requests).toEqual(["POST /"]);
  });

  it("may have been sent if the connection was closed during the response", async () => {
    const { origin } = await serve((request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half", () => request.socket.destroy());
    });
    expect(await failureOf(send({ origin }))).toMatchObject({ sent: true });
  });

  it("may have been sent if the server is not an HTTP server", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end("SSH-2.0-server\r\n"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const error = await failureOf(send({ origin: `http://127.0.0.1:${portOf(server)}` }));
    expect(error).toMatchObject({ sent: true, tls: false });
    expect(error.message).toContain("does not match the HTTP/1.1 protocol");
  });
});

describe("connections", () => {
  it("are kept for reads but not for writes, which would fail on one that the server is closing", async () => {
    const ports: string[] = [];
    const { origin } = await serve((request, response) => {
      ports.push(`${request.method} ${request.socket.remotePort}`);
      request.resume();
      request.on("end", () => response.end(request.headers.connection));
    });
    const transport = undiciTransport({});
    onTestFinished(() => transport.close());
    for (const method of ["GET", "GET", "GET", "GET", "POST", "POST", "POST"]) {
      const body = method === "POST" ? { body: "x" } : {};
      const signal = new AbortController().signal;
      await transport.send({ method, origin, target: "/", headers: {}, signal, ...body });
    }
    const used = (method: string) => new Set(ports.filter((port) => port.startsWith(method)));
    expect(used("GET").size).toBeLessThan(4);
    expect(used("POST").size).toBe(3);
  });
});

describe("transports with equal arguments", () => {
  const get = (transport: Transport, origin: string) =>
    transport.send({ method: "GET", origin, target: "/", headers: {}, signal: new AbortController().signal });

  it("share their connections until the last of them is closed", async () => {
    const ports: (number | undefined)[] = [];
    const { origin } = await serve((request, response) => {
      ports.push(request.socket.remotePort);
      response.end();
    });
    const [first, second, other] = [undiciTransport({}), undiciTransport({}), undiciTransport({ servername: "a" })];
    onTestFinished(async () => void (await Promise.all([second.close(), other.close()])));
    await get(first, origin);
    await first.close();
    await first.close();
    // One that has just received a response may still count as busy.
    for (let i = 0; i < 3; i++) await get(second, origin);
    expect(ports.slice(1)).toContain(ports[0]);
    const before = [...ports];
    await get(other, origin);
    expect(before).not.toContain(ports.at(-1));
  });

  it("end only their own requests when they are closed", async () => {
    const responses: (() => void)[] = [];
    const { origin } = await serve((_, response) => void responses.push(() => response.end()));
    const [mine, theirs] = [undiciTransport({}), undiciTransport({})];
    onTestFinished(() => theirs.close());
    const sent = [get(mine, origin), get(theirs, origin)] as const;
    await vi.waitUntil(() => responses.length === 2);
    await mine.close();
    expect(await failureOf(sent[0])).toMatchObject({ code: "CLOSED", sent: true });
    for (const respond of responses) respond();
    expect((await sent[1]).status).toBe(200);
  });
});

describe("a TLS connection that breaks during a request", () => {
  /** Forwards bytes to a server, and on request sends the client a record that cannot be decrypted. */
  async function garbling(port: number) {
    let garble = () => {};
    const proxy = createServer((client) => {
      const server = connect(port, "127.0.0.1");
      client.pipe(server).pipe(client);
      for (const socket of [client, server]) socket.on("error", () => undefined);
      garble = () => {
        client.write(Buffer.from([0x17, 3, 3, 0, 32, ...Buffer.alloc(32, 7)]));
      };
      onTestFinished(() => {
        client.destroy();
        server.destroy();
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void proxy.close());
    return { origin: `https://127.0.0.1:${portOf(proxy)}`, garble: () => garble() };
  }

  it("leaves open whether the request arrived", async () => {
    const proxy: { garble(): void } = { garble: () => {} };
    const { port } = await serveTls({ cert: pem("server.pem"), key: pem("server.key") }, () => proxy.garble());
    const { origin, garble } = await garbling(port);
    proxy.garble = garble;
    const error = await failureOf(send({ origin, method: "POST", body: "{}" }, {}, { rejectUnauthorized: false }));
    expect(error).toMatchObject({ begun: true, sent: true, tls: false });
  });
});

const never = new AbortController().signal;

function open(connections = 8) {
  const transport = undiciTransport({}, DIRECT, { connections });
  onTestFinished(() => transport.close());
  const send =
    (method: string) =>
    (origin: string, signal = never) =>
      transport.send({ method, origin, target: "/", headers: {}, signal });
  return { get: send("GET"), post: send("POST") };
}

/** A server that responses when it is told to, and knows who is connected. */
async function slowServer() {
  const waiting: (() => void)[] = [];
  const sockets = new Set<IncomingMessage["socket"]>();
  const { origin } = await serve(({ socket }, response) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    waiting.push(() => response.end());
  });
  const respond = async (count: number) => {
    await vi.waitUntil(() => waiting.length >= count);
    for (const end of waiting.splice(0)) end();
  };
  return { origin, respond, sockets, waiting };
}

describe("the connections to a server", () => {
  it("are as many as concurrent requests, up to the limit, and the other requests wait", async () => {
    const { origin, respond, sockets, waiting } = await slowServer();
    const { get } = open(2);
    const all = Promise.all([get(origin), get(origin), get(origin)]);
    await vi.waitUntil(() => waiting.length === 2);
    expect(sockets.size).toBe(2);
    await respond(2);
    await respond(1);
    await all;
  });

  it("are reused for the next request when they are free", async () => {
    const { origin, respond, sockets } = await slowServer();
    const { get } = open();
    const all = Promise.all([get(origin), get(origin), get(origin)]);
    await respond(3);
    await all;
    for (let i = 0; i < 10; i++) {
      const next = get(origin);
      await respond(1);
      await next;
    }
    // One that has just received a response may still count as busy.
    expect(sockets.size).toBeLessThanOrEqual(4);
  });

  it("are all closed after their requests if those are writes", async () => {
    const { origin, respond, sockets } = await slowServer();
    const { post } = open();
    const all = Promise.all([post(origin), post(origin)]);
    await respond(2);
    await all;
    await expect.poll(() => sockets.size).toBe(0);
  });

  it("are opened again after one failed or was closed by the server", async () => {
    const ports: (number | undefined)[] = [];
    const closing = ({ socket }: IncomingMessage) => ports.push(socket.remotePort);
    const { origin } = await serve(
      (request, response) => {
        closing(request);
        response.writeHead(200, { connection: "close" }).end();
      },
      (request, response) => {
        closing(request);
        reset(request, response);
      },
      (request, response) => {
        closing(request);
        response.end();
      },
    );
    const { get } = open();
    await get(origin);
    await expect(get(origin)).rejects.toMatchObject({ sent: true });
    expect((await get(origin)).status).toBe(200);
    expect(new Set(ports).size).toBe(3);
  });

  it("are no longer waited for by a request that was aborted", async () => {
    const { origin, respond, waiting } = await slowServer();
    const { get } = open(1);
    const controller = new AbortController();
    const first = get(origin);
    const second = get(origin, controller.signal);
    await vi.waitUntil(() => waiting.length === 1);
    controller.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    await respond(1);
    expect((await first).status).toBe(200);
  });
});

describe("TransportError", () => {
  it.each([
    ["ECONNREFUSED", false, false],
    ["ENOTFOUND", false, false],
    ["EAI_AGAIN", false, false],
    ["EHOSTUNREACH", false, false],
    ["ENETUNREACH", false, false],
    ["EADDRNOTAVAIL", false, false],
    ["UND_ERR_CONNECT_TIMEOUT", false, false],
    ["ECONNRESET", true, false],
    ["EPIPE", true, false],
    ["ETIMEDOUT", true, false],
    ["UND_ERR_SOCKET", true, false],
    ["UND_ERR_HEADERS_TIMEOUT", true, false],
    ["UND_ERR_BODY_TIMEOUT", true, false],
    ["ABANDONED", true, false],
    ["UNKNOWN", true, false],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", false, true],
    ["SELF_SIGNED_CERT_IN_CHAIN", false, true],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", false, true],
    ["CERT_HAS_EXPIRED", false, true],
    ["ERR_TLS_CERT_ALTNAME_INVALID", false, true],
    ["ERR_SSL_WRONG_VERSION_NUMBER", false, true],
    ["EPROTO", false, true],
  ])("%s: sent %s, tls %s", (code, sent, tls) => {
    expect(new TransportError(code, "x")).toMatchObject({ sent, tls });
    expect(new TransportError(code, "x", undefined, false)).toMatchObject({ sent: false, tls });
    expect(new TransportError(code, "x", undefined, true)).toMatchObject({ sent: true });
  });

  it.each([
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", true],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", true],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", true],
    ["ERR_SSL_UNEXPECTED_EOF_WHILE_READING", false],
    ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", false],
    ["EPROTO", false],
  ])("%s of an established connection: a TLS error %s", (code, tls) => {
    expect(new TransportError(code, "x", undefined, true)).toMatchObject({ sent: true, tls });
  });

  it("of an incomplete body: never sent", () => {
    expect(new TransportError("INCOMPLETE", "x", undefined, true).sent).toBe(false);
  });
});
