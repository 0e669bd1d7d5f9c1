import { agentsWorld, databaseWorld } from "./oceanbase";
import { modulesWorld, redisWorld } from "./redisenterprise";
import { kernelWorld, starRocksWorld } from "./taurusdb";
import type { World, WorldOptions } from "./world";

/** A world with an outdated database for each resource type. */
export const TYPES: Readonly<Record<string, (options?: WorldOptions) => World>> = {
  "oceanbase.ClusterVersion": databaseWorld,
  "oceanbase.AgentVersion": agentsWorld,
  "taurusdb.KernelVersion": kernelWorld,
  "taurusdb.StarRocksVersion": starRocksWorld,
  "redisenterprise.DatabaseVersion": redisWorld,
  "redisenterprise.ModuleVersions": modulesWorld,
};
