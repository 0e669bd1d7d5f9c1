import type { Clock } from "../core/clock";
import { Joint } from "./single-flight";

/** Counts readings as they begin, so that "begun after that" does not depend on how fine a clock is. */
export class Moments {
  #count = 0;

  /** The newest moment: a reading that begins from now on has a later one. */
  get latest(): number {
    return this.#count;
  }

  next(): number {
    this.#count += 1;
    return this.#count;
  }
}

/** Which readings an asker accepts. */
export interface Freshness {
  /** Begun after this moment. */
  readonly after: number;
  /** Begun at most so many milliseconds ago. */
  readonly within: number;
}

interface Flight<T> {
  readonly moment: number;
  /** In elapsed milliseconds of the clock. */
  readonly at: number;
  readonly reading: Joint<T>;
}

/** Something that is read for everybody who asks at about the same time. */
export class Shared<T> {
  readonly #clock: Clock;
  readonly #moments: Moments;
  readonly #readAll: (signal: AbortSignal) => Promise<T>;
  #last: { readonly flight: Flight<T>; readonly value: T } | undefined;
  #flight: Flight<T> | undefined;

  /** @param readAll ends when its signal says that nobody waits for it any more */
  constructor(clock: Clock, moments: Moments, readAll: (signal: AbortSignal) => Promise<T>) {
    this.#clock = clock;
    this.#moments = moments;
    this.#readAll = readAll;
  }

  /**
   * From an earlier reading, one that is under way, or a new one.
   * @param signal ends the waiting of this asker alone; once it has ended, nothing is begun for it
   */
  async read(freshness: Freshness, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const serves = (flight: Flight<T> | undefined): flight is Flight<T> =>
      flight !== undefined && flight.moment > freshness.after && this.#clock.elapsed() - flight.at <= freshness.within;
    if (this.#last !== undefined && serves(this.#last.flight)) return this.#last.value;
    const under = this.#flight;
    const flight = serves(under) && !under.reading.abandoned ? under : this.#start();
    return flight.reading.for(signal);
  }

  #start(): Flight<T> {
    const reading = new Joint(this.#readAll);
    const flight = { moment: this.#moments.next(), at: this.#clock.elapsed(), reading };
    this.#flight = flight;
    reading.result.then(
      (value) => this.#landed(flight, value),
      () => this.#landed(flight),
    );
    return flight;
  }

  #landed(flight: Flight<T>, value?: T): void {
    if (this.#flight === flight) this.#flight = undefined;
    if (value === undefined || (this.#last !== undefined && this.#last.flight.moment > flight.moment)) return;
    this.#last = { flight, value };
  }
}
