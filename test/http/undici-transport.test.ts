import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Tls } from "../../provider/http/tls";
import { TransportError, type WireRequest, type WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { freePort, portOf, reset, serve, silence, status } from "./server";

type Limits = Parameters<typeof undiciTransport>[1];

function send(
  request: Partial<WireRequest> & { origin: string },
  limits?: Limits,
  tls: Tls = {},
): Promise<WireResponse> {
  const transport = undiciTransport(tls, limits);
  onTestFinished(() => transport.close());
  return transport.send({ method: "GET", target: "/", headers: {}, signal: new AbortController().signal, ...request });
}

async function failureOf(sending: Promise<WireResponse>): Promise<TransportError> {
  const thrown: unknown = await sending.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof TransportError)) throw new Error(`expected a TransportError, got ${String(thrown)}`);
  return thrown;
}

describe("the limits of a request", () => {
  it("end an answer that is too large", async () => {
    const { origin } = await serve((_, response) => response.end("x".repeat(2_000)));
    const error = await failureOf(send({ origin }, { maxResponseSize: 1_000 }));
    expect(error).toMatchObject({ code: "UND_ERR_RES_EXCEEDED_MAX_SIZE", sent: true, tls: false });
  });

  it("end headers that are too large", async () => {
    const { origin } = await serve(status(200, { "x-large": "x".repeat(2_000) }));
    const error = await failureOf(send({ origin }, { maxHeaderSize: 1_000 }));
    expect(error).toMatchObject({ code: "UND_ERR_HEADERS_OVERFLOW", sent: true });
  });

  it("end an answer that does not begin", async () => {
    const { origin } = await serve(silence);
    const error = await failureOf(send({ origin }, { headersTimeout: 50 }));
    expect(error).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT", sent: true });
  });

  it("end an answer that does not go on", async () => {
    const { origin } = await serve((_, response) => response.writeHead(200, { "content-length": "10" }).write("half"));
    const error = await failureOf(send({ origin }, { bodyTimeout: 50 }));
    expect(error).toMatchObject({ code: "UND_ERR_BODY_TIMEOUT", sent: true });
  });
});

describe("an answer that does not come", () => {
  it("because nobody listens was certainly not sent", async () => {
    const error = await failureOf(send({ origin: `http://127.0.0.1:${await freePort()}` }));
    expect(error).toMatchObject({ code: "ECONNREFUSED", sent: false, tls: false });
    expect(error.message).toContain("ECONNREFUSED");
  });

  it("because no address of a name answers was certainly not sent", async () => {
    const error = await failureOf(send({ origin: `http://localhost:${await freePort()}` }));
    expect(error).toMatchObject({ code: "ECONNREFUSED", sent: false });
  });

  it("because the connection was reset may have been sent", async () => {
    const { origin, requests } = await serve(reset);
    const error = await failureOf(send({ origin, method: "POST", body: "x" }));
    expect(error).toMatchObject({ sent: true, tls: false });
    expect(requests).toEqual(["POST /"]);
  });

  it("because the connection was closed in the middle of it may have been sent", async () => {
    const { origin } = await serve((request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half", () => request.socket.destroy());
    });
    expect(await failureOf(send({ origin }))).toMatchObject({ sent: true });
  });

  it("because what listens speaks no HTTP may have been sent", async () => {
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
  it("are kept for reads and not for writes, which would die on one that the server is closing", async () => {
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
  });
});
