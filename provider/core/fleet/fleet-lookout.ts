import type { Clock } from "../clock";
import { Unreachable } from "../errors";
import type { Patience } from "../patience";
import type { FleetObservation, FleetPin } from "./fleet";
import { planFleet } from "./plan-fleet";
import { some } from "./sentences";

/** Looks at all members and keeps the last complete observation. */
export class FleetLookout<O extends FleetObservation> {
  readonly #pin: FleetPin<O>;
  readonly #patience: Patience;
  readonly #clock: Clock;
  #seen: O | undefined;
  #at: number;

  constructor(pin: FleetPin<O>, patience: Patience, clock: Clock) {
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

  /** One complete look, however long that takes within the budget. */
  look(scheduled: boolean): Promise<O> {
    return this.#patience.ask(async () => {
      const at = this.#clock.elapsed();
      const seen = await this.#pin.observe(scheduled);
      const plan = planFleet(this.#pin, seen);
      const missing = plan.kind === "unknown" ? plan.reason : untold(this.#pin.names, seen);
      if (missing !== undefined) throw new Unreachable(missing, { sent: true, heard: true });
      this.#seen = seen;
      this.#at = at;
      return seen;
    });
  }
}

/** What is missing, as a sentence, where the vendor reports not every member. */
export function untold(names: readonly string[], { members, absent }: FleetObservation): string | undefined {
  const told = new Set([...members, ...absent].map(({ name }) => name));
  const missing = names.filter((name) => !told.has(name));
  return missing.length === 0 ? undefined : `nothing is told of ${some(missing)}`;
}
