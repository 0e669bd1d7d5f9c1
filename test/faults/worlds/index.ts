import type { WorldOfType } from "../world";
import { oceanbaseAgentVersion, oceanbaseClusterVersion } from "./oceanbase";
import { redisDatabaseVersion, redisModuleVersions } from "./redisenterprise";
import { taurusdbKernelVersion, taurusdbStarRocksVersion } from "./taurusdb";

/** The simulated vendors of all resource types. */
export const WORLDS: readonly WorldOfType[] = [
  oceanbaseClusterVersion,
  oceanbaseAgentVersion,
  taurusdbKernelVersion,
  taurusdbStarRocksVersion,
  redisModuleVersions,
  redisDatabaseVersion,
];
