import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Transport } from "../../provider/http/transport";
import { agentVersion } from "../../provider/oceanbase/agent-version";
import { clusterVersion } from "../../provider/oceanbase/cluster-version";
import { databaseVersion } from "../../provider/redisenterprise/database/database-version";
import { moduleVersions } from "../../provider/redisenterprise/modules/module-versions";
import { kernelVersion } from "../../provider/taurusdb/kernel/kernel-version";
import { starRocksVersion } from "../../provider/taurusdb/starrocks/starrocks-version";
import { createTransport, ObshellCluster, RedisEnterpriseCluster, type SimSystem, TaurusCloud } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { type Declared, type Fixture, UPGRADE_REQUESTS, type Values, type Vendor } from "./fixture";

/** The database of one resource as it was when the state was written, and this version's provider in front of it. */
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
  const system = OPEN[vendor](clock, { ...systems.common, ...systems.systems[name] });
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
      journal.find("POST", UPGRADE_REQUESTS[type]).filter(({ target }) => !target.includes("dry_run")).length,
  };
}

function kindsOver(connect: () => Transport) {
  return {
    "oceanbase:AgentVersion": async () => agentVersion(connect),
    "oceanbase:ClusterVersion": async () => clusterVersion(connect),
    "redisenterprise:DatabaseVersion": async () => databaseVersion(connect),
    "redisenterprise:ModuleVersions": async () => moduleVersions(connect),
    "taurusdb:KernelVersion": async () => kernelVersion(connect, {}),
    "taurusdb:StarRocksVersion": async () => starRocksVersion(connect, {}),
  };
}

const OPEN: Readonly<Record<Vendor, (clock: VirtualClock, state: Values) => SimSystem>> = {
  oceanbase: (clock, saved) =>
    new ObshellCluster({ clock, state: completed(new ObshellCluster({ clock }).export(), saved) }),
  taurusdb: (clock, saved) => new TaurusCloud({ clock, state: completed(new TaurusCloud({ clock }).export(), saved) }),
  redisenterprise: (clock, saved) =>
    new RedisEnterpriseCluster({ clock, state: completed(new RedisEnterpriseCluster({ clock }).export(), saved) }),
};

/** What later simulators have beside what was saved has its default value. */
function completed<T extends object>(fresh: T, saved: Values): T {
  const entries = Object.entries(saved).map(([key, value]) => {
    const before: unknown = Reflect.get(fresh, key);
    return [key, isTable(before) && isTable(value) ? { ...before, ...value } : value] as const;
  });
  return { ...fresh, ...Object.fromEntries(entries) };
}

function isTable(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
