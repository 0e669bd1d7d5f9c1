import { z } from "zod";
import type { BackupRecord } from "../../core/control/backup";
import {
  type Constraint,
  compareParts,
  compareVersions,
  parseConstraint,
  parseVersion,
  type Version,
} from "../../core/version";
import { wordsOf } from "../modules/targets";
import type { Bdb } from "../rest/schema";

/** A Redis version of a database or node. */
export interface Redis {
  /** Major and minor, which is the precision of upgrade targets: `7.4`. */
  readonly release: Version;
  /** With the patch, which depends on the node's software: `7.4.2`. The release where it is not reported. */
  readonly full: Version;
}

/** @param text `7.4`, or `5.0-big` of old servers */
export function redisOf(text: string | null | undefined, full?: string | null): Redis | undefined {
  const release = parseVersion(/^\d+\.\d+/.exec(text ?? full ?? "")?.[0] ?? "");
  if (release === undefined) return undefined;
  const exact = parseVersion(full ?? "");
  const fits = exact !== undefined && compareParts(release.parts, exact.parts) === 0;
  return { release, full: fits ? exact : release };
}

export function sameRelease(a: Version, b: Version): boolean {
  return compareParts(a.parts.slice(0, 2), b.parts.slice(0, 2)) === 0;
}

/** The first major version whose databases include search, timeseries, bf and ReJSON. */
export const REDIS_8 = 8n;

export function majorOf(version: Version): bigint {
  return version.parts[0] ?? 0n;
}

export function newest<T>(things: readonly T[], versionOf: (thing: T) => Version): T | undefined {
  return things.reduce<T | undefined>(
    (best, thing) => (best === undefined || compareVersions(versionOf(thing), versionOf(best)) > 0 ? thing : best),
    undefined,
  );
}

const EXAMPLE = '"7.4", "8" or ">=7.4"';
/** Upgrade targets are major and minor; the patch depends on the nodes' software. */
const PARTS = 2;

/** The `redisVersion` argument: major.minor, a major alone, a minimum, or `latest`. */
export const redisVersion = z.string({ error: `must be a string, such as ${EXAMPLE}` }).superRefine((text, context) => {
  const problem = problemOf(parseConstraint(text));
  if (problem !== undefined) context.addIssue(`${problem}. Example: ${EXAMPLE}`);
});

function problemOf(constraint: Constraint | undefined): string | undefined {
  if (constraint === undefined) return "is not a Redis version";
  if (constraint.kind === "latest") return undefined;
  const { parts, build } = constraint.version;
  if (build !== undefined || parts.length > PARTS) {
    return "must be only major and minor, because the patch comes with the cluster's software";
  }
  return undefined;
}

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
  /** Upgraded by the cluster itself, after an upgrade of its software. */
  readonly autoUpgrade: boolean;
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
    // Paused and stopped ones are still configured.
    replicaOf: (bdb.replica_sync ?? "disabled") !== "disabled",
    autoUpgrade: bdb.auto_upgrade === true,
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

/** @param constraints those of its target versions: a minimum or `latest` is never exceeded */
export function autoUpgradeNotes(database: Database, constraints: readonly Constraint[]): string[] {
  if (!database.autoUpgrade || !constraints.some(({ kind }) => kind === "at")) return [];
  return [
    `${subjectOf(database)} has auto_upgrade: when the cluster's software is upgraded, the cluster also upgrades the database, beyond the target version. To prevent that, set auto_upgrade to false (PUT /v1/bdbs/${database.uid}).`,
  ];
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
