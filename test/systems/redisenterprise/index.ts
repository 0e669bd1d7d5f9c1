import { databaseVersion } from "../../../provider/redisenterprise/database/database-version";
import { moduleVersions } from "../../../provider/redisenterprise/modules/module-versions";
import { RedisEnterpriseCluster, redisenterprise as simulator } from "../../simulators";
import { completed, loadedOnce, type ResourceType, type TestedSystem } from "../system";
import { openQuickRedis, openRedis } from "./served";

const QUICK = { pendingMs: 300, stateMs: 2_000, shardMs: 2_000 };
const CACHE = {
  name: "cache",
  redisVersion: "7.4",
  modules: [
    { name: "search", version: "2.10.8", args: "WORKERS 6" },
    { name: "ReJSON", version: "2.8.4" },
  ],
};

function redis(type: string, upgradePath: RegExp, targetArgs: object): ResourceType {
  return {
    type,
    upgradePath,
    make: (clock) => {
      const databases = [CACHE, { name: "sessions", redisVersion: "7.2" }];
      const system = new RedisEnterpriseCluster({ clock, timings: QUICK, nodes: 1, databases });
      const args = {
        endpoints: system.endpoints.map((address) => `https://${address}`),
        username: simulator.DEFAULT_USER,
        password: simulator.DEFAULT_PASSWORD,
        ...targetArgs,
      };
      return { type, args, system, upgradePath, accepted: () => system.acceptedUpgrades.length };
    },
    open: openQuickRedis,
  };
}

export const redisenterprise: TestedSystem = {
  vendor: "redisenterprise",
  types: [
    redis("redisenterprise:ModuleVersions", /^\/v1\/bdbs\/\d+\/modules\/upgrade$/, {
      databaseId: 1,
      modules: { search: "2.10.17", ReJSON: "2.8.10" },
    }),
    redis("redisenterprise:DatabaseVersion", /^\/v1\/bdbs\/\d+\/upgrade$/, { databaseId: 2, redisVersion: "7.4" }),
  ],
  kinds: (connect) =>
    loadedOnce({
      "redisenterprise:ModuleVersions": () => moduleVersions(connect),
      "redisenterprise:DatabaseVersion": () => databaseVersion(connect),
    }),
  open: [() => openRedis()],
  restore: (clock, saved) =>
    new RedisEnterpriseCluster({ clock, state: completed(new RedisEnterpriseCluster({ clock }).export(), saved) }),
};
