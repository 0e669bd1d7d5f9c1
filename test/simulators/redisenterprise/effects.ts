import type { LoadedModule, UpgradePlan } from "./machine";
import type { DatabaseState, ShardState } from "./state";
import { compareVersions } from "./version";

/** Number of master shards. */
export function slotsOf({ shards }: DatabaseState): number {
  return shards.reduce((slots, shard) => Math.max(slots, shard.slot + 1), 0);
}

/** Such a database loses its data when a shard restarts (Redis Enterprise facts §3). */
export function isUnprotected({ replication, persistence }: DatabaseState): boolean {
  return !replication && persistence === "disabled";
}

/** Slots whose shards restart next. */
export function batchOf(database: DatabaseState, { parallel }: UpgradePlan, done: number): readonly number[] {
  const slots = slotsOf(database);
  const count = parallel === 0 ? slots : Math.min(parallel, slots - done);
  return Array.from({ length: Math.min(count, slots - done) }, (_, index) => done + index);
}

/** Restarts the next batch of shards, with its effects; returns how many slots are done. */
export function restartSlots(database: DatabaseState, plan: UpgradePlan, done: number): number {
  const batch = batchOf(database, plan, done);
  for (const slot of batch) {
    const shards = database.shards.filter((shard) => shard.slot === slot);
    database.shardRestarts += shards.length;
    for (const shard of shards) shard.version = plan.redis?.version ?? shard.version;
    if (plan.forceDiscard || isUnprotected(database)) discard(database, shards);
    if (database.replication) failOver(database, shards);
  }
  return done + batch.length;
}

function discard(database: DatabaseState, shards: readonly ShardState[]): void {
  database.lostKeys += shards.find((shard) => shard.role === "master")?.keys ?? 0;
  for (const shard of shards) shard.keys = 0;
}

function failOver(database: DatabaseState, shards: readonly ShardState[]): void {
  database.failovers += 1;
  for (const shard of shards) shard.role = shard.role === "master" ? "slave" : "master";
}

/** `preserve_roles` costs one more failover per pair of shards. */
export function secondFailover(database: DatabaseState): void {
  for (let slot = 0; slot < slotsOf(database); slot += 1) {
    failOver(
      database,
      database.shards.filter((shard) => shard.slot === slot),
    );
  }
}

export function applyPlan(database: DatabaseState, plan: UpgradePlan): void {
  if (plan.redis !== null) {
    database.redisVersion = plan.redis.redisVersion;
    database.version = plan.redis.version;
  }
  database.modules = mergedModules(database.modules, plan);
  if (plan.crdtProtocol) database.crdtProtocolVersion += 1;
}

/** The modules as they will be: replaced in place, new ones at the end. */
export function mergedModules(
  modules: readonly LoadedModule[],
  { modules: changes, removed }: Pick<UpgradePlan, "modules" | "removed">,
): LoadedModule[] {
  const kept = modules.filter(({ name }) => !removed.includes(name));
  const replaced = kept.map((module) => changes.find(({ name }) => name === module.name) ?? module);
  const added = changes.filter(({ name }) => !kept.some((module) => module.name === name));
  return [...replaced, ...added];
}

/** Why a queued plan no longer fits the database; null if it does. */
export function outdated(database: DatabaseState, plan: UpgradePlan): string | null {
  if (plan.redis !== null && compareVersions(plan.redis.version, database.version) < 0) {
    return `Target version ${plan.redis.redisVersion} is not higher (or equal) to the current version ${database.redisVersion}`;
  }
  const lower = plan.modules.find(({ name, version }) => {
    const loaded = database.modules.find((module) => module.name === name);
    return loaded !== undefined && compareVersions(version, loaded.version) < 0;
  });
  return lower === undefined ? null : `Module downgrade is not allowed: ${lower.name} ${lower.version}`;
}
