/**
 * Simulators of the databases' management APIs: as strict as the real servers, in memory or over loopback sockets, in
 * virtual time or at any speed. They share nothing with the code that talks to them.
 */

export * as obshell from "./obshell";
export { ObshellCluster } from "./obshell";
export * as redisenterprise from "./redisenterprise";
export { RedisEnterpriseCluster, serveRedisEnterprise } from "./redisenterprise";
export * from "./shell";
export * as taurusdb from "./taurusdb";
export { TaurusCloud } from "./taurusdb";
