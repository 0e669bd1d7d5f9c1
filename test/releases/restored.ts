import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { createTransport } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver, systemOf, typeOf } from "../systems";
import type { Declared, Fixture } from "./fixture";

/** The database of one resource as it was when the state was written, and this version's provider for it. */
export interface Restored {
  readonly clock: VirtualClock;
  readonly lifecycle: DynamicProvider;
  /** Requests of any kind. */
  requests(): number;
  /** Upgrade requests. */
  upgradeRequests(): number;
}

/** @param later milliseconds that have passed since the state was written */
export function restore({ vendor, systems }: Fixture, { type, system: name }: Declared, later = 0): Restored {
  const clock = new VirtualClock(systems.recordedAt + later);
  const system = systemOf(vendor).restore(clock, { ...systems.common, ...systems.systems[name] });
  const send = createTransport(system, { sleep: (ms) => clock.sleep(ms) });
  const connect = () => simulatedTransport(send);
  const lifecycle = new DynamicProvider({
    kinds: kindsOver(connect),
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    clock,
    env: {},
    random: () => 0.5,
    onCancel: () => () => undefined,
  });
  const { journal } = system;
  return {
    clock,
    lifecycle,
    requests: () => journal.entries.length,
    upgradeRequests: () =>
      journal.find("POST", typeOf(type).upgradePath).filter(({ target }) => !target.includes("dry_run")).length,
  };
}
