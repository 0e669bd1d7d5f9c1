import { flag, list, readBody, type Shape } from "./body";
import { type Call, databaseOf } from "./call";
import { malformed } from "./errors";
import { argsOf, chosenBy, differs, type Item, readItems } from "./item";
import type { LoadedModule, UpgradePlan } from "./machine";
import { admit, checkConsent, checkModule } from "./rules";
import type { DatabaseState } from "./state";
import { upgradeResponse } from "./upgraderesponse";

/** `force_restart` is known from a release note alone (Redis Enterprise facts §2.1). */
const SHAPE: Shape = {
  modules: "list",
  preserve_roles: "boolean",
  may_discard_data: "boolean",
  force_restart: "boolean",
};

const NEEDED = {
  example: ["new_module"],
  table: ["current_module", "new_module", "new_module_args"],
} as const;

/** POST /v1/bdbs/{uid}/modules/upgrade, in the order of Redis Enterprise facts §6. */
export function postModulesUpgrade(call: Call): unknown {
  const { switches, policy } = call.world.state;
  const fields = readBody(call, SHAPE);
  const raw = list(fields, "modules");
  if (raw === undefined || raw.length === 0) throw malformed(switches, "'modules' is missing in the request body");
  const database = databaseOf(call);
  admit(call, database);
  const items = readItems(call, database, raw, NEEDED[switches.moduleKeys]);
  const modules = items.map((item) => upgraded(call, database, item));
  const changes = items.some(({ loaded }, index) => differs(modules[index] ?? loaded, loaded));
  const restarts = changes || flag(fields, "force_restart");
  if (restarts) checkConsent(call, database, flag(fields, "may_discard_data"));
  const plan: UpgradePlan = {
    redis: null,
    modules,
    removed: [],
    restarts,
    forceDiscard: false,
    preserveRoles: flag(fields, "preserve_roles"),
    parallel: policy.parallelShardsUpgrade,
    crdtProtocol: false,
  };
  return upgradeResponse(call, database, plan, "modules/upgrade");
}

/** Equal versions are accepted: that is how arguments alone are changed (Redis Enterprise facts §2.1). */
function upgraded(call: Call, database: DatabaseState, item: Item): LoadedModule {
  const module = chosenBy(call, item);
  if (module === undefined) return item.loaded;
  checkModule(call, database, module, item.loaded.version, database);
  return { name: item.loaded.name, uid: module.uid, version: module.version, args: argsOf(call, item) };
}
