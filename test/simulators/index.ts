/**
 * Simulators of the databases' management APIs, for tests of stacks that need no database: as strict as the real servers,
 * over loopback sockets or in memory, in virtual time or at any speed. They need no
 * Pulumi, no network and no package besides this one, and share nothing with the code that talks to them.
 *
 * `startOceanBase`, `startTaurusDB` and `startRedisEnterprise` serve one on free ports and give the connection arguments
 * with it. Everything else is for tests that need more: `system.control` changes the system as an operator or an accident
 * would, `system.faults` injects faults, `system.journal` has every call.
 *
 * @packageDocumentation
 */

import "./shell/node";

/** OceanBase clusters with their obshell agents: the parts of {@link ObshellCluster}. */
export * as obshell from "./obshell";
export { type ClusterOptions, ObshellCluster } from "./obshell";
/** Redis Enterprise Software: the parts of {@link RedisEnterpriseCluster}. */
export * as redisenterprise from "./redisenterprise";
export { RedisEnterpriseCluster, serveRedisEnterprise } from "./redisenterprise";
export * from "./shell";
export { type OceanBaseConnection, type OceanBaseOptions, startOceanBase } from "./start/oceanbase";
export {
  type RedisEnterpriseConnection,
  type RedisEnterpriseOptions,
  startRedisEnterprise,
} from "./start/redisenterprise";
export type { Running } from "./start/running";
export { startTaurusDB, type TaurusDBConnection, type TaurusDBOptions } from "./start/taurusdb";
/** TaurusDB, StarRocks and IAM of Huawei Cloud: the parts of {@link TaurusCloud}. */
export * as taurusdb from "./taurusdb";
export { TaurusCloud } from "./taurusdb";
