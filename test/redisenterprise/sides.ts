import type { ClusterOptions, RedisEnterpriseCluster } from "../simulators/redisenterprise";
import { CACHE, MODULES_UPGRADE, type Rig, rig, SHIPPED, UPGRADE } from "./rig";

type Args = Record<string, unknown>;

/** One of the two resource types, with a database that is outdated, up to date, or ahead of its target. */
export interface Side {
  readonly type: string;
  readonly path: string;
  /** The argument with the target, and its value. */
  readonly property: string;
  readonly pin: unknown;
  readonly higher: Args;
  readonly floor: Args;
  /** The preview's message for the outdated database. */
  readonly plan: string;
  readonly already: string;
  /** `from` and `to` of the record. */
  readonly from: string;
  readonly to: string;
  /** Members after the upgrade. */
  readonly members: Record<string, string>;
  /** The argument that a refresh returns for an outdated database, and for one ahead of its target. */
  readonly drifted: { readonly behind: unknown; readonly ahead: unknown };
  inputs(world: Rig, args?: Args): Args;
  /** Changes the database without the provider: outdated, up to date, or ahead of its target. */
  put(cluster: RedisEnterpriseCluster, where: "behind" | "there" | "ahead"): void;
}

const modules: Side = {
  type: "ModuleVersions",
  path: MODULES_UPGRADE,
  property: "modules",
  pin: { search: "2.10.17", ReJSON: "2.8.10" },
  higher: { modules: { search: "2.10.20", ReJSON: "2.8.10" } },
  floor: { modules: { search: ">=2.8" } },
  plan: "search 2.10.8 → 2.10.17, ReJSON 2.8.4 → 2.8.10, in one request, with a failover of each shard",
  already: "already at search 2.10.17, ReJSON 2.8.10",
  from: "search 2.10.8, ReJSON 2.8.4",
  to: "search 2.10.17, ReJSON 2.8.10",
  members: { search: SHIPPED.search, ReJSON: SHIPPED.ReJSON },
  drifted: { behind: { search: "2.10.8", ReJSON: "2.8.4" }, ahead: { search: "2.10.20", ReJSON: "2.8.20" } },
  inputs: (world, args) => world.modules(args),
  put: (cluster, where) => {
    const versions = {
      behind: { search: "2.10.8", ReJSON: "2.8.4" },
      there: SHIPPED,
      ahead: { search: "2.10.20", ReJSON: "2.8.20" },
    }[where];
    cluster.control.setModule(1, { name: "search", version: versions.search, args: "WORKERS 6" });
    cluster.control.setModule(1, { name: "ReJSON", version: versions.ReJSON });
  },
};

const redis: Side = {
  type: "DatabaseVersion",
  path: UPGRADE,
  property: "redisVersion",
  pin: "7.4",
  higher: { redisVersion: "8.0" },
  floor: { redisVersion: ">=7.2" },
  plan: "7.2.7 → 7.4.2, with a failover of each shard, search 2.8.26 → 2.10.17, ReJSON 2.6.17 → 2.8.10",
  already: "already at 7.4.2",
  from: "7.2.7",
  to: "7.4",
  members: { "bdb:1": "7.4.2" },
  drifted: { behind: "7.2", ahead: "8.0" },
  inputs: (world, args) => world.redis({ redisVersion: "7.4", ...args }),
  put: (cluster, where) => {
    const version = { behind: "7.2", there: "7.4", ahead: "8.0" }[where];
    cluster.control.setRedis(1, version);
    for (const module of ["search", "ReJSON"] as const) {
      const fitting = { "7.2": { search: "2.8.26", ReJSON: "2.6.17" }, "8.0": { search: "7.99.91", ReJSON: "7.99.3" } };
      const versions = version === "7.4" ? SHIPPED : fitting[version as "7.2" | "8.0"];
      cluster.control.setModule(1, {
        name: module,
        version: versions[module],
        args: module === "search" ? "WORKERS 6" : "",
      });
    }
  },
};

export const SIDES: readonly [string, Side][] = [
  ["modules", modules],
  ["Redis", redis],
];

/** A rig with a database in the given relation to its target. */
export function rigFor(side: Side, where: "behind" | "there" | "ahead", options: ClusterOptions = {}): Rig {
  const world = rig({
    databases: [CACHE],
    ...options,
    modules: [
      { name: "search", version: "2.10.20", compatibleRedisVersion: "7.4", bundled: false },
      ...(options.modules ?? []),
    ].slice(side.type === "ModuleVersions" ? 0 : 1),
  });
  side.put(world.cluster, where);
  return world;
}
