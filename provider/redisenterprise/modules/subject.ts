import type { Member, Upgrade } from "../../core/unit";
import { activeActiveFinding } from "../active-active";
import { autoUpgradeNotes, type Database } from "../database/database";
import { clusterFindings } from "../node";
import type { Seen } from "../observe";
import { consentFinding, impactOf } from "../protection";
import { uncheckedIn } from "../unchecked";
import type { Stands, Subject } from "../upgrade-driver";
import {
  coversStep,
  digestKeyOf,
  holdsByItself,
  loadedFor,
  type ModuleArguments,
  type Stand,
  standingOf,
  standsOf,
  stepOf,
  unnamedFindings,
} from "./call";
import { type ModuleTarget, sameArguments, shownArguments } from "./targets";

/** The modules of a database. Each has its own target version, and one request upgrades all outdated ones. */
export function moduleSubject(args: ModuleArguments): Subject {
  const targets = args.modules;
  const digestKey = digestKeyOf(args);
  return {
    aspect: "modules",
    wish: targets.map(({ name, wish }) => `${name} ${wish}`).join(", "),
    members: membersOf,
    unreadable: (database) => unreadable(targets, database),
    holds: (database) => targets.every((target) => holdsByItself(target, database)),
    stands: (database, seen) => standsFor(args, database, seen, digestKey),
    reachesTarget: ({ to }, { upgrade }) => upgrade?.step !== undefined && coversStep(to, upgrade.step),
  };
}

/** Every module of the database, managed or not. */
function membersOf({ modules }: Database): Member[] {
  return (modules ?? []).flatMap(({ name, version }) => (version === undefined ? [] : [{ name, version }]));
}

function unreadable(targets: readonly ModuleTarget[], database: Database): string | undefined {
  if (database.modules === undefined) return "the database does not list its modules";
  const strange = targets.find((target) => standingOf(target, database) === "unreadable");
  return strange && `the version of its module ${strange.name} cannot be read: ${loadedFor(strange, database)?.text}`;
}

/** A module that is outdated, or cannot reach its target version, is reported before those that are ahead. */
function standsFor(args: ModuleArguments, database: Database, seen: Seen, digestKey: () => string): Stands {
  const from = fromOf(args.modules, database);
  const stands = standsOf(args.modules, database, seen);
  const ahead = stands.filter((stand) => stand.kind === "newer").map(({ loaded }) => loaded.name);
  const known = { at: from, from, ahead };
  if (ahead.length > 0 && args.onNewer === "fail") return { ...known, standing: "newer" };
  if (stands.some(({ kind }) => kind === "behind" || kind === "impossible")) {
    return { ...known, standing: "behind", upgrade: upgradeOf(args, database, seen, stands, digestKey) };
  }
  return { ...known, standing: ahead.length > 0 ? "newer" : "current" };
}

function upgradeOf(
  args: ModuleArguments,
  database: Database,
  seen: Seen,
  stands: readonly Stand[],
  digestKey: () => string,
): Upgrade {
  const behind = stands.filter((stand) => stand.kind === "behind");
  const newer = stands.filter((stand) => stand.kind === "newer");
  const left = newer.map(
    ({ loaded, target }) => `${loaded.name} ${loaded.text} is newer than ${target.wish} and is not changed`,
  );
  const common = [activeActiveFinding(database, seen.nodes, "modules"), consentFinding(database, args)];
  const step = stepOf(args, database, seen, stands, digestKey);
  return {
    from: fromOf(args.modules, database),
    route: stands.flatMap(routeOf).join(", "),
    how: [behind.length > 1 ? "in one request" : "", impactOf(database, args), ...left].filter(Boolean).join(", "),
    findings: [
      ...common.filter((finding) => finding !== undefined),
      ...stands.flatMap((stand) => (stand.kind === "impossible" ? [stand.finding] : [])),
      ...unnamedFindings(database, seen, behind),
      ...clusterFindings(seen.nodes, seen.info),
    ],
    notes: autoUpgradeNotes(
      database,
      args.modules.map(({ constraint }) => constraint),
    ),
    unchecked: uncheckedIn(seen),
    ...(step === undefined ? {} : { step }),
  };
}

/**
 * `search 2.10.8 → 2.10.17`; if only arguments differ, `search 2.10.17 with other arguments (WORKERS 6 → WORKERS 8)`.
 */
function routeOf(stand: Stand): string[] {
  if (stand.kind === "impossible") return [`${stand.target.name} → ${stand.target.wish}`];
  if (stand.kind !== "behind") return [];
  const { loaded, build, target } = stand;
  const changed = target.args !== undefined && !sameArguments(target.args, loaded.args);
  const change = changed ? `(${quoted(loaded.args)} → ${quoted(target.args ?? "")})` : "";
  if (build.text === loaded.text) return [`${loaded.name} ${loaded.text} with other arguments ${change}`];
  return [`${loaded.name} ${loaded.text} → ${build.text}${changed ? ` with other arguments ${change}` : ""}`];
}

function quoted(args: string): string {
  const shown = shownArguments(args);
  return shown === "" ? "none" : shown;
}

/** The current versions of the managed modules. */
function fromOf(targets: readonly ModuleTarget[], database: Database): string {
  const runs = targets.flatMap((target) => loadedFor(target, database) ?? []);
  return runs.map(({ name, text }) => `${name} ${text}`).join(", ");
}
