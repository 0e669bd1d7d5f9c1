import { z } from "zod";
import { undiciTransport } from "../http/undici-transport";
import { checkTogether, sharedArguments } from "./arguments";
import { type Connect, databaseKind, identityOf } from "./kind";
import type { Seen } from "./look";
import { loadedFor, lookAt, standsOf } from "./module-choice";
import { type ModulePin, modules, sameArguments, shownArguments } from "./module-pins";
import { moduleSubject } from "./module-subject";

const inputs = z.strictObject({ ...sharedArguments, modules }).superRefine(checkTogether);

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

/** `modules` as written, with what runs in the place of what it does not satisfy. */
function drifted(pins: readonly ModulePin[], seen: Seen): { modules: Record<string, unknown> } | undefined {
  const { database } = seen;
  if (database === undefined || seen.unknown !== undefined) return undefined;
  const strays = standsOf(pins, database, seen).filter(
    ({ kind, pin }) => kind === "behind" || kind === "newer" || lookAt(pin, database) === "arguments",
  );
  const stray = new Set(strays.map(({ pin }) => pin.name));
  const shown = pins.map((pin) => {
    const loaded = stray.has(pin.name) ? loadedFor(pin, database) : undefined;
    const version = loaded === undefined || lookAt(pin, database) === "arguments" ? pin.wish : loaded.text;
    if (!pin.object) return [pin.name, version] as const;
    const other = loaded !== undefined && pin.args !== undefined && !sameArguments(pin.args, loaded.args);
    const args = other ? shownArguments(loaded.args) : pin.args;
    return [pin.name, { version, ...(args === undefined ? {} : { args }) }] as const;
  });
  return stray.size === 0 ? undefined : { modules: Object.fromEntries(shown) };
}
