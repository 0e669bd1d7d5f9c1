import { formatDuration } from "../base/sentences";
import { Unreachable } from "../core/errors";
import type { Clock } from "../core/runtime";
import { retryAfterOf } from "../http/client";
import type { Transport, WireResponse } from "../http/transport";

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
      const asked = retryAfter(response.headers, today) ?? windowOf(response) ?? MINUTE;
      this.#until = now + Math.min(asked * 2 ** this.#refusals, LONGEST);
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
  const asked = retryAfterOf(headers, today);
  return asked === undefined ? undefined : Math.max(asked, 1_000);
}

function windowOf({ body }: WireResponse): number | undefined {
  const [, amount, unit] =
    /time:\s*(\d+)\s*(second|minute|hour|day)/i.exec(Buffer.from(body).toString("utf8").slice(0, 2_000)) ?? [];
  return amount === undefined ? undefined : Number(amount) * 1_000 * (UNITS[unit?.toLowerCase() ?? ""] ?? 60);
}
