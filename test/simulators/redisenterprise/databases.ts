import { type Call, databaseOf, server } from "./call";
import { BUNDLED_AT_8 } from "./catalogue";
import { databaseView, type View } from "./databaseview";
import { sees } from "./roles";
import type { DatabaseState, ShardState } from "./state";
import { nodeOf } from "./world";

/** GET /v1/bdbs: a bare array of the databases that the user may see. */
export function getDatabases(call: Call): unknown {
  const { databases } = call.world.state;
  return databases.filter(({ uid }) => sees(call.user, uid)).map((database) => shown(call, database));
}

export function getDatabase(call: Call): unknown {
  return shown(call, databaseOf(call));
}

/** With `?fields=a,b` only these; with `?extended=true` the configuration objects of the modules too. */
function shown(call: Call, database: DatabaseState): View {
  const extended = call.query.get("extended") === "true" && server(call, "extendedDatabase");
  const view = { ...databaseView(call, database), ...(extended ? configurations(database) : {}) };
  const fields = call.query.get("fields");
  if (fields === null) return view;
  const wanted = new Set(fields.split(","));
  return Object.fromEntries(Object.entries(view).filter(([key]) => wanted.has(key)));
}

const CONFIGURATION: Readonly<Record<string, string>> = {
  search: "search",
  timeseries: "timeseries",
  bf: "probabilistic",
};

function configurations({ modules }: DatabaseState): View {
  const names = BUNDLED_AT_8.filter((name) => modules.some((module) => module.name === name));
  return Object.fromEntries(names.flatMap((name) => (CONFIGURATION[name] ? [[CONFIGURATION[name], {}]] : [])));
}

/** GET /v1/shards: here ids are strings (Redis Enterprise facts §2.8). */
export function getShards(call: Call): unknown {
  const { databases } = call.world.state;
  return databases
    .filter(({ uid }) => sees(call.user, uid))
    .flatMap((database) => database.shards.map((shard) => shardView(call, database, shard)));
}

function shardView({ world }: Call, database: DatabaseState, shard: ShardState): View {
  return {
    uid: String(shard.id),
    bdb_uid: String(database.uid),
    node_uid: String(shard.node),
    role: shard.role,
    status: nodeOf(world.state, shard.node).down ? "inactive" : "active",
    detailed_status: nodeOf(world.state, shard.node).down ? "down" : "ok",
    loading: { status: "idle" },
    redis_info: { redis_version: shard.version, role: shard.role },
  };
}
