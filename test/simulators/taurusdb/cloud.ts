import type { SimHost } from "../shell/host";
import { authClockOf, type Clocks, SimulatedSystem } from "../shell/system";
import { CloudControl } from "./control";
import { advance, nextEntry } from "./engine";
import { CloudHost } from "./host";
import { type CloudOptions, initialState } from "./options";
import type { CloudState, InstanceState, StarRocksState } from "./state";
import type { JobState, ScheduleState } from "./task";
import { openWorld, type World } from "./world";

export interface CloudSetup extends CloudOptions, Clocks {
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
export class TaurusCloud extends SimulatedSystem<CloudState> {
  /** What a test, an operator or the vendor does to the cloud. */
  readonly control: CloudControl;
  readonly hosts: readonly SimHost[];
  protected readonly world: World;

  constructor(options: CloudSetup) {
    super(options.clock);
    const state = options.state ? structuredClone(options.state) : initialState(options, options.clock.now());
    this.world = openWorld(state, authClockOf(options));
    this.control = new CloudControl(this.world, this.clock);
    this.hosts = state.doors.map((door) => new CloudHost(this.world, door, this.clock, this.called));
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
    const { doors } = this.world.state;
    const found = doors.find((door) => door.region === region && door.service === service);
    const shared = doors.find((door) => door.service === "all");
    const address = (found ?? shared)?.address;
    if (address === undefined) throw new Error(`there is no region ${region}`);
    return address;
  }

  tick(): void {
    advance(this.world, this.clock.now());
  }

  nextEventAt(): number | undefined {
    this.tick();
    return nextEntry(this.world)?.at;
  }
}
