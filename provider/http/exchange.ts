import type { Readable } from "node:stream";
import { type Dispatcher, errors } from "undici";
import { TransportError, type WireRequest, type WireResponse } from "./transport";

/** A request in undici's format. */
export type Sendable = Omit<WireRequest, "body" | "stream" | "signal"> & {
  readonly body?: string | Uint8Array | Readable;
};

/**
 * Sends one request and reads the complete response. undici's own `request` returns the body as a stream, which costs
 * more than the rest of a small response. Signals combined with `AbortSignal.any` survive many garbage collections, and
 * keep the response in memory.
 * @throws TransportError, or the reason of the first signal that is aborted
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: Sendable,
  signals: readonly AbortSignal[],
): Promise<WireResponse> {
  for (const signal of signals) signal.throwIfAborted();
  const running = new Exchange();
  const ends = signals.map((signal) => [signal, () => running.end(signal.reason)] as const);
  for (const [signal, end] of ends) signal.addEventListener("abort", end);
  try {
    return await running.of(dispatcher, request);
  } finally {
    for (const [signal, end] of ends) signal.removeEventListener("abort", end);
  }
}

/** One request in progress, as an undici handler. */
class Exchange implements Dispatcher.DispatchHandler {
  /**
   * From here on the request may have reached the server, regardless of an error's code: an established connection can
   * still end with EHOSTUNREACH or a TLS alert.
   */
  #begun = false;
  #ended: { readonly reason: unknown } | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  readonly #chunks: Uint8Array[] = [];
  #resolve: (response: WireResponse) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  of(dispatcher: Dispatcher, request: Sendable): Promise<WireResponse> {
    const { method, origin, target, headers, body, responseTimeout } = request;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      dispatcher.dispatch(
        {
          method,
          origin,
          path: target,
          headers,
          ...(body === undefined ? {} : { body }),
          ...(responseTimeout === undefined ? {} : { headersTimeout: responseTimeout }),
        },
        this,
      );
    });
  }

  /** Ends the request with this reason. If it still waits for a connection, it is not sent. */
  end(reason: unknown): void {
    this.#ended = { reason };
    this.#reject(reason);
    this.#controller?.abort(asError(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended !== undefined) {
      controller.abort(asError(this.#ended.reason));
      return;
    }
    this.#begun = true;
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flat(headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first = new Uint8Array()] = this.#chunks;
    const body = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first;
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#reject(asTransportError(error, this.#begun));
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("ended");
}

function asTransportError(error: unknown, begun: boolean): TransportError {
  // The addresses of one name are tried in turn and their errors reported together.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = codeOf(first) ?? codeOf(error) ?? "UNKNOWN";
  const message = first instanceof Error && first.message !== "" ? reasonOf(first.message) : code;
  return new TransportError(code, message, error, begun);
}

/** `80B0…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…/ssl3_record.c:354:` */
const OPENSSL = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/** The reason in an OpenSSL message, without the names and lines of its sources. */
function reasonOf(message: string): string {
  return OPENSSL.exec(message)?.[1] ?? message;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof errors.UndiciError) return codeOf(error.cause) ?? error.code;
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** undici's header names are in lower case. */
function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    texts[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return texts;
}
