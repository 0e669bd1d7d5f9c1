import { z } from "zod";
import type { Drift } from "../../core/kind";
import { undiciTransport } from "../../http/undici-transport";
import { checkTogether, moduleArguments, sharedArguments } from "../arguments";
import type { Connect } from "../connection";
import type { Database, LoadedModule } from "../database/database";
import { databaseKind, identityOf } from "../kind";
import type { Seen } from "../look";
import { loadedFor, lookAt, type Stand, standsOf } from "./choice";
import { holdsSecret, type ModulePin, sameArguments, wordsOf } from "./pins";
import { moduleSubject } from "./subject";

const inputs = z.strictObject({ ...sharedArguments, ...moduleArguments }).superRefine(checkTogether);

/** `redisenterprise.ModuleVersions`: the versions of the modules of a database. */
export function moduleVersions(connect: Connect = undiciTransport) {
  return databaseKind(
    {
      inputs,
      pinned: "modules",
      subject: moduleSubject,
      drifted: ({ modules: pins }, seen) => drifted(pins, seen),
      // Two resources may each manage other modules of one database.
      targets: (args) => {
        const databases = identityOf(args);
        const modules = args.modules.map(({ name, wish }) => [name.toLowerCase(), wish] as const);
        return Object.fromEntries(databases.flatMap((at) => modules.map(([name, wish]) => [`${at}/${name}`, wish])));
      },
    },
    connect,
  );
}

interface Stray {
  readonly pin: ModulePin;
  readonly loaded: LoadedModule;
  /** Whether its version is another one, or only its arguments. */
  readonly version: boolean;
}

/** `modules` as written, with what was observed in the place of what it does not satisfy. */
function drifted(pins: readonly ModulePin[], seen: Seen): Drift | undefined {
  const { database } = seen;
  if (database === undefined || seen.unknown !== undefined) return undefined;
  const strays = standsOf(pins, database, seen).flatMap((stand) => strayOf(stand, database));
  if (strays.length === 0) return undefined;
  const shown = new Map(strays.map((stray) => [stray.pin.name, observedOf(stray)]));
  return {
    members: strays.map(({ loaded }) => loaded.name),
    ...(strays.some(hasOtherArguments) ? { unseen: true } : {}),
    inputs: { modules: Object.fromEntries(pins.map((pin) => [pin.name, shown.get(pin.name) ?? written(pin)])) },
  };
}

function strayOf(stand: Stand, database: Database): Stray[] {
  const { kind, pin } = stand;
  const loaded = loadedFor(pin, database);
  if (loaded === undefined) return [];
  const version = kind === "newer" || (kind === "behind" && stand.build.text !== loaded.text);
  return version || lookAt(pin, database) === "arguments" ? [{ pin, loaded, version }] : [];
}

/** A module as it runs. Arguments that may hold a secret are not stored: such a pin stays as written. */
function observedOf(stray: Stray): unknown {
  const { pin, loaded } = stray;
  const wish = stray.version ? loaded.text : pin.wish;
  if (!hasOtherArguments(stray)) return written({ ...pin, wish });
  return holdsSecret(loaded.args) ? written(pin) : written({ ...pin, wish, args: wordsOf(loaded.args) });
}

/** A pin as a program writes it. */
function written({ object, wish, args }: Pick<ModulePin, "object" | "wish" | "args">): unknown {
  return object ? { version: wish, ...(args === undefined ? {} : { args }) } : wish;
}

function hasOtherArguments({ pin, loaded }: Stray): boolean {
  return pin.args !== undefined && !sameArguments(pin.args, loaded.args);
}
