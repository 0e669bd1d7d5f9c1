import type { Clock } from "./clock";

const SHORTEST = 500;
const LONGEST = 15_000;
/** The next look comes after this share of the time waited so far: the end is noticed at most so much late. */
const SHARE = 0.05;
const JITTER = 0.1;
/** Shortest pause before a refused call is made again. */
const REFUSED = 5_000;

/** How far the vendor says it is, and since when we have been watching. */
export interface Pulse {
  readonly waited: number;
  readonly percent?: number;
}

/**
 * Milliseconds until the next look: short at first, longer later, shorter again when the vendor's own progress says
 * that the end is near. `chance` in [0, 1) spreads many pins apart.
 */
export function nextLook({ waited, percent }: Pulse, chance: number): number {
  const byTime = Math.min(Math.max(waited * SHARE, SHORTEST), LONGEST);
  const remaining =
    percent !== undefined && percent > 0 && percent <= 100 ? (waited * (100 - percent)) / percent : Infinity;
  const calm = Math.min(byTime, Math.max(remaining / 2, SHORTEST));
  return Math.round(calm * (1 - JITTER + 2 * JITTER * chance));
}

/** Watches one thing at the pace of `nextLook`. */
export class Watch {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #random: () => number;
  readonly #since: number;

  constructor(clock: Clock, signal: AbortSignal, random: () => number) {
    this.#clock = clock;
    this.#signal = signal;
    this.#random = random;
    this.#since = clock.elapsed();
  }

  get waited(): number {
    return this.#clock.elapsed() - this.#since;
  }

  /** Sleeps until the next look is due. Rejects with the signal's reason when that is aborted. */
  pause(percent?: number): Promise<void> {
    return this.#clock.sleep(this.#next(percent), this.#signal);
  }

  /** The same after a refused call, which vendors count as they count accepted ones. */
  pauseAfterRefusal(): Promise<void> {
    return this.#clock.sleep(Math.max(this.#next(), REFUSED), this.#signal);
  }

  #next(percent?: number): number {
    const pulse = { waited: this.waited, ...(percent === undefined ? {} : { percent }) };
    return nextLook(pulse, this.#random());
  }
}
