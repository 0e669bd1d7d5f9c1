import type { Clock } from "../core/runtime";

/** The result of a shared promise. When the signal is aborted, rejects with its reason immediately. */
export function within<T>(signal: AbortSignal, shared: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    shared.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/** Work that runs once for all callers that await it. It ends with the last caller, not with a single one. */
export class SingleFlight<T> {
  readonly result: Promise<T>;
  readonly #end = new AbortController();
  #waiting = 0;

  /** @param work starts immediately; its signal is aborted when no caller awaits it any more */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.result = work(this.#end.signal);
    // Every caller receives the error.
    this.result.catch(() => undefined);
  }

  /** No caller awaits it any more: it will have no result. */
  get abandoned(): boolean {
    return this.#end.signal.aborted;
  }

  /** @param signal ends the wait of this caller */
  async for(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#waiting += 1;
    const leave = () => {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#end.abort(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await within(signal, this.result);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}

/** Counts reads as they begin, so that "begun after that" does not depend on the clock's resolution. */
export class Moments {
  #count = 0;

  /** The newest moment: a read that begins from now on has a later one. */
  get latest(): number {
    return this.#count;
  }

  next(): number {
    this.#count += 1;
    return this.#count;
  }
}

/** When members of a shared list were last read by a caller: a second read must not return the result of the first. */
export class LastReads {
  readonly #moments: Moments;
  readonly #last = new Map<string, number>();

  constructor(moments: Moments) {
    this.#moments = moments;
  }

  /** Records that some members were read now. @returns the moment */
  note(ids: readonly string[]): number {
    const { latest } = this.#moments;
    for (const id of ids) this.#last.set(id, latest);
    return latest;
  }

  /** The last time any of them was read; 0 if never. */
  of(ids: readonly string[]): number {
    return ids.reduce((last, id) => Math.max(last, this.#last.get(id) ?? 0), 0);
  }
}

/** Which reads a reader accepts. */
export interface Freshness {
  /** Begun after this moment. */
  readonly after: number;
  /** Begun at most this many milliseconds ago. */
  readonly within: number;
}

interface Begun<T> {
  readonly moment: number;
  /** In elapsed milliseconds of the clock. */
  readonly at: number;
  readonly read: SingleFlight<T>;
}

/** A read shared by all callers that request it at about the same time. */
export class SharedRead<T> {
  readonly #clock: Clock;
  readonly #moments: Moments;
  readonly #readAll: (signal: AbortSignal) => Promise<T>;
  #last: { readonly begun: Begun<T>; readonly value: T } | undefined;
  #running: Begun<T> | undefined;

  /** @param readAll is aborted by its signal when no caller awaits it any more */
  constructor(clock: Clock, moments: Moments, readAll: (signal: AbortSignal) => Promise<T>) {
    this.#clock = clock;
    this.#moments = moments;
    this.#readAll = readAll;
  }

  /**
   * Uses an earlier read, one in progress, or a new one.
   * @param signal ends the wait of this caller only; after its abort, nothing is started for it
   */
  async read(freshness: Freshness, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const serves = (begun: Begun<T> | undefined): begun is Begun<T> =>
      begun !== undefined && begun.moment > freshness.after && this.#clock.elapsed() - begun.at <= freshness.within;
    if (this.#last !== undefined && serves(this.#last.begun)) return this.#last.value;
    const running = this.#running;
    const begun = serves(running) && !running.read.abandoned ? running : this.#begin();
    return begun.read.for(signal);
  }

  #begin(): Begun<T> {
    const read = new SingleFlight(this.#readAll);
    const begun = { moment: this.#moments.next(), at: this.#clock.elapsed(), read };
    this.#running = begun;
    read.result.then(
      (value) => this.#ended(begun, value),
      () => this.#ended(begun),
    );
    return begun;
  }

  #ended(begun: Begun<T>, value?: T): void {
    if (this.#running === begun) this.#running = undefined;
    if (value === undefined || (this.#last !== undefined && this.#last.begun.moment > begun.moment)) return;
    this.#last = { begun, value };
  }
}
