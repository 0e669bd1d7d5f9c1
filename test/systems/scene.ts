import type { Clock } from "../../provider/core/runtime";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import { createTransport, type SimSystem } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { kindsOver, RESOURCE_TYPES, type ResourceType, type Vendor } from "./index";

type ProcessOptions = ConstructorParameters<typeof DynamicProvider>[0];

/** Intercepts the requests of a provider: it responds itself, or forwards them to the vendor. */
export type Intercept = (request: WireRequest, vendor: Transport["send"]) => Promise<WireResponse>;

export interface Scene {
  readonly vendor: Vendor;
  readonly transport: Transport;
  /** A provider process that has just been started. By default it logs nothing. */
  process(more?: Partial<ProcessOptions>): DynamicProvider;
}

/** An in-memory vendor with an outdated database, and provider processes that reach it. */
export function sceneOf(
  of: ResourceType,
  clock: Clock,
  intercept: Intercept = (request, vendor) => vendor(request),
): Scene {
  const vendor = of.make(clock);
  const transport = transportTo(vendor.system, clock, intercept);
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
function transportTo(system: SimSystem, clock: Clock, intercept: Intercept): Transport {
  const genuine = simulatedTransport(createTransport(system, { sleep: (ms) => clock.sleep(ms) }));
  return {
    send: (request) => intercept(request, (forwarded) => genuine.send(forwarded)),
    close: async () => undefined,
  };
}

/** @param type `oceanbase:ClusterVersion` @throws Error for an unknown type */
export function resourceType(type: string): ResourceType {
  const found = RESOURCE_TYPES.find((one) => one.type === type);
  if (found === undefined) throw new Error(`there is no ${type}`);
  return found;
}
