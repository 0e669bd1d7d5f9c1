import type { BackupRecord } from "../../core/control/backup";
import { parseVersion, type Version } from "../../core/version";
import { wordsOf } from "../modules/targets";
import type { Bdb } from "../rest/schema";
import { backupOf } from "./backup";
import { type Redis, redisOf } from "./redis";

/** A module as a database runs it. */
export interface LoadedModule {
  /** As the server writes it. */
  readonly name: string;
  readonly uid: string | undefined;
  /** Undefined when it cannot be read. */
  readonly version: Version | undefined;
  /** As the server writes it. */
  readonly text: string;
  readonly args: string;
}

/** A database, as far as an upgrade concerns it. */
export interface Database {
  readonly uid: number;
  readonly name: string;
  readonly type: string;
  readonly status: string;
  /** The action that runs, where the server shows it. */
  readonly action: string | undefined;
  readonly redis: Redis | undefined;
  /** Undefined when the server does not list them. */
  readonly modules: readonly LoadedModule[] | undefined;
  readonly replication: boolean;
  /** `disabled`, `snapshot` or `aof`. */
  readonly persistence: string;
  /** GUID of the Active-Active database that it takes part in. */
  readonly crdb: string | undefined;
  readonly flash: boolean;
  readonly replicaOf: boolean;
  /** Master shards. */
  readonly shards: number | undefined;
  readonly backup: BackupRecord;
}

/** The one status in which nothing is under way. */
export const ACTIVE = "active";

export function databaseFrom(bdb: Bdb): Database {
  const guid = bdb.crdt_guid ?? "";
  return {
    uid: bdb.uid,
    name: bdb.name ?? "",
    type: bdb.type ?? "redis",
    status: bdb.status,
    action: bdb.action_uid ?? undefined,
    redis: redisOf(bdb.redis_version, bdb.version),
    modules: bdb.module_list?.map((module) => ({
      name: module.module_name,
      uid: module.module_id ?? undefined,
      version: parseVersion(module.semantic_version ?? ""),
      text: module.semantic_version ?? "",
      args: argsFrom(module.module_args),
    })),
    // What is not told is taken for unprotected: that only asks for consent.
    replication: bdb.replication === true,
    persistence: bdb.data_persistence ?? "disabled",
    crdb: bdb.crdt === true || guid !== "" ? guid : undefined,
    flash: bdb.bigstore === true,
    replicaOf: bdb.replica_sync === "enabled",
    shards: bdb.shards_count ?? undefined,
    backup: backupOf(bdb),
  };
}

function argsFrom(args: string | readonly (string | null)[] | null | undefined): string {
  if (args == null || typeof args === "string") return args ?? "";
  return wordsOf(args.filter((word) => word !== null).join(" "));
}

/** Nothing keeps its data while a shard restarts. */
export function isUnprotected({ replication, persistence }: Database): boolean {
  return !replication && persistence === "disabled";
}

/** `database 1`, with its name where it has one: `database 1 (cache)`. */
export function labelOf({ uid, name }: Pick<Database, "uid" | "name">): string {
  return name === "" ? `database ${uid}` : `database ${uid} (${name})`;
}

/** The same at the beginning of a sentence. */
export function subjectOf(database: Pick<Database, "uid" | "name">): string {
  return labelOf(database).replace(/^d/, "D");
}
