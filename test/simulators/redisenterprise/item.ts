import { type FieldType, readFields, type Shape, text, words } from "./body";
import { type Ground, refuse, server } from "./call";
import { malformed } from "./errors";
import type { LoadedModule } from "./machine";
import type { DatabaseState, ModuleState } from "./state";
import type { Switches } from "./switches";

/** One entry of `modules` in an upgrade call, with the loaded module it means. */
export interface Item {
  readonly loaded: LoadedModule;
  readonly newUid: string | undefined;
  readonly args: string | undefined;
}

const ARGUMENTS: Readonly<Record<Switches["moduleArgs"], FieldType>> = {
  string: "string",
  list: "list",
  either: "text",
};

function shapeOf({ moduleArgs }: Switches): Shape {
  return {
    module_name: "string",
    current_module: "string",
    current_semantic_version: "string",
    new_module: "string",
    new_module_args: ARGUMENTS[moduleArgs],
  };
}

/** The entries of `modules`; each must mean another loaded module. Throws 400. */
export function readItems(ground: Ground, database: DatabaseState, raw: readonly unknown[], needed: readonly string[]) {
  const items = raw.map((one, index) => readItem(ground, database, one, `modules[${index}]`, needed));
  const names = new Set(items.map(({ loaded }) => loaded.name));
  if (names.size < items.length) throw malformed(ground.world.state.switches, "modules names a module twice");
  return items;
}

function readItem(
  ground: Ground,
  database: DatabaseState,
  raw: unknown,
  where: string,
  needed: readonly string[],
): Item {
  const { switches } = ground.world.state;
  const fields = readFields(ground, raw, shapeOf(switches), where);
  const missing = needed.find((key) => fields[key] === undefined);
  if (missing !== undefined) throw malformed(switches, `'${missing}' is missing in ${where}`);
  const uid = text(fields, "current_module");
  const name = text(fields, "module_name");
  const version = text(fields, "current_semantic_version");
  const loaded = database.modules.find((module) =>
    uid === undefined ? name !== undefined && isNamed(switches, module, name) : module.uid === uid,
  );
  if (loaded === undefined) throw malformed(switches, `${where} names no module of database ${database.uid}`);
  if (name !== undefined && !isNamed(switches, loaded, name)) {
    throw malformed(switches, `${where} names ${name}, but its current_module is ${loaded.name}`);
  }
  if (version !== undefined && version !== loaded.version) {
    throw malformed(switches, `${loaded.name} is at ${loaded.version}, not ${version}`);
  }
  return { loaded, newUid: text(fields, "new_module"), args: words(fields, "new_module_args") };
}

function isNamed({ moduleNames }: Switches, module: LoadedModule, name: string): boolean {
  return moduleNames === "exact" ? module.name === name : module.name.toLowerCase() === name.toLowerCase();
}

/** The target module of an item; undefined if the server chooses it. */
export function chosenBy(ground: Ground, { loaded, newUid }: Item): ModuleState | undefined {
  if (newUid === undefined) return undefined;
  const { modules, switches } = ground.world.state;
  const module = modules.find(({ uid }) => uid === newUid);
  if (module === undefined) refuse(ground, "missing_module", `Module ${newUid} is not present in cluster.`);
  if (module.name !== loaded.name) throw malformed(switches, `${newUid} is ${module.name}, not ${loaded.name}`);
  if (!module.bundled || !server(ground, "leanModuleObject") || switches.bundledUids === "honoured") return module;
  if (switches.bundledUids === "ignored") return undefined;
  throw malformed(switches, `The version of the bundled module ${module.name} cannot be chosen`);
}

/** Arguments of a named module: what is not sent again is lost (Redis Enterprise facts §7). */
export function argsOf({ world }: Ground, { loaded, args }: Item): string {
  return args ?? (world.state.switches.argsOmitted === "kept" ? loaded.args : "");
}

/** Whether a module is changed or new. */
export function differs(module: LoadedModule, was: LoadedModule | undefined): boolean {
  return module.uid !== was?.uid || module.args !== was.args;
}
