import type { EstateKind } from "./core/estate";
import type { Kinds } from "./frontend/resource/session";

/** Every resource type and its resource kind. A vendor's code is loaded with the first resource of its type. */
export const kinds: Kinds = {
  "oceanbase:AgentVersion": async () => (await import("./oceanbase/agent-version.js")).agentVersion(),
  "oceanbase:ClusterVersion": async () => (await import("./oceanbase/cluster-version.js")).clusterVersion(),
  "redisenterprise:DatabaseVersion": async () =>
    (await import("./redisenterprise/database/database-version.js")).databaseVersion(),
  "redisenterprise:ModuleVersions": async () =>
    (await import("./redisenterprise/modules/module-versions.js")).moduleVersions(),
  "taurusdb:StarRocksVersion": async () =>
    (await import("./taurusdb/starrocks/starrocks-version.js")).starRocksVersion(),
  "taurusdb:KernelVersion": async () => (await import("./taurusdb/kernel/kernel-version.js")).kernelVersion(),
};

/** Every system by its command-line name, loaded when a command needs it. */
export type Estates = Readonly<Record<string, () => Promise<EstateKind>>>;

export const estates: Estates = {
  oceanbase: async () => (await import("./oceanbase/estate.js")).oceanbaseEstate(),
  "redis-enterprise": async () => (await import("./redisenterprise/estate.js")).redisEnterpriseEstate(),
  taurusdb: async () => (await import("./taurusdb/estate.js")).taurusdbEstate(),
};
