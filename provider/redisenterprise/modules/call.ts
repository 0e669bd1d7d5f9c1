import { scryptSync } from "node:crypto";
import type { Json, Step } from "../../core/request";
import type { Finding } from "../../core/unit";
import { crdbCallOf } from "../active-active";
import type { Database, LoadedModule } from "../database/database";
import type { Seen } from "../look";
import { consentBody } from "../protection";
import type { Stand } from "./choice";
import { type ModuleTarget, shownArguments } from "./targets";

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
  database: Database,
  { nodes }: Seen,
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
function itemOf({ loaded, build, target }: Behind): Readonly<Record<string, string>> {
  return {
    module_name: loaded.name,
    ...(loaded.uid === undefined ? {} : { current_module: loaded.uid }),
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
  const redis = database.redis?.release.parts.join(".");
  return { ...(redis === undefined ? {} : { redis_version: redis }), modules, ...consentBody(args) };
}

/** An unmanaged module cannot be listed in a CRDB request once the cluster no longer ships its build. */
export function unnamedFindings(database: Database, { nodes, shipped }: Seen, behind: readonly Behind[]): Finding[] {
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
