import { RedisEnterpriseCluster, redisenterprise } from "../../simulators";
import { VirtualClock } from "../../support/virtual-clock";
import { lifecycleIn, type World, type WorldOptions } from "./world";

const CACHE = {
  name: "cache",
  redisVersion: "7.4",
  modules: [
    { name: "search", version: "2.10.8", args: "WORKERS 6" },
    { name: "ReJSON", version: "2.8.4" },
  ],
};
const REDIS = { redisVersion: "8.0" };
const MODULES = { modules: { search: "2.10.17", ReJSON: "2.8.10" } };
/** The length of an upgrade with the plausible timings, in milliseconds. */
const PLAUSIBLE = 10_500;

export interface RedisWorld extends World {
  readonly cluster: RedisEnterpriseCluster;
}

export function redisWorld(options: WorldOptions = {}): RedisWorld {
  return openWorld("redisenterprise:DatabaseVersion", REDIS, options);
}

export function modulesWorld(options: WorldOptions = {}): RedisWorld {
  return openWorld("redisenterprise:ModuleVersions", MODULES, options);
}

function openWorld(type: string, target: Readonly<Record<string, unknown>>, options: WorldOptions): RedisWorld {
  const clock = new VirtualClock();
  const timings = options.upgrade === undefined ? "plausible" : scaled(options.upgrade / PLAUSIBLE);
  const cluster = new RedisEnterpriseCluster({ clock, databases: [CACHE], timings });
  const { lifecycle, lines, hidden } = lifecycleIn({ clock, systems: cluster, type, options });
  return {
    cluster,
    clock,
    lifecycle,
    lines,
    journal: cluster.journal.entries,
    writes: () => cluster.journal.find("POST", /^\/v[12]\/bdbs\/\d+(\/modules)?\/upgrade$/),
    inputs: (name, args) => ({
      endpoints: cluster.endpoints.map((address) => `https://${address}`),
      username: redisenterprise.DEFAULT_USER,
      password: redisenterprise.DEFAULT_PASSWORD,
      databaseId: 1,
      ...target,
      ...args,
      ...hidden(name),
    }),
    isFinished() {
      cluster.tick();
      const [database] = cluster.state.databases;
      const accepted = cluster.acceptedUpgrades.length > 0;
      return (
        accepted && database?.status === "active" && !["pending", "active"].includes(database.machine?.status ?? "")
      );
    },
  };
}

function scaled(factor: number): Record<string, number> {
  const { PLAUSIBLE: usual } = redisenterprise;
  return Object.fromEntries(Object.entries(usual).map(([name, value]) => [name, Math.round(value * factor)]));
}
