import type { Readable } from "node:stream";
import { type Dispatcher, errors } from "undici";
import { TransportError, type WireRequest, type WireResponse } from "./transport";

/** A request as undici takes it. */
export type Sendable = Omit<WireRequest, "body" | "stream" | "signal"> & {
  readonly body?: string | Uint8Array | Readable;
};

/**
 * Sends one request and reads the whole answer. Undici's own `request` gives the body as a stream, which is more work than all
 * the rest of a small answer; and what `AbortSignal.any` makes of the signals outlives many collections, with the answer.
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

/** One request that is under way, as undici tells of it. */
class Exchange implements Dispatcher.DispatchHandler {
  /**
   * From here on the request may have reached the server, whatever an error's code says: a connection that stands can still
   * end in EHOSTUNREACH, or in an alert of TLS.
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
    const { method, origin, target, headers, body, answerTimeout } = request;
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
          ...(answerTimeout === undefined ? {} : { headersTimeout: answerTimeout }),
        },
        this,
      );
    });
  }

  /** Ends it with this reason. A request that still waits for its connection is not sent any more. */
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
  // Several addresses of one name are tried in turn and reported together.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = codeOf(first) ?? codeOf(error) ?? "UNKNOWN";
  const message = first instanceof Error && first.message !== "" ? reasonOf(first.message) : code;
  return new TransportError(code, message, error, begun);
}

/** `80B0…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…/ssl3_record.c:354:` */
const OPENSSL = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/** Of what OpenSSL prints, the reason: the rest are names and lines of its sources. */
function reasonOf(message: string): string {
  return OPENSSL.exec(message)?.[1] ?? message;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof errors.UndiciError) return codeOf(error.cause) ?? error.code;
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Undici gives the names in lower case. */
function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    texts[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return texts;
}
