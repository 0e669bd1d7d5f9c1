import { formatDuration } from "../base/sentences";
import { beforeSending, Unreachable } from "../core/errors";
import type { Clock } from "../core/runtime";
import { retryAfterOf } from "../http/client";
import type { Transport, WireResponse } from "../http/transport";
import { isBadSignature } from "./errors";
import type { Reply } from "./responses";

/** When a request of a caller may be sent: the gateway throttles requests, and locks keys after bad signatures. */

const TOO_MANY = 429;
const MINUTE = 60_000;
/** Shorter than the unreachable budget of a run. */
const LONGEST = 8 * MINUTE;
/** Seconds per unit of the window in the gateway's message: `limit:10,time:1 minute`. */
const UNITS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3_600, day: 86_400 };

/** The gateway is throttling: it did not process this request. */
export class Throttled extends Unreachable {}

/**
 * Delays requests of one user to one address after a 429. The gateway also counts refused requests, so none is sent
 * before the requested delay has passed: its Retry-After, else the window in its message, else a minute. The delay
 * doubles with each further 429.
 */
export class Throttle {
  #until = 0;
  #refusals = 0;

  /** @param now elapsed milliseconds @throws Throttled during the delay: nothing is sent */
  acquire(now: number, origin: string): void {
    if (now < this.#until) throw this.#closed(now, origin);
  }

  /**
   * Updates the delay from a response.
   * @param now elapsed milliseconds
   * @param today the time of day, for a response with a delay until a date
   * @throws Throttled when it was a 429
   */
  obey(response: WireResponse, now: number, origin: string, today = now): void {
    if (response.status !== TOO_MANY) {
      if (now >= this.#until) this.#refusals = 0;
      return;
    }
    // Concurrent requests are refused together.
    if (now >= this.#until) {
      const requested = retryAfter(response.headers, today) ?? windowOf(response) ?? MINUTE;
      this.#until = now + Math.min(requested * 2 ** this.#refusals, LONGEST);
      this.#refusals += 1;
    }
    throw this.#closed(now, origin);
  }

  #closed(now: number, origin: string): Throttled {
    const wait = formatDuration(Math.ceil((this.#until - now) / MINUTE) * MINUTE);
    return new Throttled(`${origin} is throttling requests (HTTP 429); the next one is sent within ${wait}`, {
      sent: false,
      responded: true,
    });
  }
}

/** A transport that throttles the requests to each address. */
export function throttled(transport: Transport, throttleOf: (origin: string) => Throttle, clock: Clock): Transport {
  return {
    async send(request) {
      const throttle = throttleOf(request.origin);
      throttle.acquire(clock.elapsed(), request.origin);
      const response = await transport.send(request);
      throttle.obey(response, clock.elapsed(), request.origin, clock.now());
      return response;
    },
    close: () => transport.close(),
  };
}

function retryAfter(headers: WireResponse["headers"], today: number): number | undefined {
  const requested = retryAfterOf(headers, today);
  return requested === undefined ? undefined : Math.max(requested, 1_000);
}

function windowOf({ body }: WireResponse): number | undefined {
  const [, amount, unit] =
    /time:\s*(\d+)\s*(second|minute|hour|day)/i.exec(Buffer.from(body).toString("utf8").slice(0, 2_000)) ?? [];
  return amount === undefined ? undefined : Number(amount) * 1_000 * (UNITS[unit?.toLowerCase() ?? ""] ?? 60);
}

/** Longer than a gateway takes to refuse a signature: requests do not wait one after the other for a server that is down. */
const LONGEST_WAIT = 10_000;

/**
 * The requests of an access key that the gateway has not accepted yet. Five bad signatures in a row lock the key for
 * all its users, so only one request at a time is sent until one is accepted, and none after a bad signature.
 */
export class KeyTrial {
  #accepted = false;
  /** The response to a bad signature. */
  #refusal: Reply | undefined;
  #pending: Promise<void> | undefined;

  /**
   * Sends a request when it may be sent.
   * @param signal ends the wait
   * @returns its response; after a bad signature the response to that, which this request would receive as well
   */
  async send(request: () => Promise<Reply>, clock: Clock, signal: AbortSignal): Promise<Reply> {
    const until = clock.elapsed() + LONGEST_WAIT;
    while (!this.#accepted && this.#pending !== undefined && clock.elapsed() < until) {
      const pending = this.#pending;
      await beforeSending(() => firstOf(pending, until - clock.elapsed(), clock, signal));
    }
    if (this.#accepted) return request();
    if (this.#refusal !== undefined) return this.#refusal;
    const reply = request();
    const pending: Promise<void> = reply.then(
      (received) => this.#ended(pending, received),
      () => this.#ended(pending),
    );
    this.#pending = pending;
    return reply;
  }

  #ended(pending: Promise<void>, reply?: Reply): void {
    if (this.#pending === pending) this.#pending = undefined;
    if (reply?.parsed.kind === "data") this.#accepted = true;
    else if (reply !== undefined && !reply.worthAnother && isBadSignature(reply.parsed)) this.#refusal = reply;
  }
}

/** Resolves with the promise, but not later than after this many milliseconds. */
async function firstOf(promise: Promise<void>, milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const limit = clock.sleep(milliseconds, AbortSignal.any([signal, ended.signal]));
  await Promise.race([promise, limit]).finally(() => ended.abort());
}
