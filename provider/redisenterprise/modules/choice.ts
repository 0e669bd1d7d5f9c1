import { type Constraint, standing } from "../../core/constraint";
import type { Finding } from "../../core/unit";
import { compareVersions, type Version } from "../../core/version";
import type { Database, LoadedModule } from "../database/database";
import { atLeast } from "../database/redis";
import type { Seen } from "../look";
import { type ClusterNode, softwareOf } from "../node";
import { buildsOf, missingCapabilities, newestOf, runsOn, type ShippedModule, satisfying } from "./catalogue";
import { lacksCapabilities, needsRedis, needsSoftware, notAnArgument, notLoaded, notShipped } from "./findings";
import { hasNoArguments } from "./redis8";
import { type ModuleTarget, sameArguments, sameName, wordsOf } from "./targets";

/** The standing of one managed module, and what follows from it. */
export type Stand =
  | { readonly kind: "holds"; readonly target: ModuleTarget; readonly loaded: LoadedModule }
  /** Ahead of the target version: reported, never sent. */
  | { readonly kind: "newer"; readonly target: ModuleTarget; readonly loaded: LoadedModule }
  /** To be upgraded to `build`, which is the current build if only its arguments differ. */
  | { readonly kind: "behind"; readonly target: ModuleTarget; readonly loaded: LoadedModule; readonly build: Build }
  | { readonly kind: "impossible"; readonly target: ModuleTarget; readonly finding: Finding };

/** The build in an upgrade request. */
export interface Build {
  readonly uid: string;
  readonly version: Version;
  readonly text: string;
}

/** The standing of a managed module relative to the database, regardless of what the cluster ships. */
type Look = "absent" | "unreadable" | "holds" | "newer" | "behind" | "arguments";

export function lookAt(target: ModuleTarget, database: Database): Look {
  const loaded = loadedFor(target, database);
  if (loaded === undefined) return "absent";
  if (loaded.version === undefined) return "unreadable";
  const stands = standing(loaded.version, target.constraint);
  if (stands !== "holds") return stands;
  return target.args === undefined || sameArguments(target.args, loaded.args) ? "holds" : "arguments";
}

export function loadedFor({ name }: ModuleTarget, { modules }: Database): LoadedModule | undefined {
  return modules?.find((module) => sameName(module.name, name));
}

/** The standing of every managed module, and its target build. Pure. */
export function standsOf(targets: readonly ModuleTarget[], database: Database, seen: Seen): Stand[] {
  return targets.map((target) => standOf(target, database, seen));
}

function standOf(target: ModuleTarget, database: Database, seen: Seen): Stand {
  const loaded = loadedFor(target, database);
  if (loaded?.version === undefined) return { kind: "impossible", target, finding: notLoaded(target, database, seen) };
  const looked = lookAt(target, database);
  if (looked === "newer") return { kind: "newer", target, loaded };
  if (wantsLostArguments(target, loaded, database)) {
    return { kind: "impossible", target, finding: notAnArgument(target, loaded, database) };
  }
  const chosen =
    looked === "behind" || target.constraint.kind === "latest" ? choose(target, loaded, database, seen) : undefined;
  if (chosen !== undefined && "code" in chosen) return { kind: "impossible", target, finding: chosen };
  if (chosen !== undefined && compareVersions(chosen.version, loaded.version) > 0) {
    return { kind: "behind", target, loaded, build: chosen };
  }
  if (looked !== "arguments") return { kind: "holds", target, loaded };
  const builds = buildsOf(seen.shipped, loaded.name);
  const uid = loaded.uid ?? builds.find(({ text }) => text === loaded.text)?.uid;
  if (uid === undefined) return { kind: "impossible", target, finding: notShipped(target, loaded, builds) };
  return { kind: "behind", target, loaded, build: { uid, version: loaded.version, text: loaded.text } };
}

/**
 * Arguments that a bundled module would not report afterwards, so that every run would restart all shards without
 * effect.
 */
function wantsLostArguments({ args = "" }: ModuleTarget, loaded: LoadedModule, database: Database): boolean {
  return wordsOf(args) !== "" && !sameArguments(args, loaded.args) && hasNoArguments(loaded.name, database);
}

/**
 * The newest build that satisfies the target version and can run here; for `latest` undefined when there is none to
 * choose.
 */
function choose(
  target: ModuleTarget,
  loaded: LoadedModule,
  database: Database,
  { shipped, nodes }: Seen,
): ShippedModule | Finding | undefined {
  const builds = buildsOf(shipped, loaded.name);
  const wanted = satisfying(builds, target.constraint);
  const open = target.constraint.kind === "latest";
  if (wanted.length === 0) return open ? undefined : notShipped(target, loaded, builds);
  const { redis } = database;
  const running = wanted.filter((build) => redis === undefined || runsOn(build, redis));
  if (running.length === 0) return open ? undefined : needsRedis(target, wanted, database);
  const installable = running.filter((build) => fitsSoftware(build, nodes));
  if (installable.length === 0) return open ? undefined : needsSoftware(running, nodes);
  const able = installable.filter((build) => missingCapabilities(database, build).length === 0);
  if (able.length === 0) return open ? undefined : lacksCapabilities(installable, database);
  return newestOf(able);
}

function fitsSoftware({ minSoftware }: ShippedModule, nodes: readonly ClusterNode[]): boolean {
  const software = softwareOf(nodes);
  return minSoftware === undefined || software === undefined || atLeast({ parts: software.parts }, minSoftware);
}

/** Whether a module is known to be up to date without reading what the cluster ships. */
export function holdsByItself(target: ModuleTarget, database: Database): boolean {
  const looked = lookAt(target, database);
  return looked === "newer" || (looked === "holds" && !isLatest(target.constraint));
}

function isLatest({ kind }: Constraint): boolean {
  return kind === "latest";
}
