import type { Database, LoadedModule } from "../database/database";
import { majorOf, type Redis } from "../database/redis";
import { buildsOf, newestOf, runsOn, type ShippedModule } from "./catalogue";
import { sameName } from "./targets";

/** Effects of Redis 8 on the modules of a database, regardless of the upgrade request. */

const SINCE = 8n;

/** Modules that Redis 8 adds to every database, and those of them that also support data on flash. */
const BUNDLED = ["search", "timeseries", "bf", "ReJSON"];
const BUNDLED_ON_FLASH = ["bf", "ReJSON"];

/** Replaced by `search`. */
const REPLACED = "searchlight";

/** Active-Active databases are not changed. */
function crosses({ redis, crdb }: Database, target: Redis): boolean {
  return (
    crdb === undefined && redis !== undefined && majorOf(redis.release) < SINCE && majorOf(target.release) >= SINCE
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
  return redis !== undefined && majorOf(redis.release) >= SINCE && BUNDLED.some((one) => sameName(one, name));
}
