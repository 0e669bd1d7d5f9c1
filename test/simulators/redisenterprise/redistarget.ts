import { type Fields, flag, text } from "./body";
import type { SupportedVersion } from "./builds";
import { type Ground, refuse } from "./call";
import { malformed, Refusal } from "./errors";
import type { RedisTarget } from "./rules";
import type { DatabaseState } from "./state";
import { compareVersions } from "./version";

/** The Redis version a POST …/upgrade goes to (Redis Enterprise facts §2.3). Throws 400 if it cannot. */
export function targetOf(ground: Ground, database: DatabaseState, fields: Fields): RedisTarget {
  const { state } = ground.world;
  const { codes } = state.switches;
  if (database.type !== "redis") throw malformed(state.switches, `Database ${database.uid} is no redis database`);
  if (new Set(state.nodes.map((node) => node.softwareVersion)).size > 1) {
    throw new Refusal(400, codes.mixedNodes, "not all nodes upgraded to the same version");
  }
  const wanted = wantedOf(ground, database, fields);
  if (wanted === undefined) return { redisVersion: database.redisVersion, version: database.version };
  if (compareVersions(wanted, database.redisVersion) < 0) {
    const text = `Target version ${wanted} is not higher (or equal) to the current version ${database.redisVersion}`;
    throw new Refusal(400, codes.redisDowngrade, text);
  }
  const found = supportedByAll(ground, wanted);
  if (wanted === database.redisVersion) return newerPatch(database, found);
  if (found === undefined) {
    throw new Refusal(400, codes.unsupportedTarget, `Redis version ${wanted} is not supported by all nodes`);
  }
  if (state.policy.redisUpgradePolicy === "major" && !found.major) {
    refuse(ground, "redis_upgrade_policy_mismatch", `Redis version ${wanted} does not fit the upgrade policy major`);
  }
  if (wanted === "8.0" && database.bigstore) {
    throw new Refusal(400, codes.unsupportedTarget, "Redis 8.0 does not support databases on flash");
  }
  return found;
}

function wantedOf(ground: Ground, database: DatabaseState, fields: Fields): string | undefined {
  const { policy, switches } = ground.world.state;
  const given = text(fields, "redis_version");
  if (!flag(fields, "keep_redis_version")) return given ?? policy.defaultRedisVersion;
  if (given === undefined || given === database.redisVersion) return undefined;
  throw malformed(switches, "keep_redis_version and another redis_version exclude each other");
}

/** The current version is accepted, even if no node has it any more; a later patch is installed. */
function newerPatch({ redisVersion, version }: DatabaseState, found: SupportedVersion | undefined): RedisTarget {
  const newer = found !== undefined && compareVersions(found.version, version) > 0;
  return { redisVersion, version: newer ? found.version : version };
}

function supportedByAll({ world }: Ground, redisVersion: string): SupportedVersion | undefined {
  const found = world.state.nodes.map((node) => node.supported.find((one) => one.redisVersion === redisVersion));
  return found.includes(undefined) ? undefined : found[0];
}
