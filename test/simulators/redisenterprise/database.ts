import { fullVersion } from "./builds";
import { uidOf } from "./catalogue";
import type { LoadedModule } from "./machine";
import { isAllowed } from "./rules";
import type { ClusterState, DatabaseState, ShardState } from "./state";
import { softwareOf } from "./world";

/** A module to add to a database: without a version, the one listed for its Redis version. */
export type LoadedSpec = string | { readonly name: string; readonly version?: string; readonly args?: string };

export interface DatabaseSpec {
  /** Default: the next free one. */
  readonly uid?: number;
  readonly name?: string;
  readonly type?: DatabaseState["type"];
  /** "7.4"; default: the cluster's default version. */
  readonly redisVersion?: string;
  /** Full version; default: the bundled one. */
  readonly version?: string;
  readonly modules?: readonly LoadedSpec[];
  /** Default true. */
  readonly replication?: boolean;
  /** Default aof. */
  readonly persistence?: DatabaseState["persistence"];
  /** Master shards. Default 1. */
  readonly shards?: number;
  /** Keys in all. Default 1000. */
  readonly keys?: number;
  /** GUID of its Active-Active database. */
  readonly crdtGuid?: string;
  readonly otherClusters?: readonly string[];
  readonly bigstore?: boolean;
  readonly autoUpgrade?: boolean;
  /** Default disabled. */
  readonly replicaSync?: DatabaseState["replicaSync"];
  /** Further capabilities that its modules must have: hash_policy, intershard_tls, … */
  readonly needs?: readonly string[];
  readonly adminPassword?: string;
}

export function insertDatabase(state: ClusterState, spec: DatabaseSpec, now: number): DatabaseState {
  const { autoUpgrade = false, bigstore = false, needs = [], replicaSync = "disabled" } = spec;
  const uid = spec.uid ?? state.counters.database + 1;
  const taken = spec.uid !== undefined && state.databases.some((one) => one.uid === uid);
  if (taken) throw new Error(`there is already a database ${uid}`);
  state.counters.database = Math.max(uid, state.counters.database);
  const redisVersion = spec.redisVersion ?? state.policy.defaultRedisVersion;
  const version = spec.version ?? fullVersion(redisVersion);
  const replication = spec.replication ?? true;
  const crdtGuid = spec.crdtGuid ?? null;
  const database: DatabaseState = {
    uid,
    name: spec.name ?? `database-${uid}`,
    type: spec.type ?? "redis",
    status: "active",
    redisVersion,
    version,
    modules: (spec.modules ?? []).map((one) => loadedModule(state, one, redisVersion)),
    replication,
    persistence: spec.persistence ?? "aof",
    crdtGuid,
    crdtProtocolVersion: crdtGuid === null ? 0 : 1,
    crdtFeaturesetVersion: crdtGuid === null ? 0 : 8,
    bigstore,
    autoUpgrade,
    replicaSync,
    needs,
    adminPassword: spec.adminPassword ?? `secret-of-database-${uid}`,
    port: 12_000 + uid,
    shards: makeShards(state, { shards: spec.shards ?? 1, keys: spec.keys ?? 1000, replication, version }),
    lostKeys: 0,
    shardRestarts: 0,
    failovers: 0,
    createdAt: now,
    changedAt: now,
    machine: null,
    waiting: [],
  };
  state.databases.push(database);
  if (crdtGuid !== null) insertCrdb(state, crdtGuid, database, spec.otherClusters);
  return database;
}

function insertCrdb(
  state: ClusterState,
  guid: string,
  { uid, name }: DatabaseState,
  otherClusters: readonly string[] = [],
): void {
  const others = otherClusters.map((cluster) => ({ cluster, lastsMs: 0, error: null }));
  state.crdbs.push({ guid, name, localDatabase: uid, otherClusters: others });
}

/** Throws if only a name is given and the cluster lists no such module for the Redis version. */
export function loadedModule(state: ClusterState, spec: LoadedSpec, redisVersion: string): LoadedModule {
  const { name, version, args = "" } = typeof spec === "string" ? { name: spec } : spec;
  const known = state.modules.find(
    (one) =>
      one.name === name &&
      (version === undefined
        ? isAllowed(one, { redisVersion, version: fullVersion(redisVersion) }, softwareOf(state))
        : one.version === version),
  );
  if (known !== undefined) return { name, uid: known.uid, version: known.version, args };
  if (version === undefined) throw new Error(`the cluster has no module ${name} for Redis ${redisVersion}`);
  return { name, uid: uidOf(name, version), version, args };
}

/** Shards are placed round-robin, a replica on the node after its master. */
function makeShards(
  state: ClusterState,
  { shards, keys, replication, version }: { shards: number; keys: number; replication: boolean; version: string },
): ShardState[] {
  const made: ShardState[] = [];
  for (let slot = 0; slot < shards; slot += 1) {
    const share = Math.floor(keys / shards) + (slot < keys % shards ? 1 : 0);
    for (const role of replication ? (["master", "slave"] as const) : (["master"] as const)) {
      state.counters.shard += 1;
      const id = state.counters.shard;
      const node = state.nodes[(slot + (role === "slave" ? 1 : 0)) % state.nodes.length]?.uid ?? 1;
      made.push({ id, slot, role, node, version, keys: share });
    }
  }
  return made;
}
