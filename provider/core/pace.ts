import type { Clock } from "./clock";

/** Milliseconds, as all times here. */
const SHORTEST = 750;
const LONGEST = 15_000;
/** The next look comes after this share of the time waited so far: the end is noticed at most so much late. */
const SHARE = 0.05;
/** Where the vendor tells how far it is, the next look comes no later than in the middle of what remains… */
const MIDDLE = 0.5;
/** …but not before this share of the pause that time alone would make: percentages stand still. Longer than that it never is: they jump. */
const LEAST = 1 / 8;
/** Pauses are shorter by up to this share, by chance, so that many resources spread. */
const JITTER = 0.1;
/** Shortest pause before a refused call is made again. */
const REFUSED = 5_000;
/** Longest pause while nobody answers: the end of a restart is likely the end of the upgrade. */
const SILENT = 5_000;
/** A process that wakes late has too much to do: it pauses for at least so many times its delay. */
const RELIEF = 20;
/** Looks of a whole process in a second, where each costs requests of its own: with more resources than that each pauses longer. */
const LOOKS = 100;

/** Pauses between such looks that are under way, by their clock: the process has one. */
const pauses = new WeakMap<Clock, number>();

/** @param more of them from now on */
function count(clock: Clock, more = 0): number {
  const now = (pauses.get(clock) ?? 0) + more;
  if (more !== 0) pauses.set(clock, now);
  return now;
}

/** How far the vendor says it is, and since when we have been watching. */
export interface Pulse {
  readonly waited: number;
  readonly percent?: number;
}

/**
 * Milliseconds until the next look: short at first, longer later, shorter again when the vendor's own progress says
 * that the end is near. `chance` in [0, 1) spreads many resources apart; `others` wait in the same process.
 */
export function nextLook({ waited, percent }: Pulse, chance: number, others = 0): number {
  const shortest = within((1_000 * others) / LOOKS, SHORTEST, LONGEST);
  const byTime = within(waited * SHARE, shortest, LONGEST);
  const known = percent !== undefined && percent > 0 && percent <= 100;
  const remaining = known ? (waited * (100 - percent)) / percent : 0;
  const calm = known ? within(remaining * MIDDLE, byTime * LEAST, byTime) : byTime;
  return Math.round(within(calm, shortest, LONGEST) * (1 - JITTER * chance));
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Watches one thing at the pace of `nextLook`. */
export class Watch {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #random: () => number;
  #since: number;
  readonly #crowds: boolean;
  /** How late the last pause ended. */
  #delay = 0;

  /** @param crowds whether the looks of many such watches add up; where nothing is said, they are few or shared */
  constructor(clock: Clock, signal: AbortSignal, random: () => number, crowds = false) {
    this.#crowds = crowds;
    this.#clock = clock;
    this.#signal = signal;
    this.#random = random;
    this.#since = clock.elapsed();
  }

  /** What is watched begins only now. */
  restart(): void {
    this.#since = this.#clock.elapsed();
  }

  get waited(): number {
    return this.#clock.elapsed() - this.#since;
  }

  /** Sleeps until the next look is due. Rejects with the signal's reason when that is aborted. */
  pause(percent?: number): Promise<void> {
    return this.#sleep(this.#next(percent));
  }

  /** The same while nobody answers. */
  pauseInSilence(): Promise<void> {
    return this.#sleep(Math.min(this.#next(), SILENT));
  }

  /** The same after a refused call, which vendors count as they count accepted ones. */
  pauseAfterRefusal(): Promise<void> {
    return this.#sleep(Math.max(this.#next(), REFUSED));
  }

  #next(percent?: number): number {
    const pulse = { waited: this.waited, ...(percent === undefined ? {} : { percent }) };
    return nextLook(pulse, this.#random(), this.#crowds ? count(this.#clock) : 0);
  }

  async #sleep(wanted: number): Promise<void> {
    const pause = Math.max(wanted, Math.min(this.#delay * RELIEF, LONGEST));
    const due = this.#clock.elapsed() + pause;
    if (this.#crowds) count(this.#clock, 1);
    try {
      await this.#clock.sleep(pause, this.#signal);
    } finally {
      if (this.#crowds) count(this.#clock, -1);
    }
    this.#delay = Math.max(this.#clock.elapsed() - due, 0);
  }
}
