import { digest } from "../request";
import type { Clock, Runtime } from "../runtime";
import type { Unit } from "../unit";

/** Timers may fire this many milliseconds early. */
const EARLY = 1;
/** Replaces the digest when no request is possible. */
const NOTHING = "";
/** Between reads that differ, in milliseconds. */
const MOMENT = 1_000;

/**
 * Decides which requests may be sent: those that two consecutive reads lead to, equal in every part. The second read
 * begins `spacing` after the first read of the run that led to a request. By then, a request of a killed run that the
 * state does not contain is visible.
 */
export class Confirmation {
  readonly #clock: Clock;
  readonly #spacing: number;
  /** The requests that the last read led to, by unit. */
  #last: ReadonlyMap<string, string> = new Map();
  /** Units that had findings at the last read. */
  #blocked: ReadonlySet<string> = new Set();
  /** When the first read of the run that led to a request completed: milliseconds of `Clock.elapsed`. */
  #since: number | undefined;
  #differed = false;

  constructor(clock: Clock, spacing: number) {
    this.#clock = clock;
    this.#spacing = spacing;
  }

  /** Whether one of these units had no findings at the last read. */
  isNew(blocked: readonly Unit[]): boolean {
    const before = this.#blocked;
    this.#blocked = new Set(blocked.map(({ name }) => name));
    return [...this.#blocked].some((name) => !before.has(name));
  }

  /**
   * Records what a read leads to.
   * @param began when the read began: milliseconds of `Clock.elapsed`
   * @param units those whose upgrade can be requested, and `blocked` those whose findings prevent it
   * @returns the units whose requests may be sent
   */
  note(began: number, units: readonly Unit[], blocked: readonly Unit[]): ReadonlySet<string> {
    const before = this.#last;
    if (units.length + blocked.length > 0) this.#since ??= this.#clock.elapsed();
    this.#last = new Map(units.map(({ name, upgrade }) => [name, upgrade?.step ? digest(upgrade.step) : NOTHING]));
    const late = began + EARLY >= this.#due;
    const same = [...this.#last].filter(([unit, request]) => late && before.get(unit) === request);
    this.#differed = late && before.size > 0 && same.length === 0;
    return new Set(same.map(([unit]) => unit));
  }

  /** Discards the last read, so that the next one counts as the first. */
  forget(): void {
    this.#last = new Map();
  }

  /** Sleeps until the next read may confirm the last one; only briefly if two reads far enough apart differed. */
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
