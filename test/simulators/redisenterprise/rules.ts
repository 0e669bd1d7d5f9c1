import { has } from "./builds";
import { type Ground, refuse } from "./call";
import { isUnprotected, slotsOf } from "./effects";
import { Refusal } from "./errors";
import { isOver } from "./machine";
import type { DatabaseState, ModuleState } from "./state";
import { atLeast, compareVersions, numbersOf } from "./version";

export interface RedisTarget {
  readonly redisVersion: string;
  readonly version: string;
}

/** Capability → whether a database needs it of its modules (Redis Enterprise facts §2.5). */
const NEEDED: readonly (readonly [string, (database: DatabaseState) => boolean])[] = [
  ["flash", ({ bigstore }) => bigstore],
  ["crdb", ({ crdtGuid }) => crdtGuid !== null],
  ["replica_of", ({ replicaSync }) => replicaSync !== "disabled"],
  ["failover_migrate", ({ replication }) => replication],
  ["persistence_aof", ({ persistence }) => persistence === "aof"],
  ["persistence_rdb", ({ persistence }) => persistence === "snapshot"],
  ["clustering", (database) => slotsOf(database) > 1],
];

export function neededBy(database: DatabaseState): readonly string[] {
  const derived = NEEDED.filter(([, needs]) => needs(database)).map(([capability]) => capability);
  return [...derived, ...database.needs];
}

/**
 * A set `compatible_redis_version` must be met exactly; without it the least version counts, and on software from 8.0 on its
 * major version too (Redis Enterprise facts §2.1, §2.3: the rule is read from the source of a server with Redis 8).
 */
export function isAllowed(module: ModuleState, redis: RedisTarget, softwareVersion: string): boolean {
  if (module.compatibleRedisVersion !== "") return module.compatibleRedisVersion === redis.redisVersion;
  const sameMajor = numbersOf(module.minRedisVersion)[0] === numbersOf(redis.version)[0];
  return atLeast(redis.version, module.minRedisVersion) && (sameMajor || !has("sameMajor", softwareVersion));
}

export function newestAllowed({ world, node }: Ground, name: string, redis: RedisTarget): ModuleState | undefined {
  let newest: ModuleState | undefined;
  for (const module of world.state.modules) {
    if (module.name !== name || !isAllowed(module, redis, node.softwareVersion)) continue;
    if (newest === undefined || compareVersions(module.version, newest.version) > 0) newest = module;
  }
  return newest;
}

/** Throws the server's error for a module that does not fit the database (Redis Enterprise facts §2.1, §6). */
export function checkModule(
  ground: Ground,
  database: DatabaseState,
  module: ModuleState,
  current: string,
  redis: RedisTarget,
): void {
  const title = `${module.name} ${module.version}`;
  if (compareVersions(module.version, current) < 0) {
    refuse(ground, "module_downgrade_unsupported", `Module downgrade is not allowed: ${current} to ${title}`);
  }
  if (!isAllowed(module, redis, ground.node.softwareVersion)) {
    refuse(ground, "redis_incompatible_version", `Module ${title} does not run on Redis ${redis.version}`);
  }
  if (!atLeast(ground.node.softwareVersion, module.minRedisPackVersion)) {
    const needed = module.minRedisPackVersion;
    refuse(ground, "redis_pack_incompatible_version", `Module ${title} needs Redis Enterprise ${needed}`);
  }
  checkCapabilities(ground, database, module);
}

export function checkCapabilities(ground: Ground, database: DatabaseState, module: ModuleState): void {
  const able = new Set([...module.capabilities, ...(module.bigstoreVersion2 ? ["bigstore_version_2"] : [])]);
  const missing = neededBy(database).filter((capability) => !able.has(capability));
  if (missing.length === 0) return;
  const title = `${module.name} ${module.version}`;
  refuse(ground, "unsupported_module_capabilities", `Module ${title} lacks capabilities: ${missing.join(", ")}`);
}

/** One state machine per database (Redis Enterprise facts §3). Throws unless an upgrade may start or wait now. */
export function admit(ground: Ground, database: DatabaseState): void {
  const { settings, switches } = ground.world.state;
  if (settings.licenseExpired) throw new Refusal(403, "license_expired", "redislabs license expired");
  const failed = database.machine?.status === "failed" && database.status === "active-change-pending";
  if (failed && switches.afterFailure === "accepted") return;
  const running = !isOver(database.machine);
  if (running && switches.busy === "queue") return;
  if (!running && database.status === "active") return;
  const description = "another request is being processed at the same time on the same database";
  if (switches.busy === "400") throw new Refusal(400, "busy", description);
  refuse(ground, "busy", description);
}

/** A restart of an unprotected database needs consent, on servers that require it. */
export function checkConsent({ world }: Ground, database: DatabaseState, consent: boolean): void {
  const { missingConsent, codes } = world.state.switches;
  if (missingConsent === "accepted" || consent || !isUnprotected(database)) return;
  throw new Refusal(400, codes.missingConsent, "The upgrade discards data: may_discard_data is not set");
}
