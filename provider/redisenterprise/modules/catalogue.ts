import type { z } from "zod";
import { atLeast, compareVersions, parseVersion, type Version } from "../../core/version";
import {
  type Database,
  type LoadedModule,
  majorOf,
  newest,
  REDIS_8,
  type Redis,
  sameRelease,
} from "../database/database";
import type { ClusterNode } from "../node";
import type { clusterModules } from "../rest/schema";
import { sameName } from "./targets";

/** A module build that the cluster ships. */
export interface ShippedModule {
  readonly uid: string;
  readonly name: string;
  readonly version: Version;
  /** As the server writes it. */
  readonly text: string;
  /** The only Redis release that it runs on; undefined: by `minRedis` and `belowRedis`. */
  readonly compatible: Version | undefined;
  readonly minRedis: Version | undefined;
  /** The first major version of Redis that it does not run on; undefined: there is none. */
  readonly belowRedis: bigint | undefined;
  /** The minimum software of the nodes, reported by servers up to 7.22. */
  readonly minSoftware: Version | undefined;
  /** Undefined when the server does not report them. */
  readonly capabilities: readonly string[] | undefined;
}

/**
 * Servers that ship Redis 8 require that Redis has the major version of a build's minimum version, for every Redis.
 * Earlier ones only refuse a Redis below the minimum version: modules that declare 6.0 are upgraded with their databases
 * to 7.4.
 */
export function shippedFrom(
  modules: z.infer<typeof clusterModules>,
  nodes: readonly Pick<ClusterNode, "supported">[],
): ShippedModule[] {
  const sameMajor = nodes.some(({ supported }) => supported.some(({ release }) => majorOf(release) >= REDIS_8));
  return modules.flatMap((module) => {
    const version = parseVersion(module.semantic_version);
    if (version === undefined) return [];
    const minRedis = parseVersion(module.min_redis_version ?? "");
    return {
      uid: module.uid,
      name: module.module_name,
      version,
      text: module.semantic_version,
      compatible: parseVersion(module.compatible_redis_version ?? ""),
      minRedis,
      belowRedis: sameMajor && minRedis !== undefined ? majorOf(minRedis) + 1n : undefined,
      minSoftware: parseVersion(module.min_redis_pack_version ?? ""),
      capabilities: module.capabilities ?? undefined,
    };
  });
}

export function buildsOf(shipped: readonly ShippedModule[], name: string): ShippedModule[] {
  return shipped.filter((module) => sameName(module.name, name)).sort((a, b) => compareVersions(a.version, b.version));
}

/** Whether a build runs on a Redis version. A declared `compatible_redis_version` must match exactly. */
export function runsOn({ compatible, minRedis, belowRedis }: ShippedModule, redis: Redis): boolean {
  if (compatible !== undefined) return sameRelease(compatible, redis.release);
  if (belowRedis !== undefined && majorOf(redis.full) >= belowRedis) return false;
  return minRedis === undefined || atLeast(redis.full, minRedis);
}

/** `Redis 8.0`, `Redis 7.1 or later`, or `Redis 7.1 or later, below 8`. */
export function neededRedis({ compatible, minRedis, belowRedis }: ShippedModule): string {
  if (compatible !== undefined) return `Redis ${compatible.parts.join(".")}`;
  if (minRedis === undefined) return "any Redis";
  const least = `Redis ${minRedis.parts.join(".")} or later`;
  return belowRedis === undefined ? least : `${least}, below ${belowRedis}`;
}

export function newestOf(builds: readonly ShippedModule[]): ShippedModule | undefined {
  return newest(builds, (build) => build.version);
}

/** The distinct names of the modules that the cluster ships. */
export function shippedNames(shipped: readonly ShippedModule[]): string[] {
  return [...new Set(shipped.map(({ name }) => name))].sort((a, b) => a.localeCompare(b, "en"));
}

/**
 * What a database requires of all its modules, as far as its object shows: a capability, and whether it is needed. The
 * server knows some more (`hash_policy`, `intershard_tls`, …) and responds with 406 for those.
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

/** The capabilities that the database requires and the build lacks. */
export function missingCapabilities(database: Database, { capabilities }: ShippedModule): string[] {
  if (capabilities === undefined) return [];
  return NEEDS.filter(([name, needed]) => needed(database) && !capabilities.includes(name)).map(([name]) => name);
}

/** Modules that Redis 8 adds to every database, and those of them that also support data on flash. */
const BUNDLED = ["search", "timeseries", "bf", "ReJSON"];
const BUNDLED_ON_FLASH = ["bf", "ReJSON"];

/** Replaced by `search`. */
const REPLACED = "searchlight";

/** Active-Active databases are not changed. */
function crosses({ redis, crdb }: Database, target: Redis): boolean {
  return (
    crdb === undefined && redis !== undefined && majorOf(redis.release) < REDIS_8 && majorOf(target.release) >= REDIS_8
  );
}

/** The modules that the database still has after an upgrade to the target. */
export function remainingOf(database: Database, target: Redis): readonly LoadedModule[] {
  const modules = database.modules ?? [];
  return crosses(database, target) ? modules.filter(({ name }) => !sameName(name, REPLACED)) : modules;
}

/** Builds that an upgrade to Redis 8 adds. */
export function addedBy(database: Database, target: Redis, shipped: readonly ShippedModule[]): ShippedModule[] {
  if (!crosses(database, target)) return [];
  const has = new Set((database.modules ?? []).map(({ name }) => name.toLowerCase()));
  return (database.flash ? BUNDLED_ON_FLASH : BUNDLED)
    .filter((name) => !has.has(name.toLowerCase()))
    .flatMap((name) => newestOf(buildsOf(shipped, name).filter((build) => runsOn(build, target))) ?? []);
}

/** Whether an upgrade of the database's Redis that the cluster offers would add a missing module. */
export function comesWithRedis8(name: string, database: Database, offered: readonly Redis[]): boolean {
  const bundled = (database.flash ? BUNDLED_ON_FLASH : BUNDLED).some((one) => sameName(one, name));
  return bundled && offered.some((target) => crosses(database, target));
}

/** Whether a module is configured in objects of the database (`search`, …) instead of its arguments. */
export function hasNoArguments(name: string, { redis }: Database): boolean {
  return redis !== undefined && majorOf(redis.release) >= REDIS_8 && BUNDLED.some((one) => sameName(one, name));
}
