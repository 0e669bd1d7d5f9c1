import { scryptSync } from "node:crypto";
import type { Json, Step } from "../../core/request";
import type { Finding } from "../../core/unit";
import { atLeast, compareVersions, holds, standing, type Version } from "../../core/version";
import { crdbCallOf } from "../active-active";
import { consentBody } from "../conditions";
import type { Database, LoadedModule } from "../database/database";
import { type ClusterNode, softwareOf } from "../node";
import type { SeenDatabase } from "../observe";
import { buildsOf, hasNoArguments, missingCapabilities, newestOf, runsOn, type ShippedModule } from "./catalogue";
import { lacksCapabilities, needsRedis, needsSoftware, notAnArgument, notLoaded, notShipped } from "./findings";
import { type ModuleTarget, sameArguments, sameName, shownArguments, wordsOf } from "./targets";

/** Separates the modules of a target. */
const BETWEEN = ", ";

type Behind = Extract<Stand, { kind: "behind" }>;

export interface ModuleArguments {
  readonly modules: readonly ModuleTarget[];
  readonly onNewer?: "report" | "accept" | "fail" | undefined;
  readonly preserveRoles?: boolean | undefined;
  readonly mayDiscardData?: boolean | undefined;
  readonly endpoints: readonly string[];
  /** The user's password, and the client key if there is no password. */
  readonly password?: string | undefined;
  readonly clientKey?: string | undefined;
}

/** The cost of `scrypt`: 32 MB and about a tenth of a second. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };

/**
 * The key of digests. It prevents verifying guesses from a digest and a known request, both of module arguments and of
 * the password that the key is derived from.
 */
export function digestKeyOf({ password, clientKey, endpoints }: ModuleArguments): () => string {
  let key: string | undefined;
  return () => {
    key ??= scryptSync(password ?? clientKey ?? "", `pulumi-dbversion ${endpoints[0]}`, 32, COST).toString("hex");
    return key;
  };
}

/** The request for all outdated modules; undefined while any module cannot reach its target version. */
export function stepOf(
  args: ModuleArguments,
  { database, nodes }: SeenDatabase,
  stands: readonly Stand[],
  digestKey: () => string,
): Step | undefined {
  const behind = stands.filter((stand) => stand.kind === "behind");
  if (behind.length === 0 || stands.some(({ kind }) => kind === "impossible")) return undefined;
  const from = behind.map(({ loaded }) => `${loaded.name} ${loaded.text}`).join(", ");
  const to = behind.map(targetOf).join(BETWEEN);
  const what = { unit: `bdb:${database.uid}`, from, to, method: "POST" } as const;
  // Arguments may contain passwords.
  const sealed =
    (database.modules ?? []).some(({ args: own }) => own !== "") || behind.some(({ target }) => target.args);
  const key = sealed ? { key: digestKey } : {};
  const crdb = crdbCallOf(database, nodes);
  if (crdb !== undefined) return { ...what, ...key, path: crdb, item: crdbBody(args, database, behind) };
  const item = { modules: behind.map(itemOf), ...consentBody(args) };
  return { ...what, ...key, path: `/v1/bdbs/${database.uid}/modules/upgrade`, item };
}

/**
 * All five keys, because the documentation's table, its example and recorded requests each contain different ones.
 * Omitted arguments are deleted.
 */
function itemOf({ loaded, build, target }: Behind): Json {
  return {
    module_name: loaded.name,
    current_module: loaded.uid,
    current_semantic_version: loaded.text,
    new_module: build.uid,
    new_module_args: target.args ?? loaded.args,
  };
}

/**
 * The CRDB API requires a Redis version, which stays the same, and upgrades every unlisted module to its newest
 * version. Therefore all modules are listed, unmanaged ones with their current build.
 */
function crdbBody(args: ModuleArguments, database: Database, behind: readonly Behind[]): Json {
  const modules = (database.modules ?? []).map((loaded) => {
    const moved = behind.find((stand) => stand.loaded.name === loaded.name);
    return {
      current_module: loaded.uid,
      new_module: moved?.build.uid ?? loaded.uid,
      new_module_args: moved?.target.args ?? loaded.args,
    };
  });
  return { redis_version: database.redis?.release.parts.join("."), modules, ...consentBody(args) };
}

/** An unmanaged module cannot be listed in a CRDB request once the cluster no longer ships its build. */
export function unnamedFindings({ database, nodes, shipped }: SeenDatabase, behind: readonly Behind[]): Finding[] {
  if (crdbCallOf(database, nodes) === undefined) return [];
  const gone = (database.modules ?? []).filter(
    (loaded) => !behind.some((stand) => stand.loaded.name === loaded.name) && !isShipped(loaded),
  );
  function isShipped(loaded: LoadedModule): boolean {
    return shipped.some((build) => build.uid === loaded.uid);
  }
  if (gone.length === 0) return [];
  return [
    {
      code: "module-cannot-stay",
      message: `The CRDB request would also change ${gone.map(({ name, text }) => `${name} ${text}`).join(", ")}, because the cluster no longer ships the current builds.`,
      remedy: "Set a version for these modules too, one that the cluster ships.",
    },
  ];
}

/** New arguments for a build that the cluster no longer ships: it may refuse them, which only the request shows. */
export function unshippedNotes({ shipped }: SeenDatabase, behind: readonly Behind[]): string[] {
  return behind
    .filter(({ build }) => !shipped.some(({ uid }) => uid === build.uid))
    .map(({ loaded, build }) => {
      const ships = buildsOf(shipped, loaded.name).map(({ text }) => text);
      const others = ships.length === 0 ? "no build of it" : ships.join(", ");
      return `The cluster no longer ships ${loaded.name} ${build.text}, so it may reject the change of its arguments (missing_module). It ships ${others}.`;
    });
}

/** `search 2.10.17`, with its arguments if they are specified: `search 2.10.17 (WORKERS 6)`. */
function targetOf({ loaded, build, target }: Behind): string {
  return `${loaded.name} ${build.text}${target.args === undefined ? "" : ` (${shownArguments(target.args)})`}`;
}

/**
 * Whether a task upgrades all outdated modules to their targets, with the same arguments.
 * @param to the target of the task, which lists each of its modules
 */
export function coversStep(to: string, step: Step): boolean {
  return `${BETWEEN}${to}${BETWEEN}`.includes(`${BETWEEN}${step.to}${BETWEEN}`);
}

/** The standing of one managed module, and what follows from it. */
export type Stand =
  | { readonly kind: "current"; readonly target: ModuleTarget; readonly loaded: LoadedModule }
  /** Ahead of the target version: reported, never sent. */
  | { readonly kind: "newer"; readonly target: ModuleTarget; readonly loaded: LoadedModule }
  /** To be upgraded to `build`, which is the current build if only its arguments differ. */
  | { readonly kind: "behind"; readonly target: ModuleTarget; readonly loaded: LoadedModule; readonly build: Build }
  | { readonly kind: "impossible"; readonly target: ModuleTarget; readonly finding: Finding };

/** The build in an upgrade request. */
interface Build {
  readonly uid: string;
  readonly version: Version;
  readonly text: string;
}

/** The standing of a managed module relative to the database, regardless of what the cluster ships. */
type ModuleStanding = "absent" | "unreadable" | "current" | "newer" | "behind" | "arguments";

export function standingOf(target: ModuleTarget, database: Database): ModuleStanding {
  const loaded = loadedFor(target, database);
  if (loaded === undefined) return "absent";
  if (loaded.version === undefined) return "unreadable";
  const stands = standing(loaded.version, target.constraint);
  if (stands !== "current") return stands;
  return target.args === undefined || sameArguments(target.args, loaded.args) ? "current" : "arguments";
}

export function loadedFor({ name }: ModuleTarget, { modules }: Database): LoadedModule | undefined {
  return modules?.find((module) => sameName(module.name, name));
}

/** The standing of every managed module, and its target build. Pure. */
export function standsOf(targets: readonly ModuleTarget[], seen: SeenDatabase): Stand[] {
  return targets.map((target) => standOf(target, seen));
}

function standOf(target: ModuleTarget, seen: SeenDatabase): Stand {
  const { database } = seen;
  const loaded = loadedFor(target, database);
  if (loaded?.version === undefined) return { kind: "impossible", target, finding: notLoaded(target, seen) };
  const found = standingOf(target, database);
  if (found === "newer") return { kind: "newer", target, loaded };
  if (needsLostArguments(target, loaded, database)) {
    return { kind: "impossible", target, finding: notAnArgument(target, loaded, database) };
  }
  const chosen = found === "behind" || target.constraint.kind === "latest" ? choose(target, loaded, seen) : undefined;
  if (chosen !== undefined && "code" in chosen) return { kind: "impossible", target, finding: chosen };
  if (chosen !== undefined && compareVersions(chosen.version, loaded.version) > 0) {
    return { kind: "behind", target, loaded, build: chosen };
  }
  if (found !== "arguments") return { kind: "current", target, loaded };
  const builds = buildsOf(seen.shipped, loaded.name);
  const uid = loaded.uid ?? builds.find(({ text }) => text === loaded.text)?.uid;
  if (uid === undefined) return { kind: "impossible", target, finding: notShipped(target, loaded, builds) };
  return { kind: "behind", target, loaded, build: { uid, version: loaded.version, text: loaded.text } };
}

/**
 * Arguments that a bundled module would not report afterwards, so that every run would restart all shards without
 * effect.
 */
function needsLostArguments({ args = "" }: ModuleTarget, loaded: LoadedModule, database: Database): boolean {
  return wordsOf(args) !== "" && !sameArguments(args, loaded.args) && hasNoArguments(loaded.name, database);
}

/**
 * The newest build that satisfies the target version and can run here; for `latest` undefined when there is none to
 * choose.
 */
function choose(
  target: ModuleTarget,
  loaded: LoadedModule,
  { database, shipped, nodes }: SeenDatabase,
): ShippedModule | Finding | undefined {
  const builds = buildsOf(shipped, loaded.name);
  const wanted = builds.filter(({ version }) => holds(version, target.constraint));
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
  const current = standingOf(target, database);
  return current === "newer" || (current === "current" && target.constraint.kind !== "latest");
}
