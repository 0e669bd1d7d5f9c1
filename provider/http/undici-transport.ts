import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { DIRECT, type Proxies } from "../core/runtime";
import { openRoutes, proxyName, type Routes, refusal } from "./dispatcher";
import { exchange, type Sendable } from "./exchange";
import { clientRefusal, isSecure, presentedCertificate, refusesClient, type Tls } from "./tls";
import {
  CLIENT_CERTIFICATE,
  CLIENT_REFUSED,
  type StreamedBody,
  type Transport,
  TransportError,
  type WireRequest,
  type WireResponse,
} from "./transport";

/** Creates the transport of the requests; tests use a simulator. */
export type Connect = (tls: Tls, proxies?: Proxies) => Transport;

/** Limits of every request, so that no server can block a run or exhaust its memory. Milliseconds and bytes. */
const LIMITS = {
  connectTimeout: 10_000,
  headersTimeout: 60_000,
  bodyTimeout: 30_000,
  /** From the request to the last byte of the response: the two above restart with every byte. */
  wholeTimeout: 180_000,
  /** How long a server may leave a streamed body unread. */
  stallTimeout: 120_000,
  /** Longer than the longest pause between two polls. A server that closes earlier announces that in Keep-Alive. */
  keepAliveTimeout: 20_000,
  maxHeaderSize: 64 * 1024,
  maxResponseSize: 16 * 1024 * 1024,
  connections: 8,
};

/**
 * A transport on undici. Transports with equal arguments share their connections. Writes use separate connections
 * without keep-alive: if a server is just closing a kept-alive socket, a write on it ends with a reset, and it is
 * unknown whether it was received.
 */
export function undiciTransport(tls: Tls, proxies: Proxies = DIRECT, limits: Partial<typeof LIMITS> = {}): Transport {
  const { wholeTimeout, stallTimeout } = { ...LIMITS, ...limits };
  const { connections, release } = lease(tls, proxies, limits);
  const closed = new AbortController();
  const by =
    ({ dispatcher, dial }: Routes): Send =>
    async (request, ...signals) => {
      try {
        const response = await exchange(dispatcher, request, [...signals, closed.signal]);
        connections.reached.add(request.origin);
        return response;
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        const { origin } = request;
        throw await explained(error, { origin, tls, proxies, dial, reached: connections.reached.has(origin) });
      }
    };
  const [read, write] = [by(connections.reads), by(connections.writes)];
  return {
    send: async ({ stream, signal, ...request }) => {
      if (stream !== undefined) return forward(new Source(stream, stallTimeout), request, signal, write);
      const late = new AbortController();
      const over = `the response was not complete after ${wholeTimeout / 1_000} s`;
      const timer = setTimeout(() => late.abort(new TransportError("ANSWER_TIMEOUT", over)), wholeTimeout);
      try {
        return await (request.method === "GET" ? read : write)(request, signal, late.signal);
      } finally {
        clearTimeout(timer);
      }
    },
    close: async () => {
      if (closed.signal.aborted) return;
      closed.abort(new TransportError("CLOSED", "the connection was closed"));
      await release();
    },
  };
}

/** Connections for reads and for writes. */
interface Connections {
  readonly reads: Routes;
  readonly writes: Routes;
  /** Servers that have responded. */
  readonly reached: Set<string>;
  users: number;
}

/** By `connectionsKey`. Process-wide, because the limit of connections to one server applies across resources. */
const OPEN = new Map<string, Connections>();

/** Equal for equal arguments; hashed, because they may contain a private key or a proxy's password. */
export function connectionsKey(...parts: [Tls, Proxies, Partial<typeof LIMITS>]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Shared connections for these arguments; the last user closes them. */
function lease(tls: Tls, proxies: Proxies, limits: Partial<typeof LIMITS>) {
  const key = connectionsKey(tls, proxies, limits);
  const connections = OPEN.get(key) ?? opened(tls, proxies, limits);
  OPEN.set(key, connections);
  connections.users += 1;
  return {
    connections,
    async release() {
      connections.users -= 1;
      if (connections.users > 0) return;
      OPEN.delete(key);
      await Promise.all([connections.reads.dispatcher.destroy(), connections.writes.dispatcher.destroy()]);
    },
  };
}

function opened(tls: Tls, proxies: Proxies, limits: Partial<typeof LIMITS>): Connections {
  const { stallTimeout: _stall, wholeTimeout: _whole, ...bounds } = { ...LIMITS, ...limits };
  return {
    reads: openRoutes(tls, proxies, bounds),
    writes: openRoutes(tls, proxies, { ...bounds, maxRequestsPerClient: 1 }),
    reached: new Set(),
    users: 0,
  };
}

type Send = (request: Sendable, ...signals: AbortSignal[]) => Promise<WireResponse>;

/** Sends a request with a streamed body. Errors of the body itself are passed on unchanged. */
async function forward(
  source: Source,
  request: Omit<WireRequest, "body" | "stream" | "signal">,
  signal: AbortSignal,
  send: Send,
): Promise<WireResponse> {
  const headers = { ...request.headers, "content-length": String(source.length) };
  const body = Readable.from(source.chunks);
  // The request reports the error; without a listener, an abort before the first byte would be an unhandled error.
  body.on("error", () => undefined);
  try {
    return await send({ ...request, headers, body }, signal, source.stalled);
  } catch (error) {
    throw source.failure === undefined || signal.aborted ? error : source.failure.reason;
  } finally {
    // If the connection is lost, the rest is not read: release what the stream holds open.
    body.destroy();
  }
}

/** A streamed body that records its own error: undici would report it as a connection error. */
class Source {
  readonly length: number;
  readonly chunks: AsyncGenerator<Uint8Array, void, void>;
  failure: { readonly reason: unknown } | undefined;
  readonly #stall = new AbortController();

  /** @param timeout how long a chunk may stay unread, in milliseconds */
  constructor(stream: StreamedBody, timeout: number) {
    this.length = stream.length;
    this.chunks = this.#watched(stream, timeout);
  }

  get stalled(): AbortSignal {
    return this.#stall.signal;
  }

  async *#watched(stream: StreamedBody, timeout: number): AsyncGenerator<Uint8Array, void, void> {
    try {
      for await (const chunk of stream.chunks()) {
        const timer = setTimeout(() => this.#giveUp(timeout), timeout);
        try {
          yield chunk;
        } finally {
          clearTimeout(timer);
        }
      }
    } catch (reason) {
      this.failure ??= { reason };
      throw reason;
    }
  }

  #giveUp(timeout: number): void {
    const reason = new TransportError("STALLED", `the server read no data for ${timeout / 1_000} s`);
    this.failure ??= { reason };
    this.#stall.abort(reason);
  }
}

/** Codes of connections that the other side closed. */
const ENDED = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET"]);
const ALERT = /_ALERT_/;
/** Node's code for a certificate that is valid for another name. */
const OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";
/** undici's code for a proxy's 407 to a forwarded request. Our own arguments were accepted before. */
const NO_CREDENTIALS = "UND_ERR_INVALID_ARG";

interface Circumstances extends Pick<Routes, "dial"> {
  readonly origin: string;
  readonly tls: Tls;
  readonly proxies: Proxies;
  /** Whether the server has responded before: then a closed connection is not about TLS. */
  readonly reached: boolean;
}

/**
 * Adds to an error what must be corrected: that the proxy requires credentials, which certificate was not trusted, or
 * that the server rejected ours.
 */
async function explained(error: TransportError, circumstances: Circumstances): Promise<TransportError> {
  const { origin, tls, proxies, dial, reached } = circumstances;
  if (error.code === NO_CREDENTIALS && error.begun === true) {
    const { code, message } = refusal(proxyName(proxies, origin), 407);
    return new TransportError(code, message, error, false);
  }
  if (!isSecure(origin)) return error;
  const ended = ENDED.has(error.code) || ALERT.test(error.code);
  const refused = CLIENT_REFUSED.test(error.code) || (ended && !reached && (await refusesClient(origin, tls, dial)));
  if (refused) return new TransportError(CLIENT_CERTIFICATE, clientRefusal(tls), error, error.begun);
  if (!error.tls) return error;
  const certificate = await presentedCertificate(origin, tls, dial);
  if (certificate === undefined) return error;
  const expected = tls.servername ?? new URL(origin).hostname;
  const message =
    error.code === OTHER_NAME
      ? `it is issued for ${certificate.names}, but ${expected} was expected`
      : `${error.message} (${certificate.text})`;
  return new TransportError(error.code, message, error, error.begun);
}
