import { z } from "zod";
import type { Drift } from "../../core/kind";
import { undiciTransport } from "../../http/undici-transport";
import { checkTogether, moduleArguments, sharedArguments } from "../arguments";
import type { Database, LoadedModule } from "../database/database";
import { type Connect, databaseKind, identityOf } from "../kind";
import type { Seen } from "../observe";
import { loadedFor, type Stand, standingOf, standsOf } from "./call";
import { moduleSubject } from "./subject";
import { holdsSecret, type ModuleTarget, sameArguments, wordsOf } from "./targets";

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
        const modules = args.modules.map(({ name, wish }) => [name.toLowerCase(), wish] as const);
        return Object.fromEntries(databases.flatMap((at) => modules.map(([name, wish]) => [`${at}/${name}`, wish])));
      },
    },
    connect,
  );
}

interface Difference {
  readonly target: ModuleTarget;
  readonly loaded: LoadedModule;
  /** Whether its version differs, or only its arguments. */
  readonly version: boolean;
}

/** `modules` as written, with observed values where they do not satisfy the target version. */
function drifted(targets: readonly ModuleTarget[], seen: Seen): Drift | undefined {
  const { database } = seen;
  if (database === undefined || seen.unknown !== undefined) return undefined;
  const differences = standsOf(targets, database, seen).flatMap((stand) => differenceOf(stand, database));
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
  const wish = one.version ? loaded.text : target.wish;
  if (!hasOtherArguments(one)) return written({ ...target, wish });
  return holdsSecret(loaded.args) ? written(target) : written({ ...target, wish, args: wordsOf(loaded.args) });
}

/** A module in the form in which the program specifies it. */
function written({ object, wish, args }: Pick<ModuleTarget, "object" | "wish" | "args">): unknown {
  return object ? { version: wish, ...(args === undefined ? {} : { args }) } : wish;
}

function hasOtherArguments({ target, loaded }: Difference): boolean {
  return target.args !== undefined && !sameArguments(target.args, loaded.args);
}
