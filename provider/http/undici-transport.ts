import { Readable } from "node:stream";
import { Agent, type Dispatcher, errors } from "undici";
import { presentedCertificate } from "./certificate";
import type { Tls } from "./tls";
import { type StreamedBody, type Transport, TransportError, type WireRequest, type WireResponse } from "./transport";

/** Bounds of every request, so that no server can keep a run waiting or fill its memory. Milliseconds and bytes. */
const LIMITS = {
  connectTimeout: 10_000,
  headersTimeout: 60_000,
  bodyTimeout: 30_000,
  /** From the request to the last byte of the answer: the two above begin anew with every sign of life. */
  wholeTimeout: 180_000,
  /** How long a server may leave a streamed body unread. */
  stallTimeout: 120_000,
  keepAliveTimeout: 4_000,
  maxHeaderSize: 64 * 1024,
  maxResponseSize: 16 * 1024 * 1024,
  connections: 8,
};

/**
 * A transport on undici. Writes travel on connections of their own that are not kept alive: a write on a kept-alive
 * socket that the server is just closing would end in a reset that leaves open whether it was received.
 */
export function undiciTransport(tls: Tls, limits: Partial<typeof LIMITS> = {}): Transport {
  const { connectTimeout, stallTimeout, wholeTimeout, ...bounds } = { ...LIMITS, ...limits };
  const connect = { timeout: connectTimeout, ...tls };
  const reads = new Agent({ ...bounds, connect });
  const writes = new Agent({ ...bounds, connect, pipelining: 0 });
  return {
    send: ({ stream, ...request }) => {
      const dispatcher = request.method === "GET" ? reads : writes;
      return stream === undefined
        ? inTime(request, wholeTimeout, (timed) => exchange(dispatcher, timed, tls.servername))
        : pour(new Source(stream, stallTimeout), request, (poured) => exchange(dispatcher, poured, tls.servername));
    },
    close: async () => {
      await Promise.all([reads.destroy(), writes.destroy()]);
    },
  };
}

type Sendable = Omit<WireRequest, "body" | "stream"> & { readonly body?: string | Uint8Array | Readable };

async function exchange(dispatcher: Dispatcher, request: Sendable, servername?: string): Promise<WireResponse> {
  const { method, origin, target, headers, body, answerTimeout, signal } = request;
  try {
    const answer = await dispatcher.request({
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
    throw await withCertificate(asTransportError(error), origin, servername);
  }
}

/** Ends an answer that drips, however lively, after so many milliseconds. */
async function inTime(
  request: Sendable,
  limit: number,
  send: (request: Sendable) => Promise<WireResponse>,
): Promise<WireResponse> {
  const over = new AbortController();
  const reason = () => new TransportError("ANSWER_TIMEOUT", `the answer was not complete after ${limit / 1_000} s`);
  const timer = setTimeout(() => over.abort(reason()), limit);
  try {
    return await send({ ...request, signal: AbortSignal.any([request.signal, over.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a request whose body is made on the way. What goes wrong with the body itself is told as it is. */
async function pour(
  source: Source,
  request: Omit<WireRequest, "body" | "stream">,
  send: (request: Sendable) => Promise<WireResponse>,
): Promise<WireResponse> {
  const headers = { ...request.headers, "content-length": String(source.length) };
  const signal = AbortSignal.any([request.signal, source.stalled]);
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
  return certificate === undefined ? error : new TransportError(error.code, `${error.message} (${certificate})`, error);
}

function asTransportError(error: unknown): TransportError {
  // Several addresses of one name are tried in turn and reported together.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = codeOf(first) ?? codeOf(error) ?? "UNKNOWN";
  const message = first instanceof Error && first.message !== "" ? first.message : code;
  return new TransportError(code, message, error);
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
