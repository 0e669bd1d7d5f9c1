import type { EstateKind } from "./core/estate";
import type { Kinds } from "./frontend/resource/session";

/** Every resource type and its resource kind. A vendor's code is loaded with the first resource of its type. */
export const kinds: Kinds = {
  "oceanbase:AgentVersion": once(async () => (await import("./oceanbase/kind.js")).agentVersion()),
  "oceanbase:ClusterVersion": once(async () => (await import("./oceanbase/kind.js")).clusterVersion()),
  "redisenterprise:DatabaseVersion": once(async () =>
    (await import("./redisenterprise/database/database-version.js")).databaseVersion(),
  ),
  "redisenterprise:ModuleVersions": once(async () =>
    (await import("./redisenterprise/modules/module-versions.js")).moduleVersions(),
  ),
  "taurusdb:StarRocksVersion": once(async () =>
    (await import("./taurusdb/starrocks/starrocks-version.js")).starRocksVersion(),
  ),
  "taurusdb:KernelVersion": once(async () => (await import("./taurusdb/kernel/kernel-version.js")).kernelVersion()),
};

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

/** Every system by its command-line name, loaded when a command needs it. */
export type Estates = Readonly<Record<string, () => Promise<EstateKind>>>;

export const estates: Estates = {
  oceanbase: async () => (await import("./oceanbase/estate.js")).oceanbaseEstate(),
  "redis-enterprise": async () => (await import("./redisenterprise/estate.js")).redisEnterpriseEstate(),
  taurusdb: async () => (await import("./taurusdb/estate.js")).taurusdbEstate(),
};
