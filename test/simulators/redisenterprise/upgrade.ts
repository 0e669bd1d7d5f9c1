import { count, type Fields, flag, list, readBody, type Shape } from "./body";
import { type Call, databaseOf, type Ground, server } from "./call";
import { BUNDLED_AT_8, BUNDLED_AT_8_ON_FLASH } from "./catalogue";
import { databaseView } from "./databaseview";
import { mergedModules } from "./effects";
import { malformed, refusal } from "./errors";
import { argsOf, chosenBy, differs, type Item, readItems } from "./item";
import type { LoadedModule, UpgradePlan } from "./machine";
import { targetOf } from "./redistarget";
import {
  admit,
  checkCapabilities,
  checkConsent,
  checkModule,
  isAllowed,
  newestAllowed,
  type RedisTarget,
} from "./rules";
import type { DatabaseState, ModuleState } from "./state";
import { upgradeResponse } from "./upgraderesponse";
import { atLeast, compareVersions } from "./version";

/** The keys of the CRDB call, except the two deprecated ones (Redis Enterprise facts §2.9). */
export const CRDB_SHAPE: Shape = {
  force_restart: "boolean",
  keep_crdt_protocol_version: "boolean",
  may_discard_data: "boolean",
  force_discard: "boolean",
  preserve_roles: "boolean",
  parallel_shards_upgrade: "count",
  modules: "list",
  redis_version: "string",
};

/** `swap_roles` is only in the page's example and has no effect here (Redis Enterprise facts §2.3). */
const SHAPE: Shape = {
  ...CRDB_SHAPE,
  keep_redis_version: "boolean",
  latest_with_modules: "boolean",
  swap_roles: "boolean",
};

/** POST /v1/bdbs/{uid}/upgrade (Redis Enterprise facts §2.3, §6). */
export function postUpgrade(call: Call): unknown {
  const { switches } = call.world.state;
  const fields = readBody(call, SHAPE);
  const database = databaseOf(call);
  const dryRun = call.query.get("dry_run") === "true";
  if (dryRun && switches.dryRun === "refused") throw malformed(switches, "dry_run is not supported");
  admit(call, database);
  const plan = planUpgrade(call, database, fields);
  if (dryRun && switches.dryRun === "supported") return prospect(call, database, plan);
  return upgradeResponse(call, database, plan, "upgrade");
}

function prospect(call: Call, database: DatabaseState, plan: UpgradePlan): unknown {
  return databaseView(call, { ...database, ...plan.redis, modules: mergedModules(database.modules, plan) });
}

export function planUpgrade(ground: Ground, database: DatabaseState, fields: Fields): UpgradePlan {
  const target = targetOf(ground, database, fields);
  const items = readItems(ground, database, list(fields, "modules") ?? [], []);
  const latest = flag(fields, "latest_with_modules", server(ground, "latestModulesByDefault"));
  const removed = joins8(database, target) ? ["searchlight"] : [];
  const kept = database.modules.filter(({ name }) => !removed.includes(name));
  const modules = kept.map((loaded) => {
    const item = items.find((one) => one.loaded === loaded);
    return converted(ground, database, target, moved(ground, database, target, { loaded, item, latest }));
  });
  const all = [...modules, ...bundledAt8(ground, database, target, modules)];
  const redis = target.version === database.version ? null : target;
  const changes = all.filter((module, at) => differs(module, kept[at]));
  const restarts = redis !== null || changes.length > 0 || flag(fields, "force_restart");
  const forceDiscard = flag(fields, "force_discard");
  if (restarts) checkConsent(ground, database, flag(fields, "may_discard_data") || forceDiscard);
  return {
    redis: redis === null ? null : { redisVersion: redis.redisVersion, version: redis.version },
    modules: changes,
    removed,
    restarts,
    forceDiscard,
    preserveRoles: flag(fields, "preserve_roles"),
    parallel: count(fields, "parallel_shards_upgrade") ?? ground.world.state.policy.parallelShardsUpgrade,
    crdtProtocol: database.crdtGuid !== null && redis !== null && !flag(fields, "keep_crdt_protocol_version"),
  };
}

interface Move {
  readonly loaded: LoadedModule;
  readonly item: Item | undefined;
  /** Whether a module that is not named goes to the latest version. */
  readonly latest: boolean;
}

function moved(
  ground: Ground,
  database: DatabaseState,
  target: RedisTarget,
  { loaded, item, latest }: Move,
): LoadedModule {
  const chosen = item === undefined ? undefined : chosenBy(ground, item);
  if (chosen !== undefined) checkModule(ground, database, chosen, loaded.version, target);
  const module = chosen ?? selected(ground, database, target, loaded, latest);
  if (chosen === undefined && module.capabilities !== undefined) checkCapabilities(ground, database, module);
  const args = item === undefined ? loaded.args : argsOf(ground, item);
  return { name: loaded.name, uid: module.uid, version: module.version, args };
}

/** The rule for modules that are not named (Redis Enterprise facts §2.3). Throws `upgrade_bdb_failed`. */
function selected(
  ground: Ground,
  database: DatabaseState,
  target: RedisTarget,
  loaded: LoadedModule,
  latest: boolean,
): ModuleState | (LoadedModule & { readonly capabilities?: undefined }) {
  const newest = newestAllowed(ground, loaded.name, target);
  if (latest && newest !== undefined && compareVersions(newest.version, loaded.version) >= 0) return newest;
  const same = target.redisVersion === database.redisVersion;
  const listed = ground.world.state.modules.find(({ uid }) => uid === loaded.uid);
  if (same || (listed !== undefined && isAllowed(listed, target, ground.node.softwareVersion))) return loaded;
  throw unavailable(ground, loaded.name, target);
}

function unavailable(ground: Ground, name: string, target: RedisTarget) {
  const text = `Unable to find a version of the module ${name} that is supported by target redis version of BDB ${target.redisVersion}`;
  return refusal(ground.world.state.switches, "upgrade_bdb_failed", text);
}

/** From 7 to 8: Active-Active databases are not changed (Redis Enterprise facts §2.3, §2.9). */
function joins8(database: DatabaseState, target: RedisTarget): boolean {
  return database.crdtGuid === null && atLeast(target.version, "8.0") && !atLeast(database.version, "8.0");
}

function bundledAt8(ground: Ground, database: DatabaseState, target: RedisTarget, has: readonly LoadedModule[]) {
  if (!joins8(database, target)) return [];
  const names = database.bigstore ? BUNDLED_AT_8_ON_FLASH : BUNDLED_AT_8;
  return names
    .filter((name) => !has.some((module) => module.name === name))
    .map((name): LoadedModule => {
      const module = newestAllowed(ground, name, target);
      if (module === undefined) throw unavailable(ground, name, target);
      checkCapabilities(ground, database, module);
      return { name, uid: module.uid, version: module.version, args: "" };
    });
}

/** Arguments of bundled modules become configuration objects on the way to Redis 8. */
function converted(ground: Ground, database: DatabaseState, target: RedisTarget, module: LoadedModule): LoadedModule {
  const bundled = BUNDLED_AT_8.some((name) => name === module.name);
  const converts = bundled && joins8(database, target) && ground.world.state.switches.argsConverted;
  return converts ? { ...module, args: "" } : module;
}
