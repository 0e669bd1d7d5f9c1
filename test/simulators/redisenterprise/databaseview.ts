import type { Call } from "./call";
import { isOver, type LoadedModule, progressOf } from "./machine";
import { isoSeconds } from "./response";
import type { DatabaseState } from "./state";

export type View = Readonly<Record<string, unknown>>;

/** A BDB object with the recorded keys (Redis Enterprise facts §2.4, §5). */
export function databaseView(call: Call, database: DatabaseState): View {
  const { switches, settings } = call.world.state;
  const { machine } = database;
  const running = isOver(machine) ? null : machine;
  const shown = running !== null && switches.actionUidOnDatabase ? { action_uid: running.actionUid } : {};
  return {
    ...shown,
    uid: database.uid,
    name: database.name,
    type: database.type,
    status: database.status,
    redis_version: database.redisVersion,
    version: database.version,
    background_op: [
      running === null
        ? { status: "idle" }
        : { name: running.name, progress: progressOf(running), status: running.status },
    ],
    auto_upgrade: database.autoUpgrade,
    replication: database.replication,
    data_persistence: database.persistence,
    replica_sync: database.replicaSync,
    crdt: database.crdtGuid !== null,
    crdt_guid: database.crdtGuid ?? "",
    crdt_modules: crdtModules(database),
    crdt_protocol_version: database.crdtProtocolVersion,
    crdt_featureset_version: database.crdtFeaturesetVersion,
    bigstore: database.bigstore,
    bigstore_version: database.redisVersion.startsWith("8") ? 2 : 1,
    port: database.port,
    shards_count: database.shards.filter((shard) => shard.role === "master").length,
    shard_list: database.shards.map((shard) => shard.id),
    memory_size: 1073741824,
    authentication_admin_pass: settings.maskCredentials ? "*****" : database.adminPassword,
    created_time: isoSeconds(database.createdAt),
    last_changed_time: isoSeconds(database.changedAt),
    group_uid: 0,
    ...backupFields(database, "backup", call.now),
    ...backupFields(database, "export", call.now),
    module_list: database.modules.map(loadedView),
  };
}

/**
 * Status, progress and time of the last that succeeded (redis/docs `objects/bdb`). No page documents the value before the first
 * one: here it is absent.
 */
function backupFields({ backups = [] }: DatabaseState, what: "backup" | "export", now: number): View {
  const all = backups.filter((one) => one.what === what);
  const last = all.at(-1);
  if (last === undefined) return {};
  const runs = last.endsAt > now;
  const succeeded = all.filter(({ endsAt, status }) => endsAt <= now && status === "succeeded").at(-1);
  return {
    [`${what}_status`]: runs ? "exporting" : last.status,
    [`${what}_progress`]: runs ? (100 * (now - last.startedAt)) / (last.endsAt - last.startedAt) : 100,
    ...(!runs && last.status === "failed" ? { [`${what}_failure_reason`]: "no-permission" } : {}),
    ...(succeeded === undefined ? {} : { [`last_${what}_time`]: isoSeconds(succeeded.endsAt) }),
  };
}

/** All four keys, arguments a string. */
function loadedView({ args, uid, name, version }: LoadedModule): View {
  return { module_args: args, module_id: uid, module_name: name, semantic_version: version };
}

/** A JSON text inside the JSON. */
function crdtModules({ crdtGuid, modules }: DatabaseState): string {
  const named = crdtGuid === null ? [] : modules;
  return JSON.stringify(named.map(({ name, version }) => ({ module_name: name, semantic_version: version })));
}
