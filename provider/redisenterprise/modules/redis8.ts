import type { Database, LoadedModule } from "../database/database";
import { majorOf, type Redis } from "../database/redis";
import { buildsOf, newestOf, runsOn, type ShippedModule } from "./catalogue";
import { sameName } from "./targets";

/** What Redis 8 does to the modules of a database, whatever an upgrade call says of them. */

const SINCE = 8n;

/** Modules that come with Redis 8 to every database, and those of them that also go with data on flash. */
const BUNDLED = ["search", "timeseries", "bf", "ReJSON"];
const BUNDLED_ON_FLASH = ["bf", "ReJSON"];

/** In its place comes `search`. */
const REPLACED = "searchlight";

/** Active-Active databases stay as they are. */
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

/** Whether a module that the database does not have would be added by an upgrade of its Redis that the cluster offers. */
export function comesWithRedis8(name: string, database: Database, offered: readonly Redis[]): boolean {
  const bundled = (database.flash ? BUNDLED_ON_FLASH : BUNDLED).some((one) => sameName(one, name));
  return bundled && offered.some((target) => crosses(database, target));
}

/** Whether what a module is told stands in objects of the database (`search`, …) instead of its arguments. */
export function hasNoArguments(name: string, { redis }: Database): boolean {
  return redis !== undefined && majorOf(redis.release) >= SINCE && BUNDLED.some((one) => sameName(one, name));
}
