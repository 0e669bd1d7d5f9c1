import { isoSeconds } from "./answer";
import { startUpgrade } from "./answerupgrade";
import { readBody } from "./body";
import { type Call, param } from "./call";
import type { View } from "./databaseview";
import { Refusal } from "./errors";
import type { MachineState } from "./machine";
import { admit } from "./rules";
import type { CrdbState, CrdbTaskState } from "./state";
import { CRDB_SHAPE, planUpgrade } from "./upgrade";
import { newUid } from "./world";

export function getCrdbs(call: Call): unknown {
  return call.world.state.crdbs.map(crdbView);
}

export function getCrdb(call: Call): unknown {
  return crdbView(crdbOf(call));
}

/** POST /v1/crdbs/{guid}/upgrade: answers a task that follows the database of this cluster (Redis Enterprise facts §2.9). */
export function postCrdbUpgrade(call: Call): unknown {
  const { world, now, request } = call;
  const fields = readBody(call, CRDB_SHAPE);
  const crdb = crdbOf(call);
  const database = world.databases.get(crdb.localDatabase);
  if (database === undefined) throw notFound("crdb", crdb.guid);
  admit(call, database);
  const actionUid = startUpgrade(call, database, planUpgrade(call, database, fields), "crdbs/upgrade");
  const task: CrdbTaskState = {
    id: request.headers["x-task-id"] ?? newUid(world.random),
    guid: crdb.guid,
    database: database.uid,
    actionUid,
    startedAt: now,
  };
  world.state.crdbTasks.push(task);
  return taskView(call, task);
}

export function getCrdbTask(call: Call): unknown {
  const id = param(call, "id");
  const task = call.world.state.crdbTasks.find((one) => one.id === id);
  if (task === undefined) throw notFound("crdb task", id);
  return taskView(call, task);
}

function crdbOf(call: Call): CrdbState {
  const guid = param(call, "guid");
  const crdb = call.world.state.crdbs.find((one) => one.guid === guid);
  if (crdb === undefined) throw notFound("crdb", guid);
  return crdb;
}

function notFound(what: string, name: string): Refusal {
  return new Refusal(404, "not_found", `${what} ${name} does not exist`);
}

function crdbView({ guid, name, localDatabase, otherClusters }: CrdbState): View {
  return {
    guid,
    name,
    local_databases: [{ bdb_uid: String(localDatabase), id: 1 }],
    instances: [
      { id: 1, db_uid: String(localDatabase) },
      ...otherClusters.map((cluster, at) => ({ id: at + 2, cluster: { name: cluster } })),
    ],
  };
}

const STATUS = { pending: "queued", active: "started", completed: "finished", failed: "failed" } as const;

function taskView({ world }: Call, task: CrdbTaskState): View {
  const database = world.databases.get(task.database);
  const machines: readonly (MachineState | null)[] = database ? [database.machine, ...database.waiting] : [];
  const machine = machines.find((one) => one?.actionUid === task.actionUid);
  // A state machine that is no longer remembered had an end, and another one began after it.
  const status = machine ? STATUS[machine.status] : "finished";
  const ended = status === "finished" || status === "failed";
  return {
    id: task.id,
    crdb_guid: task.guid,
    status,
    operation: "upgrade",
    progress: { clusters: [], worker: "" },
    errors:
      status === "failed"
        ? [{ cluster_name: world.state.name, description: machine?.error, error_code: "internal_error" }]
        : [],
    started: isoSeconds(task.startedAt),
    ...(ended ? { ended: isoSeconds(machine?.heartbeat ?? task.startedAt) } : {}),
  };
}
