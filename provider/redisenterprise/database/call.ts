import type { Json, Step } from "../../core/request";
import type { Finding } from "../../core/unit";
import { type Constraint, compareVersions, formatParts, holds, newestFirst } from "../../core/version";
import { crdbCallOf } from "../active-active";
import { consentBody } from "../conditions";
import { buildsOf, newestOf, remainingOf, runsOn, type ShippedModule } from "../modules/catalogue";
import { type SupportedRedis, softwareAtLeast, supportedByAll } from "../node";
import type { Seen, SeenDatabase } from "../observe";
import { type Database, type LoadedModule, newest, type Redis, sameRelease } from "./database";

export interface RedisArguments {
  readonly redisVersion: string;
  readonly modules?: "bundled" | "keep" | undefined;
  readonly parallelShards?: number | undefined;
  readonly keepCrdtProtocolVersion?: boolean | undefined;
  readonly preserveRoles?: boolean | undefined;
  readonly mayDiscardData?: boolean | undefined;
  /**
   * Accepted but ignored: no released server is known to support a dry run, and one that ignores the query parameter
   * would start the upgrade.
   */
  readonly dryRun?: boolean | undefined;
}

type Body = { readonly [key: string]: Json | undefined };

/** Since this version, modules are upgraded to the latest by default. */
const LATEST_BY_DEFAULT_SINCE = "7.8.2";

export function stepOf(args: RedisArguments, target: SupportedRedis, seen: SeenDatabase): Step {
  const { database } = seen;
  const path = crdbCallOf(database, seen.nodes) ?? `/v1/bdbs/${database.uid}/upgrade`;
  const item = {
    redis_version: releaseOf(target),
    ...consentBody(args),
    parallel_shards_upgrade: args.parallelShards,
    keep_crdt_protocol_version: args.keepCrdtProtocolVersion,
    ...modulesPart(args, seen),
  };
  const from = database.redis === undefined ? "" : formatParts(database.redis.full);
  return { unit: `bdb:${database.uid}`, from, to: releaseOf(target), method: "POST", path, item };
}

/**
 * The modules part of the request. The server upgrades unlisted modules, with their arguments, to the builds bundled
 * with the target, so none is listed. `keep` uses a key that the CRDB API does not have. There, every module is listed
 * with its current build, with all three documented keys, because none of them has a documented default.
 */
function modulesPart(args: RedisArguments, { database, nodes }: SeenDatabase): Body {
  const keep = args.modules === "keep";
  if (crdbCallOf(database, nodes) === undefined) {
    const byDefault = !keep && softwareAtLeast(nodes, LATEST_BY_DEFAULT_SINCE);
    return byDefault ? {} : { latest_with_modules: !keep };
  }
  if (!keep || !database.modules?.length) return {};
  return {
    modules: database.modules.map(({ uid, args: has }) => ({
      current_module: uid,
      new_module: uid,
      new_module_args: has,
    })),
  };
}

/** Resolves `latest` to the newest version that every node can run. */
export function resolved(constraint: Constraint, { nodes }: Pick<Seen, "nodes">): Constraint {
  const latest = constraint.kind === "latest" ? newestOfRedis(supportedByAll(nodes)) : undefined;
  return latest === undefined ? constraint : { kind: "minimum", version: latest.release };
}

/** The Redis version of the request: the newest that satisfies the target version and that every node can run. */
export function chooseRedis(
  constraint: Constraint,
  { nodes }: Pick<Seen, "nodes">,
  pinned: string,
): SupportedRedis | Finding {
  const offered = supportedByAll(nodes);
  const chosen = newestOfRedis(offered.filter(({ release }) => holds(release, constraint)));
  if (chosen !== undefined) return chosen;
  const versions = newestFirst(offered.map(releaseOf));
  return {
    code: "redis-not-supported",
    property: "redisVersion",
    message: `Not every node can run Redis ${pinned}; all of them can run ${versions.join(", ") || "none reported"}.`,
    remedy: "Choose one of those, or upgrade the cluster's software, which adds others.",
  };
}

export function releaseOf({ release }: Redis): string {
  return release.parts.join(".");
}

function newestOfRedis(versions: readonly SupportedRedis[]): SupportedRedis | undefined {
  return newest(versions, ({ release }) => release);
}

/** The effect of a Redis upgrade on a module of the database. */
export interface ModuleChange {
  readonly loaded: LoadedModule;
  /** Undefined: it does not change. */
  readonly build?: ShippedModule | undefined;
  /** Neither a shipped build nor the current one runs on the target. */
  readonly unsupported?: true;
}

/**
 * The server's treatment of unlisted modules: each is upgraded to the newest build that the target allows. Modules that
 * it replaces are not included.
 */
export function fatesOf(database: Database, target: Redis, shipped: readonly ShippedModule[]): ModuleChange[] {
  return remainingOf(database, target).map((loaded) => {
    const best = newestOf(buildsOf(shipped, loaded.name).filter((build) => runsOn(build, target)));
    const current = loaded.version;
    const moves = best !== undefined && (current === undefined || compareVersions(best.version, current) >= 0);
    if (moves) return best.text === loaded.text ? { loaded } : { loaded, build: best };
    return stays(loaded, database, target, shipped) ? { loaded } : { loaded, unsupported: true };
  });
}

/** Whether a module can be kept unchanged. */
export function stays(
  loaded: LoadedModule,
  database: Database,
  target: Redis,
  shipped: readonly ShippedModule[],
): boolean {
  if (database.redis !== undefined && sameRelease(database.redis.release, target.release)) return true;
  const build = shipped.find(({ uid }) => uid === loaded.uid);
  return build !== undefined && runsOn(build, target);
}
