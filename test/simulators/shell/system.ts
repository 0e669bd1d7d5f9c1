import { type Clock, ScaledClock, WALL } from "./clock";
import { FaultScript } from "./faults";
import type { CallHook, SimHost, SimSystem } from "./host";
import { Journal, type JournalEntry } from "./journal";
import type { Random } from "./random";

/** The times of a simulated system. */
export interface Clocks {
  readonly clock: Clock;
  /** Time by which credentials expire. Default: `clock`, but the wall clock beside a ScaledClock. */
  readonly authClock?: Clock;
}

/** The time by which credentials expire, if it is not the system's own. */
export function authClockOf({ clock, authClock }: Clocks): Clock | undefined {
  return authClock ?? (clock instanceof ScaledClock ? WALL : undefined);
}

/** What the simulated systems have in common. */
export abstract class SimulatedSystem<State extends { readonly seed: number }> implements SimSystem {
  readonly clock: Clock;
  readonly journal = new Journal();
  readonly faults = new FaultScript();
  abstract readonly hosts: readonly SimHost[];
  protected abstract readonly world: { readonly state: State; readonly random: Random };
  readonly #hooks: CallHook[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  abstract tick(): void;

  /** The time of the next event; undefined if there is none. Lets a test skip virtual time. */
  abstract nextEventAt(): number | undefined;

  /** The whole state at the current time; read-only, change it through `control`. */
  get state(): State {
    this.tick();
    return this.world.state;
  }

  now(): number {
    return this.clock.now();
  }

  /** Writes, accepted or not. */
  writes(): readonly JournalEntry[] {
    return this.journal.writes();
  }

  onCall(hook: CallHook): void {
    this.#hooks.push(hook);
  }

  /** The state as plain JSON data; pass it to a new system as `state`. */
  export(): State {
    return structuredClone({ ...this.state, seed: this.world.random.state });
  }

  /** Calls the hooks; the hosts call it. */
  protected readonly called: CallHook = (call) => {
    for (const hook of this.#hooks) hook(call);
  };
}
