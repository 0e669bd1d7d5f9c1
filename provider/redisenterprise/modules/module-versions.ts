import { z } from "zod";
import type { Drift } from "../../core/kind";
import type { Member, Upgrade } from "../../core/unit";
import { type Connect, undiciTransport } from "../../http/undici-transport";
import { activeActiveFinding } from "../active-active";
import { checkTogether, moduleArguments, sharedArguments } from "../arguments";
import { clusterFindings, consentFinding, impactOf, uncheckedIn } from "../conditions";
import { autoUpgradeNotes, type Database, type LoadedModule } from "../database/database";
import { databaseKind, identityOf } from "../kind";
import type { Seen, SeenDatabase } from "../observe";
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
  unshippedNotes,
} from "./call";
import { holdsSecret, type ModuleTarget, sameArguments, shownArguments, wordsOf } from "./targets";

const inputs = z.strictObject({ ...sharedArguments, ...moduleArguments }).superRefine(checkTogether);

/** `redisenterprise.ModuleVersions`: the versions of the modules of a database. */
export function moduleVersions(connect: Connect = undiciTransport) {
  return databaseKind(
    {
      inputs,
      pinned: "modules",
      subject: moduleSubject,
      drifted: ({ modules: targets }, seen) => drifted(targets, seen),
      // Two resources may manage different modules of one database.
      targets: (args) => {
        const databases = identityOf(args);
        const modules = args.modules.map(({ name, pinned }) => [name.toLowerCase(), pinned] as const);
        return Object.fromEntries(
          databases.flatMap((at) => modules.map(([name, pinned]) => [`${at}/${name}`, pinned])),
        );
      },
    },
    connect,
  );
}

/** The modules of a database. Each has its own target version, and one request upgrades all outdated ones. */
export function moduleSubject(args: ModuleArguments): Subject {
  const targets = args.modules;
  const digestKey = digestKeyOf(args);
  return {
    aspect: "modules",
    pinned: targets.map(({ name, pinned }) => `${name} ${pinned}`).join(", "),
    members: membersOf,
    unreadable: (database) => unreadable(targets, database),
    holds: (database) => targets.every((target) => holdsByItself(target, database)),
    stands: (seen) => standsFor(args, seen, digestKey),
    reachesTarget: ({ to }, { upgrade }) => upgrade?.step !== undefined && coversStep(to, upgrade.step),
  };
}

/** Every module of the database, managed or not. */
function membersOf({ modules }: Database): Member[] {
  return (modules ?? []).flatMap(({ name, version }) => (version === undefined ? [] : [{ name, version }]));
}

function unreadable(targets: readonly ModuleTarget[], database: Database): string | undefined {
  if (database.modules === undefined) return "the database does not list its modules";
  const unreadable = targets.find((target) => standingOf(target, database) === "unreadable");
  return (
    unreadable &&
    `the version of its module ${unreadable.name} cannot be read: ${loadedFor(unreadable, database)?.text}`
  );
}

/** A module that is outdated, or cannot reach its target version, is reported before those that are ahead. */
function standsFor(args: ModuleArguments, seen: SeenDatabase, digestKey: () => string): Stands {
  const from = fromOf(args.modules, seen.database);
  const stands = standsOf(args.modules, seen);
  const ahead = stands.filter((stand) => stand.kind === "newer").map(({ loaded }) => loaded.name);
  const known = { at: from, from, ahead };
  if (ahead.length > 0 && args.onNewer === "fail") return { ...known, standing: "newer" };
  if (stands.some(({ kind }) => kind === "behind" || kind === "impossible")) {
    return { ...known, standing: "behind", upgrade: upgradeOf(args, seen, stands, digestKey) };
  }
  return { ...known, standing: ahead.length > 0 ? "newer" : "current" };
}

function upgradeOf(
  args: ModuleArguments,
  seen: SeenDatabase,
  stands: readonly Stand[],
  digestKey: () => string,
): Upgrade {
  const { database } = seen;
  const behind = stands.filter((stand) => stand.kind === "behind");
  const newer = stands.filter((stand) => stand.kind === "newer");
  const left = newer.map(
    ({ loaded, target }) => `${loaded.name} ${loaded.text} is newer than ${target.pinned} and is not changed`,
  );
  const common = [activeActiveFinding(database, seen.nodes, "modules"), consentFinding(database, args)];
  return {
    from: fromOf(args.modules, database),
    route: stands.flatMap(routeOf).join(", "),
    how: [behind.length > 1 ? "in one request" : "", impactOf(database, args), ...left].filter(Boolean).join(", "),
    findings: [
      ...common.filter((finding) => finding !== undefined),
      ...stands.flatMap((stand) => (stand.kind === "impossible" ? [stand.finding] : [])),
      ...unnamedFindings(seen, behind),
      ...clusterFindings(seen.nodes, seen.info),
    ],
    notes: [
      ...unshippedNotes(seen, behind),
      ...autoUpgradeNotes(
        database,
        args.modules.map(({ constraint }) => constraint),
      ),
    ],
    unchecked: uncheckedIn(seen),
    step: stepOf(args, seen, stands, digestKey),
  };
}

/**
 * `search 2.10.8 → 2.10.17`; if only arguments differ, `search 2.10.17 with other arguments (WORKERS 6 → WORKERS 8)`.
 */
function routeOf(stand: Stand): string[] {
  if (stand.kind === "impossible") return [`${stand.target.name} → ${stand.target.pinned}`];
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

interface Difference {
  readonly target: ModuleTarget;
  readonly loaded: LoadedModule;
  /** Whether its version differs, or only its arguments. */
  readonly version: boolean;
}

/** `modules` as written, with observed values where they do not satisfy the target version. */
function drifted(targets: readonly ModuleTarget[], seen: Seen): Drift | undefined {
  if (seen.database === undefined || seen.unknown !== undefined) return undefined;
  const { database } = seen;
  const differences = standsOf(targets, seen).flatMap((stand) => differenceOf(stand, database));
  if (differences.length === 0) return undefined;
  const shown = new Map(differences.map((difference) => [difference.target.name, observedOf(difference)]));
  return {
    members: differences.map(({ loaded }) => loaded.name),
    ...(differences.some(hasOtherArguments) ? { unseen: true } : {}),
    inputs: {
      modules: Object.fromEntries(targets.map((target) => [target.name, shown.get(target.name) ?? written(target)])),
    },
  };
}

function differenceOf(stand: Stand, database: Database): Difference[] {
  const { kind, target } = stand;
  const loaded = loadedFor(target, database);
  if (loaded === undefined) return [];
  const version = kind === "newer" || (kind === "behind" && stand.build.text !== loaded.text);
  return version || standingOf(target, database) === "arguments" ? [{ target, loaded, version }] : [];
}

/** A module as observed. Arguments that may contain a secret are not stored: such a module stays as written. */
function observedOf(one: Difference): unknown {
  const { target, loaded } = one;
  const pinned = one.version ? loaded.text : target.pinned;
  if (!hasOtherArguments(one)) return written({ ...target, pinned });
  return holdsSecret(loaded.args) ? written(target) : written({ ...target, pinned, args: wordsOf(loaded.args) });
}

/** A module in the form in which the program specifies it. */
function written({ object, pinned, args }: Pick<ModuleTarget, "object" | "pinned" | "args">): unknown {
  return object ? { version: pinned, ...(args === undefined ? {} : { args }) } : pinned;
}

function hasOtherArguments({ target, loaded }: Difference): boolean {
  return target.args !== undefined && !sameArguments(target.args, loaded.args);
}
