import type { Clock } from "../clock";
import type { Driver, Observation } from "../driver";
import { Unreachable } from "../errors";
import type { Outcome } from "../outcome";
import { some } from "../texts/sentences";
import type { View } from "../unit";
import type { UnreachableBudget } from "./unreachable-budget";

type Observed<O extends Observation> = Pick<Driver<O>, "units" | "observe" | "view">;

/** One complete read and its interpretation. */
export interface Sight<O extends Observation = Observation> {
  readonly observation: O;
  readonly view: View;
  /** When the read began: milliseconds of `Clock.elapsed`. */
  readonly at: number;
}

type Seen<O extends Observation> = Pick<Sight<O>, "observation" | "view">;

/** Maximum age of the observation behind a request when it is sent, in milliseconds. */
export const FRESH = 60_000;

/** Reads the vendor and keeps the last complete observation. */
export class Observer<O extends Observation> {
  readonly #driver: Observed<O>;
  readonly #budget: UnreachableBudget;
  readonly #clock: Clock;
  #seen: Seen<O> | undefined;

  constructor(driver: Observed<O>, budget: UnreachableBudget, clock: Clock) {
    this.#driver = driver;
    this.#budget = budget;
    this.#clock = clock;
  }

  /** The last complete read. */
  get seen(): Seen<O> | undefined {
    return this.#seen;
  }

  /** The last complete read, as part of an outcome. */
  get outcome(): Pick<Outcome<O>, "observation" | "units"> {
    return this.#seen === undefined ? {} : { observation: this.#seen.observation, units: this.#seen.view.units };
  }

  /**
   * One complete read, retried within the budget.
   * @param scheduled whether to read tasks that are scheduled or in progress even for units that are up to date
   */
  observe(scheduled: boolean): Promise<Sight<O>> {
    return this.#budget.ask(async () => {
      const at = this.#clock.elapsed();
      const observation = await this.#driver.observe(scheduled);
      const view = this.#driver.view(observation);
      const missing = view.unknown ?? untold(this.#driver.units, view);
      if (missing !== undefined) throw new Unreachable(missing, { sent: true, heard: true });
      this.#seen = { observation, view };
      return { observation, view, at };
    });
  }

  /** Reads the current version once after a failure, if possible. The reported error remains the original failure. */
  async glance(): Promise<void> {
    try {
      const observation = await this.#driver.observe(false);
      const view = this.#driver.view(observation);
      if (observation.unknown === undefined) this.#seen = { observation, view };
    } catch {
      // Keep the previous observation.
    }
  }
}

/** The missing units, as a sentence, if the vendor does not report every unit. */
export function untold(names: readonly string[], { units, absent }: View): string | undefined {
  const told = new Set([...units, ...absent].map(({ name }) => name));
  const missing = names.filter((name) => !told.has(name));
  return missing.length === 0 ? undefined : `no version was reported for ${some(missing)}`;
}
