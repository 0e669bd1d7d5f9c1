import type { Clock } from "./clock";
import { Unreachable } from "./errors";
import type { Patience } from "./patience";
import type { Observation, Pin, Plan } from "./pin";

/** Looks at the vendor and keeps the last complete observation. */
export class Lookout<O extends Observation> {
  readonly #pin: Pick<Pin<O>, "observe" | "plan">;
  readonly #patience: Patience;
  readonly #clock: Clock;
  #seen: O | undefined;
  #at: number;

  constructor(pin: Pick<Pin<O>, "observe" | "plan">, patience: Patience, clock: Clock) {
    this.#pin = pin;
    this.#patience = patience;
    this.#clock = clock;
    this.#at = clock.elapsed();
  }

  get seen(): O | undefined {
    return this.#seen;
  }

  /** When the last complete look began: milliseconds of `Clock.elapsed`. */
  get at(): number {
    return this.#at;
  }

  /** The plan that follows from one complete look, however long that takes within the budget. */
  look(): Promise<Plan> {
    return this.#patience.ask(async () => {
      const at = this.#clock.elapsed();
      const observation = await this.#pin.observe();
      const plan = this.#pin.plan(observation);
      if (plan.kind === "unknown") throw new Unreachable(plan.reason, { sent: true, heard: true });
      this.#keep(observation);
      this.#at = at;
      return plan;
    });
  }

  /** What runs after a failure, if it can be had at once; the failure itself is what is told. */
  async glance(): Promise<void> {
    try {
      this.#keep(await this.#pin.observe());
    } catch {
      // What was seen before stays.
    }
  }

  #keep(observation: O): void {
    if (observation.unknown === undefined) this.#seen = observation;
  }
}
