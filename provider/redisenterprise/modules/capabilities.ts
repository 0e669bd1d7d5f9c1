import type { Database } from "../database/database";
import type { ShippedModule } from "./catalogue";

/**
 * What a database needs of every module that it runs, as far as its object tells: capability, and the sign that it is
 * needed. The server knows some more (`hash_policy`, `intershard_tls`, …) and answers 406 for those.
 */
const NEEDS: readonly (readonly [capability: string, needed: (database: Database) => boolean])[] = [
  ["flash", ({ flash }) => flash],
  ["crdb", ({ crdb }) => crdb !== undefined],
  ["replica_of", ({ replicaOf }) => replicaOf],
  ["failover_migrate", ({ replication }) => replication],
  ["persistence_aof", ({ persistence }) => persistence === "aof"],
  ["persistence_rdb", ({ persistence }) => persistence === "snapshot"],
  ["clustering", ({ shards }) => (shards ?? 1) > 1],
];

/** The capabilities that the database needs and the build does not have. */
export function missingCapabilities(database: Database, { capabilities }: ShippedModule): string[] {
  if (capabilities === undefined) return [];
  return NEEDS.filter(([name, needed]) => needed(database) && !capabilities.includes(name)).map(([name]) => name);
}
