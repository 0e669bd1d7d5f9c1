import type { Clock } from "../../provider/core/runtime";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import { createTransport, type SimSystem } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { kindsOver, RESOURCE_TYPES, type ResourceType, type Vendor } from "./index";

type Surroundings = ConstructorParameters<typeof DynamicProvider>[0];

/** What stands between a provider and its vendor: it answers itself, or asks the vendor. */
export type Between = (request: WireRequest, vendor: Transport["send"]) => Promise<WireResponse>;

export interface Scene {
  readonly vendor: Vendor;
  readonly transport: Transport;
  /** A provider process that has just been started. It logs nothing, if nothing else is said. */
  process(more?: Partial<Surroundings>): DynamicProvider;
}

/** A vendor with something to upgrade, in memory, and provider processes that reach it. */
export function sceneOf(
  of: ResourceType,
  clock: Clock,
  between: Between = (request, vendor) => vendor(request),
): Scene {
  const vendor = of.make(clock);
  const transport = transportTo(vendor.system, clock, between);
  return {
    vendor,
    transport,
    process: (more = {}) =>
      new DynamicProvider({
        kinds: kindsOver(() => transport),
        log: { write: () => undefined, flush: async () => undefined },
        rhythm: { change: 0, repeat: 60_000 },
        clock,
        env: {},
        ...more,
      }),
  };
}

/** The transport of a simulated system. */
function transportTo(system: SimSystem, clock: Clock, between: Between): Transport {
  const genuine = simulatedTransport(createTransport(system, { sleep: (ms) => clock.sleep(ms) }));
  return {
    send: (request) => between(request, (passed) => genuine.send(passed)),
    close: async () => undefined,
  };
}

/** @param type `oceanbase:ClusterVersion` @throws Error where there is no such type */
export function resourceType(type: string): ResourceType {
  const found = RESOURCE_TYPES.find((one) => one.type === type);
  if (found === undefined) throw new Error(`there is no ${type}`);
  return found;
}
