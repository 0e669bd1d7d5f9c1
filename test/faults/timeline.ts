import type { Clock as SimulatorClock } from "../simulators";

/** The process that owns timers. The timers of a dead process never fire. */
export interface Owner {
  dead: boolean;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  readonly wake: () => void;
  canceled: boolean;
}

/** The result of driving work: it settled, no timer was left to advance it, or its time limit was exceeded. */
export type Drive = "settled" | "stuck" | "overdue";

/**
 * The virtual time of vendor, network and provider. It only advances while it is driven, so nothing happens between two
 * runs. It detects when no timer is left: a run that has not ended by then never will.
 */
export class Timeline implements SimulatorClock {
  #now: number;
  #order = 0;
  /** A binary heap by time, then by order. */
  readonly #timers: Timer[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Resolves after this many milliseconds; rejects with the signal's reason when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal, owner?: Owner): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        timer.canceled = true;
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const timer = this.#add(Math.max(milliseconds, 0), wake, owner);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Runs an action after this many milliseconds. */
  after(milliseconds: number, action: () => void, owner?: Owner): void {
    this.#add(milliseconds, action, owner);
  }

  /** The number of timers of an owner that are still pending after this many milliseconds. */
  pending(owner: Owner, milliseconds: number): number {
    const then = this.#now + milliseconds;
    return this.#timers.filter((timer) => timer.owner === owner && !timer.canceled && timer.at > then).length;
  }

  /** Advances time until the work has settled, but at most this many milliseconds. */
  async drive(work: Promise<unknown>, limit: number): Promise<Drive> {
    const until = this.#now + limit;
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    for (;;) {
      await microtasksDone();
      if (settled) return "settled";
      const next = this.#peek();
      if (next === undefined) return "stuck";
      if (next.at > until) return "overdue";
      this.#fire(next);
    }
  }

  /** Advances time by this many milliseconds. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    for (;;) {
      await microtasksDone();
      const next = this.#peek();
      if (next === undefined || next.at > until) break;
      this.#fire(next);
    }
    this.#now = until;
  }

  #fire(timer: Timer): void {
    this.#pop();
    this.#now = Math.max(this.#now, timer.at);
    timer.canceled = true;
    timer.wake();
  }

  #add(milliseconds: number, wake: () => void, owner: Owner | undefined): Timer {
    const timer: Timer = { at: this.#now + milliseconds, order: this.#order++, owner, wake, canceled: false };
    this.#timers.push(timer);
    this.#rise(this.#timers.length - 1);
    return timer;
  }

  /** The earliest timer that is not canceled. */
  #peek(): Timer | undefined {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined || !(first.canceled || first.owner?.dead)) return first;
      this.#pop();
    }
  }

  #pop(): void {
    const last = this.#timers.pop();
    if (last === undefined || this.#timers.length === 0) return;
    this.#timers[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1;
      if (!this.#swapped(above, at)) return;
      at = above;
    }
  }

  #sink(): void {
    const { length } = this.#timers;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= length) return;
      const right = left + 1;
      const child = right < length && this.#before(right, left) ? right : left;
      if (!this.#swapped(at, child)) return;
      at = child;
    }
  }

  /** Swaps two timers if they are in the wrong order. @returns whether they were */
  #swapped(above: number, below: number): boolean {
    if (!this.#before(below, above)) return false;
    const [a, b] = [this.#timers[above], this.#timers[below]];
    if (a === undefined || b === undefined) return false;
    this.#timers[above] = b;
    this.#timers[below] = a;
    return true;
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#timers[a], this.#timers[b]];
    if (x === undefined || y === undefined) return false;
    return x.at === y.at ? x.order < y.order : x.at < y.at;
  }
}

/** The next turn of the event loop, when all pending promise callbacks have run. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
