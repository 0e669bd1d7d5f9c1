/** Where a simulator reads the time: milliseconds since 1970. It never waits on a clock. */
export interface Clock {
  now(): number;
}

/** 2026-11-22T15:00:00Z: the default start of virtual time. */
export const EPOCH = Date.UTC(2026, 10, 22, 15);

/** Virtual time that moves only on request, so that a forty-minute upgrade takes no real time. */
export class ManualClock implements Clock {
  #now: number;

  constructor(start: number = EPOCH) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Moves time forward by `ms`. Time never runs backwards here; use `set` for a clock that was corrected. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`cannot advance a clock by ${ms} ms`);
    this.#now += ms;
  }

  set(now: number): void {
    this.#now = now;
  }
}

/** The wall clock: where the lifetime of credentials is counted when simulated time runs fast. */
export const WALL: Clock = { now: () => Date.now() };

/** Time that runs `speed` times as fast as the wall clock, from `origin` (default: now) on. */
export class ScaledClock implements Clock {
  readonly speed: number;
  readonly #origin: number;
  readonly #started = performance.now();

  constructor(speed = 1, origin: number = Date.now()) {
    if (!(speed > 0)) throw new RangeError(`the speed of a clock must be positive, not ${speed}`);
    this.speed = speed;
    this.#origin = origin;
  }

  now(): number {
    return Math.floor(this.#origin + (performance.now() - this.#started) * this.speed);
  }
}
