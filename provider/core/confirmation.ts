import type { Clock } from "./clock";
import { digest } from "./request";
import type { Runtime } from "./runtime";
import type { Unit } from "./unit";

/** Timers may fire so many milliseconds early. */
const EARLY = 1;
/** Stands for the digest where nothing can be sent. */
const NOTHING = "";
/** Between reads that do not agree, in milliseconds. */
const MOMENT = 1_000;

/**
 * Tells which requests may be sent: those that two consecutive reads lead to, equal in every part. The second read begins
 * `spacing` after the first one that led to any: a request of a killed run, of which the state knows nothing, shows by then.
 */
export class Confirmation {
  readonly #clock: Clock;
  readonly #spacing: number;
  /** What the last read led to, by unit. */
  #last: ReadonlyMap<string, string> = new Map();
  /** Units that had findings against them at the last read. */
  #blocked: ReadonlySet<string> = new Set();
  /** When the first read of the run that led to a request was over: milliseconds of `Clock.elapsed`. */
  #since: number | undefined;
  #differed = false;

  constructor(clock: Clock, spacing: number) {
    this.#clock = clock;
    this.#spacing = spacing;
  }

  /** Whether findings against one of these units were not there at the last read. */
  isNew(blocked: readonly Unit[]): boolean {
    const before = this.#blocked;
    this.#blocked = new Set(blocked.map(({ name }) => name));
    return [...this.#blocked].some((name) => !before.has(name));
  }

  /**
   * Notes what a read leads to.
   * @param began when the read began: milliseconds of `Clock.elapsed`
   * @param units those that need an upgrade
   * @returns the units whose requests may be sent
   */
  note(began: number, units: readonly Unit[]): ReadonlySet<string> {
    const before = this.#last;
    if (units.length > 0) this.#since ??= this.#clock.elapsed();
    this.#last = new Map(units.map(({ name, upgrade }) => [name, upgrade?.step ? digest(upgrade.step) : NOTHING]));
    const late = began + EARLY >= this.#due;
    const same = [...this.#last].filter(([unit, request]) => late && before.get(unit) === request);
    this.#differed = late && before.size > 0 && same.length === 0;
    return new Set(same.map(([unit]) => unit));
  }

  /** The next read is a first one. */
  forget(): void {
    this.#last = new Map();
  }

  /** Sleeps until the next read may confirm the last one; a moment where two reads that were late enough have differed. */
  async pause({ signal, report }: Pick<Runtime, "signal" | "report">): Promise<void> {
    const left = Math.max(this.#due - this.#clock.elapsed(), this.#differed ? MOMENT : 0);
    if (left <= 0) return;
    report({ message: "confirming the plan" });
    await this.#clock.sleep(Math.ceil(left), signal);
  }

  get #due(): number {
    return (this.#since ?? this.#clock.elapsed()) + this.#spacing;
  }
}
