import type { Clock } from "../core/clock";
import { within } from "./within";

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
  readonly landing: Promise<T>;
}

/** Something that is read for everybody who asks at about the same time. */
export class Shared<T> {
  readonly #clock: Clock;
  readonly #moments: Moments;
  readonly #readAll: () => Promise<T>;
  #last: { readonly flight: Flight<T>; readonly value: T } | undefined;
  #flight: Flight<T> | undefined;

  /** @param readAll ends with no single asker */
  constructor(clock: Clock, moments: Moments, readAll: () => Promise<T>) {
    this.#clock = clock;
    this.#moments = moments;
    this.#readAll = readAll;
  }

  /**
   * From an earlier reading, one that is under way, or a new one.
   * @param signal ends the waiting of this asker alone
   */
  read(freshness: Freshness, signal: AbortSignal): Promise<T> {
    const serves = (flight: Flight<T> | undefined): flight is Flight<T> =>
      flight !== undefined && flight.moment > freshness.after && this.#clock.elapsed() - flight.at <= freshness.within;
    if (this.#last !== undefined && serves(this.#last.flight)) return Promise.resolve(this.#last.value);
    const flight = serves(this.#flight) ? this.#flight : this.#start();
    return within(signal, flight.landing);
  }

  #start(): Flight<T> {
    const flight = { moment: this.#moments.next(), at: this.#clock.elapsed(), landing: this.#readAll() };
    this.#flight = flight;
    flight.landing.then(
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
