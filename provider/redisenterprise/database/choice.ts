import { type Constraint, holds } from "../../core/constraint";
import type { Finding } from "../../core/unit";
import { compareVersions } from "../../core/version";
import type { Seen } from "../look";
import { buildsOf, newestOf, runsOn, type ShippedModule } from "../modules/catalogue";
import { remainingOf } from "../modules/redis8";
import { type SupportedRedis, supportedByAll } from "../node";
import type { Database, LoadedModule } from "./database";
import { newest, type Redis, sameRelease } from "./redis";

/** Resolves `latest` to the newest version that every node can run. */
export function resolved(constraint: Constraint, { nodes }: Pick<Seen, "nodes">): Constraint {
  const latest = constraint.kind === "latest" ? newestOfRedis(supportedByAll(nodes)) : undefined;
  return latest === undefined ? constraint : { kind: "floor", version: latest.release };
}

/** The Redis version of the request: the newest that satisfies the target version and that every node can run. */
export function chooseRedis(
  constraint: Constraint,
  { nodes }: Pick<Seen, "nodes">,
  wish: string,
): SupportedRedis | Finding {
  const offered = supportedByAll(nodes);
  const chosen = newestOfRedis(offered.filter(({ release }) => holds(release, constraint)));
  if (chosen !== undefined) return chosen;
  const versions = [...offered].sort((a, b) => compareVersions(a.release, b.release)).map(releaseOf);
  return {
    code: "redis-not-supported",
    property: "redisVersion",
    message: `Not every node can run Redis ${wish}; all of them can run ${versions.join(", ") || "none reported"}.`,
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
export interface ModuleFate {
  readonly loaded: LoadedModule;
  /** Undefined: it does not change. */
  readonly build?: ShippedModule | undefined;
  /** Neither a shipped build nor the current one runs on the target. */
  readonly stranded?: true;
}

/**
 * The server's treatment of unlisted modules: each is upgraded to the newest build that the target allows. Modules that
 * it replaces are not included.
 */
export function fatesOf(database: Database, target: Redis, shipped: readonly ShippedModule[]): ModuleFate[] {
  return remainingOf(database, target).map((loaded) => {
    const best = newestOf(buildsOf(shipped, loaded.name).filter((build) => runsOn(build, target)));
    const current = loaded.version;
    const moves = best !== undefined && (current === undefined || compareVersions(best.version, current) >= 0);
    if (moves) return best.text === loaded.text ? { loaded } : { loaded, build: best };
    return stays(loaded, database, target, shipped) ? { loaded } : { loaded, stranded: true };
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
