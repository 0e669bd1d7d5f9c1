import type { BackupRecord } from "../../core/control/backup";
import { parseVersion, type Version } from "../../core/version/version";
import { wordsOf } from "../modules/targets";
import type { Bdb } from "../rest/schema";
import { type Redis, redisOf } from "./redis";

/** A module as loaded by a database. */
export interface LoadedModule {
  /** As the server writes it. */
  readonly name: string;
  readonly uid: string | undefined;
  /** Undefined when it cannot be parsed. */
  readonly version: Version | undefined;
  /** As the server writes it. */
  readonly text: string;
  readonly args: string;
}

/** The properties of a database that an upgrade depends on. */
export interface Database {
  readonly uid: number;
  readonly name: string;
  readonly type: string;
  readonly status: string;
  /** The action in progress, if the server shows it. */
  readonly action: string | undefined;
  readonly redis: Redis | undefined;
  /** Undefined when the server does not list them. */
  readonly modules: readonly LoadedModule[] | undefined;
  readonly replication: boolean;
  /** `disabled`, `snapshot` or `aof`. */
  readonly persistence: string;
  /** GUID of the Active-Active database that it participates in. */
  readonly crdb: string | undefined;
  readonly flash: boolean;
  readonly replicaOf: boolean;
  /** Master shards. */
  readonly shards: number | undefined;
  readonly backup: BackupRecord;
}

/** The only status in which nothing is in progress. */
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
    // Unreported values count as unprotected, which only requires consent.
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

/** Whether its data is lost when a shard restarts. */
export function isUnprotected({ replication, persistence }: Database): boolean {
  return !replication && persistence === "disabled";
}

/** `database 1`, with its name if it has one: `database 1 (cache)`. */
export function labelOf({ uid, name }: Pick<Database, "uid" | "name">): string {
  return name === "" ? `database ${uid}` : `database ${uid} (${name})`;
}

/** The same at the beginning of a sentence. */
export function subjectOf(database: Pick<Database, "uid" | "name">): string {
  return labelOf(database).replace(/^d/, "D");
}

/**
 * The backup status in a database object. Periodic backups and manual exports have separate fields; each is a full
 * copy. It is read with the database, so no further request is needed.
 */
export function backupOf(bdb: Bdb): BackupRecord {
  if ([bdb.backup_status, bdb.export_status].includes("exporting")) return { kind: "running" };
  const times = [bdb.last_backup_time, bdb.last_export_time].flatMap((time) => time || []);
  if (times.length === 0) return { kind: "none" };
  const ends = times.map((time) => Date.parse(time)).filter((end) => !Number.isNaN(end));
  if (ends.length === 0) return { kind: "unknown", reason: `the time of the last one cannot be read: ${times[0]}` };
  return { kind: "finished", at: Math.max(...ends) };
}
