import { TaurusCloud, taurusdb } from "../../simulators";
import { VirtualClock } from "../../support/virtual-clock";
import { lifecycleIn, type World, type WorldOptions } from "./world";

const { region, accessKey, secretKey, instanceId } = taurusdb.DEFAULTS;
const CONNECTION = { region, accessKey, secretKey };
/** From an accepted upgrade to its start, in milliseconds, if the length is set. */
const START = 5_000;
const NEW_KERNEL = "2.0.78.260600";
const NEW_STARROCKS = "3.1.15.80";

export interface CloudWorld extends World {
  readonly cloud: TaurusCloud;
  readonly ids: readonly string[];
}

export interface FleetOptions extends WorldOptions {
  /** Default 1. */
  readonly instances?: number;
  /** The initial kernels of the instances, in turn. Default: that of the cloud. */
  readonly sources?: readonly string[];
}

export function kernelWorld(options: FleetOptions = {}): CloudWorld {
  const { instances = 1, sources = [], upgrade } = options;
  const clock = new VirtualClock();
  const timings = upgrade === undefined ? {} : { startMs: START, upgradeMs: upgrade - START };
  const cloud = new TaurusCloud({ clock, instances, timings });
  const ids = cloud.instances.map(({ id }) => id);
  for (const [at, id] of ids.entries()) {
    const source = sources[at % sources.length];
    if (source !== undefined) cloud.control.setKernel(source, id);
  }
  const world = lifecycleIn({ clock, systems: cloud, type: "taurusdb:KernelVersion", options });
  return {
    ...world,
    cloud,
    ids,
    journal: cloud.journal.entries,
    writes: () => cloud.journal.find("POST", /\/instances\/database-version\/upgrade$/),
    inputs: (name, args) => ({
      instanceIds: ids,
      version: ">=2.0.78",
      preCheck: false,
      ...CONNECTION,
      ...args,
      ...world.hidden(name),
    }),
    isFinished() {
      cloud.tick();
      return cloud.instances.every(({ kernel }) => kernel === NEW_KERNEL);
    },
  };
}

export function starRocksWorld(options: WorldOptions = {}): CloudWorld {
  const clock = new VirtualClock();
  const { upgrade } = options;
  const timings = upgrade === undefined ? {} : { startMs: START, starRocksMs: upgrade - START };
  const cloud = new TaurusCloud({ clock, timings });
  const [starRocks] = cloud.starRocks;
  if (starRocks === undefined) throw new Error("the cloud has no StarRocks instance");
  const world = lifecycleIn({ clock, systems: cloud, type: "taurusdb:StarRocksVersion", options });
  return {
    ...world,
    cloud,
    ids: [starRocks.id],
    journal: cloud.journal.entries,
    writes: () => cloud.journal.find("POST", /\/starrocks\/db-upgrade$/),
    inputs: (name, args) => ({
      instanceId,
      starRocksInstanceId: starRocks.id,
      version: NEW_STARROCKS,
      ...CONNECTION,
      ...args,
      ...world.hidden(name),
    }),
    isFinished() {
      cloud.tick();
      return cloud.starRocks[0]?.kernel === NEW_STARROCKS;
    },
  };
}
