import type { SimResponse } from "../shell/http";
import { maySee, readInstance } from "./access";
import { integerQuery, jsonResponse, type ProjectCall, timeQuery, timeText, wordQuery } from "./call";
import { parameterError } from "./errors";
import { ENGINE } from "./instanceview";
import type { BackupState, InstanceState } from "./state";

/** Full backups (API reference: ShowGaussMySqlBackupList, ShowInstanceBackups). */

export interface BackupSpec {
  /** Default: one minute before its end. */
  readonly startedAt?: number;
  /** Default: now. With a later time, it runs until then. */
  readonly endsAt?: number;
  /** Its final status. Default COMPLETED. */
  readonly status?: BackupState["status"];
  readonly type?: BackupState["type"];
}

export function makeBackup(id: string, instanceId: string, spec: BackupSpec, now: number): BackupState {
  const { endsAt = now, status = "COMPLETED", type = "auto" } = spec;
  const startedAt = spec.startedAt ?? Math.min(endsAt, now) - 60_000;
  return { id, instanceId, name: `GaussDBforMySQL-backup-${startedAt}`, type, startedAt, endsAt, status };
}

/** All backups of a project. The order is undocumented: here the oldest come first. */
export function listBackups(call: ProjectCall): SimResponse {
  const [instance, id] = ["instance_id", "backup_id"].map((name) => call.query.get(name) || undefined);
  const type = wordQuery(call, "backup_type", ["auto", "manual"]);
  const from = timeQuery(call, "begin_time") ?? Number.NEGATIVE_INFINITY;
  const until = timeQuery(call, "end_time") ?? Number.POSITIVE_INFINITY;
  const found = (call.world.state.backups ?? []).filter(
    (backup) =>
      isVisible(call, backup) &&
      (instance ?? backup.instanceId) === backup.instanceId &&
      (id ?? backup.id) === backup.id &&
      (type ?? backup.type) === backup.type &&
      backup.startedAt >= from &&
      backup.startedAt <= until,
  );
  return paged(call, found);
}

const ORDERS: Readonly<Record<string, (backup: BackupState) => string | number>> = {
  name: ({ name }) => name,
  beginTime: ({ startedAt }) => startedAt,
  type: ({ type }) => type,
};

/** Those of one instance; only these can be sorted. */
export function instanceBackups(call: ProjectCall): SimResponse {
  const { id } = readInstance(call);
  const found = (call.world.state.backups ?? []).filter(({ instanceId }) => instanceId === id);
  const field = call.query.get("order_field");
  const rule = call.query.get("order_rule");
  if (rule !== undefined && rule !== "asc" && rule !== "desc") throw parameterError("order_rule must be asc or desc.");
  if (field === undefined) return paged(call, found);
  const order = ORDERS[field];
  if (order === undefined) throw parameterError("order_field must be name, beginTime or type.");
  const sign = rule === "desc" ? -1 : 1;
  return paged(
    call,
    found.toSorted((a, b) => (order(a) === order(b) ? 0 : order(a) < order(b) ? -sign : sign)),
  );
}

function isVisible(call: ProjectCall, { instanceId }: BackupState): boolean {
  const instance = call.world.instances.get(instanceId);
  return instance?.projectId === call.project.id && maySee(call.principal, instance);
}

/** `offset` counts records. */
function paged(call: ProjectCall, found: readonly BackupState[]): SimResponse {
  const limit = integerQuery(call, "limit", 100, 1, 100);
  const offset = integerQuery(call, "offset", 0, 0, Number.MAX_SAFE_INTEGER);
  const page = found.slice(offset, offset + limit);
  return jsonResponse({ backups: page.map((backup) => rowOf(call, backup)), total_count: found.length });
}

function rowOf(call: ProjectCall, backup: BackupState): object {
  const { id, instanceId, name, type, startedAt, endsAt, status } = backup;
  const runs = endsAt > call.now;
  // It is in the map: only visible ones are listed.
  const instance = call.world.instances.get(instanceId) as InstanceState;
  return {
    id,
    name,
    begin_time: timeText(startedAt),
    end_time: timeText(runs ? null : endsAt),
    status: runs ? "BUILDING" : status,
    take_up_time: Math.round((endsAt - startedAt) / 60_000),
    type,
    size: 2803,
    datastore: { type: ENGINE, version: instance.mysqlVersion.split(".").slice(0, 2).join(".") },
    instance_id: instanceId,
    description: "",
  };
}
