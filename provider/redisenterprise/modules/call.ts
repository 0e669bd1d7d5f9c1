import { holds } from "../../core/constraint";
import type { Finding } from "../../core/pin";
import type { Json, Request } from "../../core/request";
import { parseVersion } from "../../core/version";
import { crdbCallOf } from "../active-active";
import type { Database, LoadedModule } from "../database/database";
import type { Seen } from "../look";
import { consentBody } from "../protection";
import type { Stand } from "./choice";
import { type ModulePin, sameName, shownArguments } from "./pins";

type Behind = Extract<Stand, { kind: "behind" }>;

export interface ModuleArguments {
  readonly modules: readonly ModulePin[];
  readonly onNewer?: "report" | "accept" | "fail" | undefined;
  readonly preserveRoles?: boolean | undefined;
  readonly mayDiscardData?: boolean | undefined;
}

/** The request for everything that is behind; none while a module cannot be brought to its version. */
export function requestsOf(
  args: ModuleArguments,
  database: Database,
  { nodes }: Seen,
  stands: readonly Stand[],
): readonly Request[] {
  const behind = stands.filter((stand) => stand.kind === "behind");
  if (behind.length === 0 || stands.some(({ kind }) => kind === "impossible")) return [];
  const from = behind.map(({ loaded }) => `${loaded.name} ${loaded.text}`).join(", ");
  const units = [{ unit: `bdb:${database.uid}`, from, to: behind.map(targetOf).join(", ") }];
  const crdb = crdbCallOf(database, nodes);
  if (crdb !== undefined) return [{ method: "POST", path: crdb, body: crdbBody(args, database, behind), units }];
  const body = { modules: behind.map(itemOf), ...consentBody(args) };
  return [{ method: "POST", path: `/v1/bdbs/${database.uid}/modules/upgrade`, body, units }];
}

/** All five keys: the page's table, its example and real calls each show others of them. Arguments not sent are wiped. */
function itemOf({ loaded, build, pin }: Behind): Readonly<Record<string, string>> {
  return {
    module_name: loaded.name,
    ...(loaded.uid === undefined ? {} : { current_module: loaded.uid }),
    current_semantic_version: loaded.text,
    new_module: build.uid,
    new_module_args: pin.args ?? loaded.args,
  };
}

/**
 * The CRDB call aims at a Redis version, which stays, and moves every module that is not named to its newest: so all of
 * them are named, those that are not pinned with the build that they run.
 */
function crdbBody(args: ModuleArguments, database: Database, behind: readonly Behind[]): Json {
  const modules = (database.modules ?? []).map((loaded) => {
    const moved = behind.find((stand) => stand.loaded.name === loaded.name);
    return {
      current_module: loaded.uid,
      new_module: moved?.build.uid ?? loaded.uid,
      new_module_args: moved?.pin.args ?? loaded.args,
    };
  });
  const redis = database.redis?.release.parts.join(".");
  return { ...(redis === undefined ? {} : { redis_version: redis }), modules, ...consentBody(args) };
}

/** A module that is not pinned cannot be named in a CRDB call once the cluster no longer ships its build. */
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
      message: `The CRDB call would move ${gone.map(({ name, text }) => `${name} ${text}`).join(", ")} as well: the cluster no longer ships what runs.`,
      remedy: "Pin these modules too, at a version that the cluster ships.",
    },
  ];
}

/** `search 2.10.17`, with its arguments where the pin has them: `search 2.10.17 (WORKERS 6)`. */
function targetOf({ loaded, build, pin }: Behind): string {
  return `${loaded.name} ${build.text}${pin.args === undefined ? "" : ` (${shownArguments(pin.args)})`}`;
}

const TARGET = /([^\s,()]+) (\d+(?:\.\d+)*)(?: \(([^()]*)\))?(?:, |$)/g;

/** Whether an upgrade to this target leaves no pin unsatisfied that it concerned. */
export function isReached(pins: readonly ModulePin[], target: string): boolean {
  const reached = [...target.matchAll(TARGET)];
  if (reached.map(([whole]) => whole).join("") !== target || reached.length === 0) return false;
  return reached.every(([, name = "", text = "", args]) => {
    const pin = pins.find((one) => sameName(one.name, name));
    const version = parseVersion(text);
    if (pin === undefined || version === undefined || !holds(version, pin.constraint)) return false;
    return pin.args === undefined ? args === undefined : shownArguments(pin.args) === args;
  });
}
