import { asUpgradeError, UpgradeError } from "../core/errors";
import type { Permit } from "../core/request";
import type { Clock } from "../core/runtime";
import {
  INCOMPLETE,
  PROXY_REFUSED,
  type StreamedBody,
  type Transport,
  TransportError,
  type WireRequest,
  type WireResponse,
} from "./transport";

/**
 * Statuses after which a read is retried. Writes are never retried here. undici's own retry interceptor is not used: it
 * sleeps on the real clock, and tests need virtual time.
 */
const STATUSES = new Set([429, 502, 503, 504]);
const CODES = new Set(["ECONNRESET", "EPIPE", "EAI_AGAIN", "UND_ERR_SOCKET", "UND_ERR_CONNECT_TIMEOUT"]);

export const READ_TRIES = 3;
const FIRST_DELAY = 200;
const LONGEST_RETRY_AFTER = 30_000;

export interface ClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long a write in progress may still wait for its response after the signal, in milliseconds. */
  readonly grace?: number;
}

export interface HttpRequest {
  readonly origin: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpWrite extends HttpRequest {
  readonly body: string | Uint8Array;
  /** Called when everything else is ready. An exception is passed on, and nothing is sent. */
  readonly permit?: Permit | undefined;
}

export interface HttpUpload extends HttpRequest {
  readonly stream: StreamedBody;
  /** Timeout until the response begins, in milliseconds. */
  readonly responseTimeout: number;
}

const GRACE = 700;

/** Retries reads for the reasons above, and never writes. Nothing is started once the signal is aborted. */
export class HttpClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** @param request called for each attempt, so that signatures and time stamps are fresh */
  async read(request: () => HttpRequest): Promise<WireResponse> {
    const { clock, signal } = this.#options;
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      const last = tries === READ_TRIES;
      const result = await this.#attempt({ ...request(), method: "GET", signal });
      if (result instanceof TransportError) {
        if (last || !retriedCode(result.code)) throw result;
        await clock.sleep(delayBefore(tries + 1, undefined, clock.now()), signal);
      } else {
        if (last || !retriedStatus(result.status)) return result;
        await clock.sleep(delayBefore(tries + 1, result, clock.now()), signal);
      }
    }
  }

  /**
   * One POST, sent at most once. If the signal is aborted while waiting for the response, it waits a little longer,
   * because the result of an accepted request must be recorded.
   */
  async write({ permit, ...request }: HttpWrite): Promise<WireResponse> {
    this.#options.signal.throwIfAborted();
    permit?.();
    return this.#post(request, () => true);
  }

  /**
   * One POST with a streamed body, sent at most once. If the signal is aborted before the last byte was passed to the
   * transport, it ends immediately with the signal's reason: an incomplete body has no effect. After that it behaves
   * like any other write.
   * @throws TransportError `INCOMPLETE` if the connection was lost before the last byte was passed to the transport
   */
  async upload({ stream, ...request }: HttpUpload): Promise<WireResponse> {
    const outgoing = new Outgoing(stream);
    try {
      return await this.#post({ ...request, stream: outgoing }, () => outgoing.whole);
    } catch (error) {
      if (!(error instanceof TransportError) || outgoing.whole || !error.sent) throw error;
      throw new TransportError(INCOMPLETE, error.message, error);
    }
  }

  /** Once it is passed to the transport, any exception but the signal's reason leaves its receipt unknown. */
  async #post(request: Omit<Attempt, "method" | "signal">, whole: () => boolean): Promise<WireResponse> {
    const { signal, clock, grace = GRACE } = this.#options;
    signal.throwIfAborted();
    const responded = new AbortController();
    const timeout = lingering(signal, grace, clock, responded.signal, whole);
    try {
      const result = await this.#attempt({ ...request, method: "POST", signal: timeout });
      if (result instanceof TransportError) throw result;
      return result;
    } catch (error) {
      if (error instanceof TransportError || error instanceof UpgradeError) throw error;
      throw new TransportError("UNEXPECTED", asUpgradeError(error).message, error, true);
    } finally {
      responded.abort();
    }
  }

  async #attempt(request: Attempt): Promise<WireResponse | TransportError> {
    const { headers = {}, ...rest } = request;
    try {
      return await this.#options.transport.send({ ...rest, headers });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (error.code === PROXY_REFUSED) throw refusedByProxy(request.origin, error);
      return error;
    }
  }
}

/** What to do about a proxy that refuses a connection. */
export const PROXY_REMEDY =
  "Correct the URL of the proxy in config `dbversion:proxy`, or in HTTPS_PROXY and HTTP_PROXY; include the user name and password if the proxy requires them. Add hosts that need no proxy to NO_PROXY.";

/** Nothing was sent to the server, and every other request would fail in the same way. */
function refusedByProxy(origin: string, error: TransportError): UpgradeError {
  return new UpgradeError("unauthorized", `${origin} cannot be reached: ${error.message}.`, {
    remedy: PROXY_REMEDY,
    cause: error,
  });
}

type Attempt = Omit<WireRequest, "headers"> & HttpRequest;

/** A body that tracks whether its last byte was passed to the transport. */
class Outgoing implements StreamedBody {
  readonly length: number;
  readonly #stream: StreamedBody;
  #sent = 0;

  constructor(stream: StreamedBody) {
    this.#stream = stream;
    this.length = stream.length;
  }

  get whole(): boolean {
    return this.#sent >= this.length;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of this.#stream.chunks()) {
      // Counted before sending: from here on it is unknown how much arrives.
      this.#sent += chunk.length;
      yield chunk;
    }
  }
}

/**
 * A signal that follows another one after this many milliseconds, as a lost connection. It follows immediately and with
 * the same reason if the request was not sent completely.
 */
function lingering(
  signal: AbortSignal,
  grace: number,
  clock: Clock,
  responded: AbortSignal,
  whole: () => boolean,
): AbortSignal {
  const controller = new AbortController();
  const giveUp = async () => {
    try {
      if (!whole()) return controller.abort(signal.reason);
      await clock.sleep(grace, responded);
      controller.abort(new TransportError("ABANDONED", "interrupted while waiting for the response"));
    } catch {
      // The response arrived in time.
    }
  };
  signal.addEventListener("abort", giveUp, { once: true, signal: responded });
  return controller.signal;
}

export function retriedStatus(status: number): boolean {
  return STATUSES.has(status);
}

export function retriedCode(code: string): boolean {
  return CODES.has(code);
}

/** Milliseconds before attempt number `next` (2, 3, …): the server's Retry-After, or else 200 ms, 400 ms, … */
export function delayBefore(next: number, response: WireResponse | undefined, now: number): number {
  const requested = response && retryAfterOf(response.headers, now);
  return Math.min(requested ?? FIRST_DELAY * 2 ** (next - 2), LONGEST_RETRY_AFTER);
}

/** The value of Retry-After in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3). Callers limit it. */
export function retryAfterOf(headers: WireResponse["headers"], now: number): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined || value === "") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}
