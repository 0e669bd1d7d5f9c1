import { holds } from "../core/constraint";
import type { Finding } from "../core/pin";
import { parseVersion } from "../core/version";
import { crdbCallOf } from "./active-active";
import type { Database, LoadedModule } from "./database";
import type { Seen } from "./look";
import { type Stand, standsOf } from "./module-choice";
import { type ModulePin, sameName, shownArguments } from "./module-pins";
import { consentBody } from "./protection";
import type { Request } from "./subject";

type Behind = Extract<Stand, { kind: "behind" }>;

export interface ModuleArguments {
  readonly modules: readonly ModulePin[];
  readonly onNewer?: "report" | "accept" | "fail" | undefined;
  readonly preserveRoles?: boolean | undefined;
  readonly mayDiscardData?: boolean | undefined;
}

/** The call for everything that is behind. */
export function requestOf(args: ModuleArguments, seen: Seen): Request | Finding {
  const { database } = seen;
  const stands = database === undefined ? [] : standsOf(args.modules, database, seen);
  const impossible = stands.find((stand) => stand.kind === "impossible");
  if (impossible !== undefined) return impossible.finding;
  const behind = stands.filter((stand) => stand.kind === "behind");
  if (database === undefined || behind.length === 0) return NOTHING;
  const to = behind.map(targetOf).join(", ");
  const crdb = crdbCallOf(database, seen.nodes);
  if (crdb !== undefined) return { path: crdb, body: crdbBody(args, database, behind), to };
  const body = { modules: behind.map(itemOf), ...consentBody(args) };
  return { path: `/v1/bdbs/${database.uid}/modules/upgrade`, body, to };
}

const NOTHING: Finding = {
  code: "nothing-behind",
  message: "No module is behind its pin any more.",
  remedy: "Run `pulumi up` again.",
};

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
function crdbBody(
  args: ModuleArguments,
  database: Database,
  behind: readonly Behind[],
): Readonly<Record<string, unknown>> {
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
