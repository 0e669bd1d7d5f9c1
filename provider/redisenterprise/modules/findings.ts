import type { Finding } from "../../core/unit";
import { compareVersions } from "../../core/version";
import { type Database, type LoadedModule, labelOf, subjectOf } from "../database/database";
import { type ClusterNode, supportedByAll } from "../node";
import type { SeenDatabase } from "../observe";
import {
  buildsOf,
  comesWithRedis8,
  missingCapabilities,
  neededRedis,
  newestOf,
  type ShippedModule,
  shippedNames,
} from "./catalogue";
import { type ModuleTarget, shownArguments } from "./targets";

/**
 * Why a managed module cannot reach its target version. Findings about values that can never succeed have a property. A
 * finding that a DatabaseVersion in the same program may resolve first has none, so that both can be previewed
 * together.
 */
const PROPERTY = "modules";

/** The database does not have the module, and the cluster may not ship it either. */
export function notLoaded({ name }: ModuleTarget, { database, shipped, nodes }: SeenDatabase): Finding {
  const runs = (database.modules ?? []).map((module) => module.name).join(", ") || "none";
  if (buildsOf(shipped, name).length === 0) {
    return {
      code: "module-unknown",
      property: PROPERTY,
      message: `This cluster has no module ${name}.`,
      remedy: `${subjectOf(database)} has ${runs}; the cluster ships ${shippedNames(shipped).join(", ") || "none"}.`,
    };
  }
  const comes = comesWithRedis8(name, database, supportedByAll(nodes));
  return {
    code: "module-not-loaded",
    ...(comes ? {} : { property: PROPERTY }),
    message: `${subjectOf(database)} does not have the module ${name}, and modules can only be added when a database is created.`,
    remedy: comes
      ? `It has ${runs}. An upgrade to Redis 8 adds ${name}: do that first, with a redisenterprise.DatabaseVersion that this resource depends on.`
      : `Specify only modules that it has: ${runs}.`,
  };
}

export function notShipped(
  { name, pinned }: ModuleTarget,
  loaded: LoadedModule,
  builds: readonly ShippedModule[],
): Finding {
  const ships = builds.map((build) => build.text).join(", ");
  return {
    code: "module-not-shipped",
    property: PROPERTY,
    message: `This cluster does not ship ${loaded.name || name} ${pinned}; it ships ${ships === "" ? "no build of it" : ships}.`,
    remedy: "Choose one of those, or upgrade the cluster's software, which adds others.",
  };
}

/**
 * The server has converted the arguments of a bundled module into an object of the database, which an upgrade request
 * would not change.
 */
export function notAnArgument(
  { args = "" }: ModuleTarget,
  { name, args: runs }: LoadedModule,
  database: Database,
): Finding {
  const has = shownArguments(runs);
  return {
    code: "module-arguments-moved",
    property: PROPERTY,
    message: `${name} of ${labelOf(database)} cannot be given the arguments ${shownArguments(args)} (it has ${has === "" ? "none" : has}): on Redis 8 these settings are the database's own objects search, timeseries and probabilistic.`,
    remedy: `Remove \`args\` of ${name}, and change those objects (PUT /v1/bdbs/${database.uid}).`,
  };
}

export function needsRedis({ pinned }: ModuleTarget, wanted: readonly ShippedModule[], database: Database): Finding {
  const runs = `${labelOf(database)} runs Redis ${database.redis?.full.parts.join(".") ?? "of an unknown version"}`;
  const [later] = wanted.filter((build) => isForLater(build, database));
  const build = later ?? newestOf(wanted);
  const message = `${build?.name} ${build?.text ?? pinned} needs ${build === undefined ? "another Redis" : neededRedis(build)}; ${runs}.`;
  if (later === undefined) {
    return {
      code: "module-for-older-redis",
      property: PROPERTY,
      message,
      remedy: "Choose a version that is compatible with the current Redis.",
    };
  }
  const release = later.compatible?.parts.join(".");
  const target = release === undefined ? "" : ` and \`redisVersion\` "${release}"`;
  return {
    code: "module-needs-redis",
    message,
    remedy: `Upgrade the database first, with a redisenterprise.DatabaseVersion${target} that this resource depends on, or choose a version that is compatible with the current Redis.`,
  };
}

/** Whether an upgrade of the database's Redis could make the build usable. */
function isForLater({ compatible, minRedis }: ShippedModule, { redis }: Database): boolean {
  const needed = compatible ?? minRedis;
  return redis !== undefined && needed !== undefined && compareVersions(needed, redis.release) > 0;
}

export function needsSoftware(wanted: readonly ShippedModule[], nodes: readonly ClusterNode[]): Finding {
  const build = newestOf(wanted);
  return {
    code: "module-needs-software",
    property: PROPERTY,
    message: `${build?.name} ${build?.text} needs Redis Enterprise ${build?.minSoftware?.parts.join(".")}; the nodes run ${nodes[0]?.software}.`,
    remedy: "Upgrade the cluster's software first, or choose a version that is compatible with it.",
  };
}

export function lacksCapabilities(wanted: readonly ShippedModule[], database: Database): Finding {
  const build = newestOf(wanted);
  const missing = build === undefined ? [] : missingCapabilities(database, build);
  return {
    code: "module-lacks-capabilities",
    property: PROPERTY,
    message: `${build?.name} ${build?.text} lacks capabilities that ${labelOf(database)} uses: ${missing.join(", ")}.`,
    remedy: "Choose another version, or change the database.",
  };
}
