import type { Clock as SimulatorClock } from "../simulators";

/** A process to which timers belong. The timers of a dead one never fire. */
export interface Owner {
  dead: boolean;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  readonly wake: () => void;
  off: boolean;
}

/** How driving a piece of work ended: it settled, nothing was left that could go on, or its time was over. */
export type Drive = "settled" | "stuck" | "overdue";

/**
 * One virtual time for vendor, network and provider. It moves only while it is driven, so that nothing happens unseen
 * between two runs, and it notices when nothing is left to wait for: a run that then has not ended never will.
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

  /** Resolves after so many milliseconds; rejects with the signal's reason as soon as that is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal, owner?: Owner): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        timer.off = true;
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

  /** Runs an action after so many milliseconds. */
  after(milliseconds: number, action: () => void, owner?: Owner): void {
    this.#add(milliseconds, action, owner);
  }

  /** Timers that an owner still has in so many milliseconds. */
  pending(owner: Owner, milliseconds: number): number {
    const then = this.#now + milliseconds;
    return this.#timers.filter((timer) => timer.owner === owner && !timer.off && timer.at > then).length;
  }

  /** Lets time pass until the work has settled, but at most so many milliseconds. */
  async drive(work: Promise<unknown>, limit: number): Promise<Drive> {
    const until = this.#now + limit;
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    for (;;) {
      await atRest();
      if (settled) return "settled";
      const next = this.#peek();
      if (next === undefined) return "stuck";
      if (next.at > until) return "overdue";
      this.#fire(next);
    }
  }

  /** Lets so many milliseconds pass. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    for (;;) {
      await atRest();
      const next = this.#peek();
      if (next === undefined || next.at > until) break;
      this.#fire(next);
    }
    this.#now = until;
  }

  #fire(timer: Timer): void {
    this.#pop();
    this.#now = Math.max(this.#now, timer.at);
    timer.off = true;
    timer.wake();
  }

  #add(milliseconds: number, wake: () => void, owner: Owner | undefined): Timer {
    const timer: Timer = { at: this.#now + milliseconds, order: this.#order++, owner, wake, off: false };
    this.#timers.push(timer);
    this.#rise(this.#timers.length - 1);
    return timer;
  }

  /** The earliest timer that still counts. */
  #peek(): Timer | undefined {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined || !(first.off || first.owner?.dead)) return first;
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

  /** Puts two timers in order; whether they were not. */
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

/** The next turn of the event loop: all promises have come to rest by then. */
function atRest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
