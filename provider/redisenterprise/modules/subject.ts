import type { Finding, Member, Plan, UpgradeCall } from "../../core/pin";
import { activeActiveFinding } from "../active-active";
import type { Database } from "../database/database";
import type { Seen } from "../look";
import { clusterFindings } from "../node";
import { consentFinding, impactOf } from "../protection";
import type { Subject } from "../subject";
import { isReached, type ModuleArguments, requestsOf, unnamedFindings } from "./call";
import { holdsByItself, loadedFor, lookAt, type Stand, standsOf } from "./choice";
import { type ModulePin, sameArguments, shownArguments } from "./pins";

/** The modules of a database: each has a pin of its own, and all that are behind go in one call. */
export function moduleSubject(args: ModuleArguments): Subject {
  const pins = args.modules;
  return {
    aspect: "modules",
    wish: pins.map(({ name, wish }) => `${name} ${wish}`).join(", "),
    members: membersOf,
    unreadable: (database) => unreadable(pins, database),
    holds: (database) => pins.every((pin) => holdsByItself(pin, database)),
    plan: (seen) => planOf(args, seen),
    satisfiedBy: (target) => isReached(pins, target),
  };
}

/** Every module of the database, pinned or not. */
function membersOf({ modules }: Database): Member[] {
  return (modules ?? []).flatMap(({ name, version }) => (version === undefined ? [] : [{ name, version }]));
}

function unreadable(pins: readonly ModulePin[], database: Database): string | undefined {
  if (database.modules === undefined) return "the database does not list its modules";
  const strange = pins.find((pin) => lookAt(pin, database) === "unreadable");
  return strange && `the version of its module ${strange.name} cannot be read: ${loadedFor(strange, database)?.text}`;
}

/**
 * The decision table for modules. The first row that fits decides.
 *
 * | what is seen | plan |
 * |---|---|
 * | an upgrade of the database runs | join it |
 * | one failed and holds the database | failed |
 * | versions unknown | unknown |
 * | a module is newer, and `onNewer` is `fail` | newer |
 * | a module is behind, or cannot be brought to its version | upgrade, or wait for what keeps it from starting |
 * | a module is newer | newer |
 * | every module satisfies its pin | satisfied |
 */
function planOf(args: ModuleArguments, seen: Seen): Plan {
  const { activity, database } = seen;
  const from = fromOf(args.modules, database);
  if (activity?.kind === "ours") return { kind: "join", task: activity.task, from };
  if (activity?.kind === "ours-failed") return { kind: "failed", task: activity.task, from, failure: activity.failure };
  if (seen.unknown !== undefined || database === undefined) {
    return { kind: "unknown", reason: seen.unknown ?? "the database was not read" };
  }
  const stands = standsOf(args.modules, database, seen);
  const newer = stands.filter((stand) => stand.kind === "newer").map(({ loaded }) => loaded.name);
  const ahead: Plan = { kind: "newer", at: from, members: newer };
  if (newer.length > 0 && args.onNewer === "fail") return ahead;
  if (stands.some(({ kind }) => kind === "behind" || kind === "impossible")) {
    return start(seen, callOf(args, database, seen, stands));
  }
  return newer.length > 0 ? ahead : { kind: "satisfied", at: from };
}

/** The upgrade, unless something else keeps it from starting. */
function start({ activity }: Seen, call: UpgradeCall): Plan {
  if (activity?.kind === "other") return { kind: "wait", name: activity.name, call };
  if (activity?.kind !== "other-failed") return { kind: "upgrade", call };
  const finding: Finding = {
    code: "held-by-failed-action",
    message: `${activity.name} failed and holds the database.`,
    remedy: activity.remedy,
  };
  return { kind: "upgrade", call: { ...call, findings: [finding, ...call.findings] } };
}

function callOf(args: ModuleArguments, database: Database, seen: Seen, stands: readonly Stand[]): UpgradeCall {
  const behind = stands.filter((stand) => stand.kind === "behind");
  const newer = stands.filter((stand) => stand.kind === "newer");
  const left = newer.map(
    ({ loaded, pin }) => `${loaded.name} ${loaded.text} is newer than ${pin.wish} and is left alone`,
  );
  const common = [activeActiveFinding(database, seen.nodes, "modules"), consentFinding(database, args)];
  return {
    from: fromOf(args.modules, database),
    route: stands.flatMap(routeOf).join(", "),
    how: [behind.length > 1 ? "in one call" : "", impactOf(database, args), ...left].filter(Boolean).join(", "),
    findings: [
      ...common.filter((finding) => finding !== undefined),
      ...stands.flatMap((stand) => (stand.kind === "impossible" ? [stand.finding] : [])),
      ...unnamedFindings(database, seen, behind),
      ...clusterFindings(seen.nodes, seen.info),
    ],
    requests: requestsOf(args, database, seen, stands),
  };
}

/** `search 2.10.8 → 2.10.17`; for arguments alone `search 2.10.17 with other arguments (WORKERS 6 → WORKERS 8)`. */
function routeOf(stand: Stand): string[] {
  if (stand.kind === "impossible") return [`${stand.pin.name} → ${stand.pin.wish}`];
  if (stand.kind !== "behind") return [];
  const { loaded, build, pin } = stand;
  const changed = pin.args !== undefined && !sameArguments(pin.args, loaded.args);
  const change = changed ? `(${quoted(loaded.args)} → ${quoted(pin.args ?? "")})` : "";
  if (build.text === loaded.text) return [`${loaded.name} ${loaded.text} with other arguments ${change}`];
  return [`${loaded.name} ${loaded.text} → ${build.text}${changed ? ` with other arguments ${change}` : ""}`];
}

function quoted(args: string): string {
  const shown = shownArguments(args);
  return shown === "" ? "none" : shown;
}

/** What the pinned modules run now. */
function fromOf(pins: readonly ModulePin[], database: Database | undefined): string {
  const runs = database === undefined ? [] : pins.flatMap((pin) => loadedFor(pin, database) ?? []);
  return runs.map(({ name, text }) => `${name} ${text}`).join(", ");
}
