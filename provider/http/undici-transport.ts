import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { DIRECT, type Proxies } from "../core/runtime";
import { presentedCertificate, refusesClient } from "./certificate";
import { openRoutes, proxyName, type Routes, refusal } from "./dispatcher";
import { exchange, type Sendable } from "./exchange";
import { clientRefusal, isSecure, type Tls } from "./tls";
import {
  CLIENT_CERTIFICATE,
  CLIENT_REFUSED,
  type StreamedBody,
  type Transport,
  TransportError,
  type WireRequest,
  type WireResponse,
} from "./transport";

/** Bounds of every request, so that no server can keep a run waiting or fill its memory. Milliseconds and bytes. */
const LIMITS = {
  connectTimeout: 10_000,
  headersTimeout: 60_000,
  bodyTimeout: 30_000,
  /** From the request to the last byte of the answer: the two above begin again with every byte. */
  wholeTimeout: 180_000,
  /** How long a server may leave a streamed body unread. */
  stallTimeout: 120_000,
  /** Longer than the longest pause between two looks. A server that closes earlier says so in Keep-Alive. */
  keepAliveTimeout: 20_000,
  maxHeaderSize: 64 * 1024,
  maxResponseSize: 16 * 1024 * 1024,
  connections: 8,
};

/**
 * A transport on undici. Transports with equal arguments share their connections. Writes travel on connections of their own
 * that are not kept alive: a write on a kept-alive socket that the server is just closing would end in a reset that leaves
 * open whether it was received.
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
        connections.met.add(request.origin);
        return response;
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        const { origin } = request;
        throw await explained(error, { origin, tls, proxies, dial, met: connections.met.has(origin) });
      }
    };
  const [read, write] = [by(connections.reads), by(connections.writes)];
  return {
    send: async ({ stream, signal, ...request }) => {
      if (stream !== undefined) return pour(new Source(stream, stallTimeout), request, signal, write);
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
  /** Servers that have answered. */
  readonly met: Set<string>;
  users: number;
}

/** By `connectionsKey`. Of the process, because so is the limit of connections to one server that many resources use. */
const OPEN = new Map<string, Connections>();

/** The same for the same arguments; of a private key or a proxy's password among them it tells nothing. */
export function connectionsKey(...parts: [Tls, Proxies, Partial<typeof LIMITS>]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** A share of the connections for these arguments; they are closed with the last one. */
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
    met: new Set(),
    users: 0,
  };
}

type Send = (request: Sendable, ...signals: AbortSignal[]) => Promise<WireResponse>;

/** Sends a request whose body is made on the way. What goes wrong with the body itself is told as it is. */
async function pour(
  source: Source,
  request: Omit<WireRequest, "body" | "stream" | "signal">,
  signal: AbortSignal,
  send: Send,
): Promise<WireResponse> {
  const headers = { ...request.headers, "content-length": String(source.length) };
  const body = Readable.from(source.chunks);
  // Told by the request; an abort before the first byte would otherwise go unheard.
  body.on("error", () => undefined);
  try {
    return await send({ ...request, headers, body }, signal, source.stalled);
  } catch (error) {
    throw source.failure === undefined || signal.aborted ? error : source.failure.reason;
  } finally {
    // A connection that is gone leaves the rest unread: what the stream holds open has to be let go.
    body.destroy();
  }
}

/** A streamed body that remembers what went wrong with it: undici would report that as a fault of the connection. */
class Source {
  readonly length: number;
  readonly chunks: AsyncGenerator<Uint8Array, void, void>;
  failure: { readonly reason: unknown } | undefined;
  readonly #stall = new AbortController();

  /** @param patience how long a chunk may stay unread, in milliseconds */
  constructor(stream: StreamedBody, patience: number) {
    this.length = stream.length;
    this.chunks = this.#watched(stream, patience);
  }

  get stalled(): AbortSignal {
    return this.#stall.signal;
  }

  async *#watched(stream: StreamedBody, patience: number): AsyncGenerator<Uint8Array, void, void> {
    try {
      for await (const chunk of stream.chunks()) {
        const timer = setTimeout(() => this.#giveUp(patience), patience);
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

  #giveUp(patience: number): void {
    const reason = new TransportError("STALLED", `the server read no data for ${patience / 1_000} s`);
    this.failure ??= { reason };
    this.#stall.abort(reason);
  }
}

/** Codes of connections that the other side ended. */
const ENDED = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET"]);
const ALERT = /_ALERT_/;
/** Node's code of a certificate that is made for another name. */
const OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";
/** What undici makes of a proxy's 407 to a request that it should have passed on: our own arguments were taken before. */
const NO_CREDENTIALS = "UND_ERR_INVALID_ARG";

interface Circumstances extends Pick<Routes, "dial"> {
  readonly origin: string;
  readonly tls: Tls;
  readonly proxies: Proxies;
  /** Whether the server has answered before: then a connection that it ends is an accident. */
  readonly met: boolean;
}

/**
 * An error by what has to be corrected: that the proxy wants credentials, which certificate was not trusted, or that the server
 * did not accept ours.
 */
async function explained(error: TransportError, circumstances: Circumstances): Promise<TransportError> {
  const { origin, tls, proxies, dial, met } = circumstances;
  if (error.code === NO_CREDENTIALS && error.begun === true) {
    const { code, message } = refusal(proxyName(proxies, origin), 407);
    return new TransportError(code, message, error, false);
  }
  if (!isSecure(origin)) return error;
  const ended = ENDED.has(error.code) || ALERT.test(error.code);
  const refused = CLIENT_REFUSED.test(error.code) || (ended && !met && (await refusesClient(origin, tls, dial)));
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
