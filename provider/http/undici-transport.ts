import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buildConnector, type Client } from "undici";
import { presentedCertificate, refusesClient } from "./certificate";
import { Connections } from "./connections";
import { endedBy } from "./ended-by";
import { exchange, type Sendable } from "./exchange";
import { clientRefusal, type Tls } from "./tls";
import {
  CLIENT_CERTIFICATE,
  CLIENT_REFUSED,
  type StreamedBody,
  type Transport,
  TransportError,
  type WireRequest,
  type WireResponse,
} from "./transport";
import { Turnstile } from "./turnstile";

/** Bounds of every request, so that no server can keep a run waiting or fill its memory. Milliseconds and bytes. */
const LIMITS = {
  connectTimeout: 10_000,
  headersTimeout: 60_000,
  bodyTimeout: 30_000,
  /** From the request to the last byte of the answer: the two above begin anew with every sign of life. */
  wholeTimeout: 180_000,
  /** How long a server may leave a streamed body unread. */
  stallTimeout: 120_000,
  /** Longer than the longest pause between two looks. A server that closes earlier says so in Keep-Alive. */
  keepAliveTimeout: 20_000,
  maxHeaderSize: 64 * 1024,
  maxResponseSize: 16 * 1024 * 1024,
  connections: 8,
};

/** Reads of the process that are under way: more answers at a time would keep its event loop from everything else. */
const READS_AT_ONCE = 48;
/** After so many milliseconds a read that nobody answers no longer counts. */
const READ_PATIENCE = 1_000;

const turnstile = new Turnstile(READS_AT_ONCE, READ_PATIENCE);

/**
 * A transport on undici. Transports with equal arguments share their connections. Writes travel on connections of their own
 * that are not kept alive: a write on a kept-alive socket that the server is just closing would end in a reset that leaves
 * open whether it was received.
 */
export function undiciTransport(tls: Tls, limits: Partial<typeof LIMITS> = {}): Transport {
  const { wholeTimeout, stallTimeout } = { ...LIMITS, ...limits };
  const { pools, release } = lease(tls, limits);
  const closed = new AbortController();
  const over = () =>
    new TransportError("ANSWER_TIMEOUT", `the answer was not complete after ${wholeTimeout / 1_000} s`);
  const limit = { time: wholeTimeout, reason: over };
  const by =
    (connections: Connections): Send =>
    async (request, signal) => {
      try {
        const response = await connections.lend(request.origin, signal, (one) => exchange(one, request, signal));
        pools.met.add(request.origin);
        return response;
      } catch (error) {
        throw await withCertificate(error, request.origin, tls, pools.met.has(request.origin));
      }
    };
  const [read, write] = [by(pools.reads), by(pools.writes)];
  return {
    send: ({ stream, signal, ...request }) => {
      if (stream !== undefined) return pour(new Source(stream, stallTimeout), request, [signal, closed.signal], write);
      const ends = { signals: [signal, closed.signal], limit };
      if (request.method !== "GET") return endedBy(ends, (ending) => write(request, ending));
      return turnstile.pass(signal, () => endedBy(ends, (ending) => read(request, ending)));
    },
    close: async () => {
      if (closed.signal.aborted) return;
      closed.abort(new TransportError("CLOSED", "the connection was closed"));
      await release();
    },
  };
}

/** Connections for reads and for writes. */
interface Pools {
  readonly reads: Connections;
  readonly writes: Connections;
  /** Servers that have answered. */
  readonly met: Set<string>;
  users: number;
}

/** By `poolKey`. */
const POOLS = new Map<string, Pools>();

/** The same for the same TLS arguments and limits; of a private key among them it tells nothing. */
export function poolKey(tls: Tls, limits: Partial<typeof LIMITS>): string {
  return createHash("sha256")
    .update(JSON.stringify([tls, limits]))
    .digest("hex");
}

/** A share of the connections for these arguments; they are closed with the last one. */
function lease(tls: Tls, limits: Partial<typeof LIMITS>) {
  const key = poolKey(tls, limits);
  const pools = POOLS.get(key) ?? opened(tls, limits);
  POOLS.set(key, pools);
  pools.users += 1;
  return {
    pools,
    async release() {
      pools.users -= 1;
      if (pools.users > 0) return;
      POOLS.delete(key);
      await Promise.all([pools.reads.destroy(), pools.writes.destroy()]);
    },
  };
}

function opened(tls: Tls, limits: Partial<typeof LIMITS>): Pools {
  const {
    connectTimeout,
    connections,
    stallTimeout: _stall,
    wholeTimeout: _whole,
    ...bounds
  } = { ...LIMITS, ...limits };
  const connect = buildConnector({ timeout: connectTimeout, ...tls, allowH2: false });
  const client: Client.Options = { ...bounds, connect, allowH2: false };
  return {
    reads: new Connections({ limit: connections, keep: true, client }),
    writes: new Connections({ limit: connections, keep: false, client }),
    met: new Set(),
    users: 0,
  };
}

type Send = (request: Sendable, signal: AbortSignal) => Promise<WireResponse>;

/** Sends a request whose body is made on the way. What goes wrong with the body itself is told as it is. */
async function pour(
  source: Source,
  request: Omit<WireRequest, "body" | "stream" | "signal">,
  signals: readonly [AbortSignal, ...AbortSignal[]],
  send: Send,
): Promise<WireResponse> {
  const headers = { ...request.headers, "content-length": String(source.length) };
  const body = Readable.from(source.chunks);
  // Told by the request; an abort before the first byte would otherwise go unheard.
  body.on("error", () => undefined);
  try {
    const ends = { signals: [...signals, source.stalled] };
    return await endedBy(ends, (ending) => send({ ...request, headers, body }, ending));
  } catch (error) {
    throw source.failure === undefined || signals[0].aborted ? error : source.failure.reason;
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
    const reason = new TransportError("STALLED", `nothing of the body was read for ${patience / 1_000} s`);
    this.failure ??= { reason };
    this.#stall.abort(reason);
  }
}

/** Codes of connections that the other side ended. */
const ENDED = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET"]);
const ALERT = /_ALERT_/;

/**
 * An error of TLS, told by what has to be corrected: which certificate was not trusted, or that the server did not accept ours.
 * @param met whether the server has answered before: then a connection that it ends is an accident
 */
async function withCertificate(error: unknown, origin: string, tls: Tls, met: boolean): Promise<unknown> {
  if (!(error instanceof TransportError) || !origin.startsWith("https:")) return error;
  const ended = ENDED.has(error.code) || ALERT.test(error.code);
  const refused = CLIENT_REFUSED.test(error.code) || (ended && !met && (await refusesClient(origin, tls)));
  if (refused) return new TransportError(CLIENT_CERTIFICATE, clientRefusal(tls), error, error.begun);
  if (!error.tls) return error;
  const certificate = await presentedCertificate(origin, tls.servername);
  return certificate === undefined
    ? error
    : new TransportError(error.code, `${error.message} (${certificate})`, error, error.begun);
}
