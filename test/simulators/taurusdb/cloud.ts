import { type Clock, ScaledClock, WALL } from "../shell/clock";
import { FaultScript } from "../shell/faults";
import type { SimHost, SimSystem } from "../shell/host";
import type { SimRequest } from "../shell/http";
import { Journal, type JournalEntry } from "../shell/journal";
import { CloudControl } from "./control";
import { advance, nextEntry } from "./engine";
import { CloudHost } from "./host";
import { type CloudOptions, initialState } from "./options";
import type { CloudState, InstanceState, StarRocksState } from "./state";
import type { JobState, ScheduleState } from "./task";
import { openWorld, type World } from "./world";

/** Called just before the gateway handles a call; it may use the controls. */
export type CallHook = (call: { readonly host: string; readonly request: SimRequest }) => void;

export interface CloudSetup extends CloudOptions {
  readonly clock: Clock;
  /** Time by which credentials expire. Default: `clock`, but the wall clock beside a ScaledClock. */
  readonly authClock?: Clock;
  /** A state from `export`; the other options are then ignored. */
  readonly state?: CloudState;
}

/**
 * A simulated Huawei Cloud with TaurusDB, StarRocks and IAM.
 *
 * @example
 * const clock = new ManualClock();
 * const cloud = new TaurusCloud({ clock, instances: 3 });
 * cloud.control.offer("2.0.81.260900");
 * const send = createTransport(cloud, { sleep: async (ms) => clock.advance(ms) });
 * const reply = await send(cloud.endpoint("cn-north-4"), { method: "GET", target, headers: signed, body: NO_BODY });
 */
export class TaurusCloud implements SimSystem {
  readonly clock: Clock;
  readonly journal = new Journal();
  readonly faults = new FaultScript();
  /** What a test, an operator or the vendor does to the cloud. */
  readonly control: CloudControl;
  readonly hosts: readonly SimHost[];
  readonly #world: World;
  readonly #hooks: CallHook[] = [];

  constructor(options: CloudSetup) {
    this.clock = options.clock;
    const state = options.state ? structuredClone(options.state) : initialState(options, options.clock.now());
    const authClock = options.authClock ?? (options.clock instanceof ScaledClock ? WALL : undefined);
    this.#world = openWorld(state, authClock);
    this.control = new CloudControl(this.#world, this.clock);
    this.hosts = state.doors.map(
      (door) =>
        new CloudHost(this.#world, door, this.clock, (call) => {
          for (const hook of this.#hooks) hook(call);
        }),
    );
  }

  /** The whole state at the current time; read-only, change it through `control`. */
  get state(): CloudState {
    this.tick();
    return this.#world.state;
  }

  get instances(): readonly InstanceState[] {
    return this.state.instances;
  }

  get starRocks(): readonly StarRocksState[] {
    return this.state.starRocks;
  }

  get jobs(): readonly JobState[] {
    return this.state.jobs;
  }

  get schedules(): readonly ScheduleState[] {
    return this.state.schedules;
  }

  /** Upgrade requests that were accepted. */
  get acceptedUpgrades(): CloudState["accepted"] {
    return this.state.accepted;
  }

  /** Address of a region's service, of its IAM, or of the only host. */
  endpoint(region: string, service: "db" | "iam" = "db"): string {
    const { doors } = this.#world.state;
    const found = doors.find((door) => door.region === region && door.service === service);
    const shared = doors.find((door) => door.service === "all");
    const address = (found ?? shared)?.address;
    if (address === undefined) throw new Error(`there is no region ${region}`);
    return address;
  }

  /** Writes, accepted or not. */
  writes(): readonly JournalEntry[] {
    return this.journal.writes();
  }

  onCall(hook: CallHook): void {
    this.#hooks.push(hook);
  }

  now(): number {
    return this.clock.now();
  }

  tick(): void {
    advance(this.#world, this.clock.now());
  }

  /** The time of the next event; undefined if there is none. Lets a test skip virtual time. */
  nextEventAt(): number | undefined {
    this.tick();
    return nextEntry(this.#world)?.at;
  }

  /** The state as plain JSON data; pass it to a new cloud as `state`. */
  export(): CloudState {
    return structuredClone({ ...this.state, seed: this.#world.random.state });
  }
}
