import { Readable } from "node:stream";
import { Agent, DecoratorHandler, type Dispatcher, errors } from "undici";
import { presentedCertificate } from "./certificate";
import type { Tls } from "./tls";
import { type StreamedBody, type Transport, TransportError, type WireRequest, type WireResponse } from "./transport";
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
  const by = (dispatcher: Dispatcher) => (request: Sendable) => exchange(dispatcher, request, tls.servername);
  return {
    send: ({ stream, ...request }) => {
      if (stream !== undefined) {
        return pour(new Source(stream, stallTimeout), request, closed.signal, by(pools.writes));
      }
      if (request.method !== "GET") return inTime(request, wholeTimeout, closed.signal, by(pools.writes));
      return turnstile.pass(request.signal, () => inTime(request, wholeTimeout, closed.signal, by(pools.reads)));
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
  readonly reads: Agent;
  readonly writes: Agent;
  users: number;
}

/** By TLS arguments and limits. */
const POOLS = new Map<string, Pools>();

/** A share of the connections for these arguments; they are closed with the last one. */
function lease(tls: Tls, limits: Partial<typeof LIMITS>) {
  const key = JSON.stringify([tls, limits]);
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
  const { connectTimeout, stallTimeout: _stall, wholeTimeout: _whole, ...bounds } = { ...LIMITS, ...limits };
  const connect = { timeout: connectTimeout, ...tls };
  return {
    reads: new Agent({ ...bounds, connect, allowH2: false }),
    writes: new Agent({ ...bounds, connect, allowH2: false, pipelining: 0 }),
    users: 0,
  };
}

type Sendable = Omit<WireRequest, "body" | "stream"> & { readonly body?: string | Uint8Array | Readable };

async function exchange(dispatcher: Dispatcher, request: Sendable, servername?: string): Promise<WireResponse> {
  const { method, origin, target, headers, body, answerTimeout, signal } = request;
  const handover = new Handover();
  try {
    const answer = await dispatcher.compose(handover.watch).request({
      method,
      origin,
      path: target,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
      ...(answerTimeout === undefined ? {} : { headersTimeout: answerTimeout }),
    });
    return {
      status: answer.statusCode,
      headers: flat(answer.headers),
      body: new Uint8Array(await answer.body.arrayBuffer()),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw await withCertificate(asTransportError(error, handover.begun), origin, servername);
  }
}

/**
 * Notices when a request is handed to a connection. From then on it may have reached the server, whatever an error's code
 * says: a connection that stands can still end in EHOSTUNREACH, or in an alert of TLS.
 */
class Handover {
  begun = false;

  readonly watch: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    const begin = () => {
      this.begun = true;
    };
    return dispatch(options, new Beginning(handler, begin));
  };
}

class Beginning extends DecoratorHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #begin: () => void;

  constructor(handler: Dispatcher.DispatchHandler, begin: () => void) {
    super(handler);
    this.#handler = handler;
    this.#begin = begin;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#begin();
    this.#handler.onRequestStart?.(controller, context);
  }
}

/** Ends an answer that drips, however lively, after so many milliseconds. */
async function inTime(
  request: Sendable,
  limit: number,
  closed: AbortSignal,
  send: (request: Sendable) => Promise<WireResponse>,
): Promise<WireResponse> {
  const over = new AbortController();
  const reason = () => new TransportError("ANSWER_TIMEOUT", `the answer was not complete after ${limit / 1_000} s`);
  const timer = setTimeout(() => over.abort(reason()), limit);
  try {
    return await send({ ...request, signal: AbortSignal.any([request.signal, closed, over.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a request whose body is made on the way. What goes wrong with the body itself is told as it is. */
async function pour(
  source: Source,
  request: Omit<WireRequest, "body" | "stream">,
  closed: AbortSignal,
  send: (request: Sendable) => Promise<WireResponse>,
): Promise<WireResponse> {
  const headers = { ...request.headers, "content-length": String(source.length) };
  const signal = AbortSignal.any([request.signal, closed, source.stalled]);
  const body = Readable.from(source.chunks);
  // Told by the request; an abort before the first byte would otherwise go unheard.
  body.on("error", () => undefined);
  try {
    return await send({ ...request, headers, signal, body });
  } catch (error) {
    throw source.failure === undefined || request.signal.aborted ? error : source.failure.reason;
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

/** A certificate that is not trusted is told by whom it is from and for: that is what has to be corrected. */
async function withCertificate(error: TransportError, origin: string, servername?: string): Promise<TransportError> {
  if (!error.tls) return error;
  const certificate = await presentedCertificate(origin, servername);
  return certificate === undefined
    ? error
    : new TransportError(error.code, `${error.message} (${certificate})`, error, error.begun);
}

function asTransportError(error: unknown, begun: boolean): TransportError {
  // Several addresses of one name are tried in turn and reported together.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = codeOf(first) ?? codeOf(error) ?? "UNKNOWN";
  const message = first instanceof Error && first.message !== "" ? first.message : code;
  return new TransportError(code, message, error, begun);
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof errors.UndiciError) return codeOf(error.cause) ?? error.code;
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    Array.isArray(value) ? value.join(", ") : (value ?? ""),
  ]);
  return Object.fromEntries(pairs);
}
