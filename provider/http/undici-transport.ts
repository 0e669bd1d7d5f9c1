import { Agent, type Dispatcher, errors } from "undici";
import { presentedCertificate } from "./certificate";
import type { Tls } from "./tls";
import { type Transport, TransportError, type WireRequest, type WireResponse } from "./transport";

/** Bounds of every request, so that no server can keep a run waiting or fill its memory. Milliseconds and bytes. */
const LIMITS = {
  connectTimeout: 10_000,
  headersTimeout: 60_000,
  bodyTimeout: 30_000,
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
  const { connectTimeout, ...bounds } = { ...LIMITS, ...limits };
  const connect = { timeout: connectTimeout, ...tls };
  const reads = new Agent({ ...bounds, connect });
  const writes = new Agent({ ...bounds, connect, pipelining: 0 });
  return {
    send: (request) => exchange(request.method === "GET" ? reads : writes, request, tls.servername),
    close: async () => {
      await Promise.all([reads.destroy(), writes.destroy()]);
    },
  };
}

async function exchange(dispatcher: Dispatcher, request: WireRequest, servername?: string): Promise<WireResponse> {
  const { method, origin, target, headers, body, signal } = request;
  try {
    const answer = await dispatcher.request({
      method,
      origin,
      path: target,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
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
