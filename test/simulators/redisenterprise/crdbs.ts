import { readBody } from "./body";
import { type Call, param } from "./call";
import type { View } from "./databaseview";
import { malformed, Refusal } from "./errors";
import type { MachineState, UpgradePlan } from "./machine";
import { isoSeconds } from "./response";
import { admit } from "./rules";
import type { CrdbState, CrdbTaskState } from "./state";
import { CRDB_SHAPE, planUpgrade } from "./upgrade";
import { startUpgrade } from "./upgraderesponse";
import { newUid } from "./world";

export function getCrdbs(call: Call): unknown {
  return call.world.state.crdbs.map(crdbView);
}

export function getCrdb(call: Call): unknown {
  return crdbView(crdbOf(call));
}

/** Default of X-Result-TTL: how long results of tasks are kept, in seconds. */
const RESULT_TTL = 500;

/** POST /v1/crdbs/{guid}/upgrade: returns a task in which all participants take part (Redis Enterprise facts §2.9). */
export function postCrdbUpgrade(call: Call): unknown {
  const { world, now } = call;
  const { crdbTasks, timings } = world.state;
  const fields = readBody(call, CRDB_SHAPE);
  const crdb = crdbOf(call);
  const database = world.databases.get(crdb.localDatabase);
  if (database === undefined) throw notFound("crdb", crdb.guid);
  admit(call, database);
  const task = newTask(call, crdb, planUpgrade(call, database, fields));
  if (task.plan !== null && timings.crdbQueueMs === 0) {
    task.actionUid = startUpgrade(call, database, task.plan, "crdbs/upgrade");
    task.plan = null;
  } else if (task.plan !== null) {
    world.state.timers.push({ at: now + timings.crdbQueueMs, type: "crdb", task: task.id });
    world.state.timers.sort((a, b) => a.at - b.at);
  }
  crdbTasks.push(task);
  return taskView(call, task);
}

function newTask({ world, now, request }: Call, crdb: CrdbState, plan: UpgradePlan): CrdbTaskState {
  const { switches, timings } = world.state;
  const named = switches.crdbTaskNamed ? request.headers["x-task-id"] : undefined;
  const ttl = request.headers["x-result-ttl"] ?? String(RESULT_TTL);
  if (!/^[1-9]\d*$/.test(ttl)) throw malformed(switches, "X-Result-TTL must be a number of seconds");
  if (named !== undefined && world.state.crdbTasks.some(({ id }) => id === named)) {
    throw malformed(switches, `There is a task ${named} already`);
  }
  const begins = now + timings.crdbQueueMs;
  return {
    id: named ?? newUid(world.random),
    guid: crdb.guid,
    database: crdb.localDatabase,
    plan,
    actionUid: null,
    startedAt: now,
    others: crdb.otherClusters.map((one) => ({ ...one, endsAt: begins + one.lastsMs })),
    keptMs: 1_000 * Number(ttl),
  };
}

/** GET /v1/crdb_tasks: those that have not ended. */
export function getCrdbTasks(call: Call): unknown {
  const { crdbTasks, switches } = call.world.state;
  if (!switches.crdbTaskList) throw notFound("path", "/v1/crdb_tasks");
  return crdbTasks.filter((task) => standOf(call, task).endedAt === undefined).map((task) => taskView(call, task));
}

export function getCrdbTask(call: Call): unknown {
  const id = param(call, "id");
  const task = call.world.state.crdbTasks.find((one) => one.id === id);
  const { endedAt } = task === undefined ? {} : standOf(call, task);
  const forgotten = task !== undefined && endedAt !== undefined && call.now > endedAt + task.keptMs;
  if (task === undefined || forgotten) throw notFound("crdb task", id);
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
      ...otherClusters.map(({ cluster }, at) => ({ id: at + 2, cluster: { name: cluster } })),
    ],
  };
}

export type Stage = "queued" | "started" | "finished" | "failed";

interface Part {
  readonly cluster: string;
  readonly stage: Stage;
  readonly error?: string | null | undefined;
  /** Milliseconds; the time of its end, past or future. */
  readonly at: number;
}

interface Stand {
  readonly status: Stage;
  readonly parts: readonly Part[];
  /** Absent while a participant is running. */
  readonly endedAt?: number;
}

type Moment = Pick<Call, "world" | "now">;

/** A task ends when every participant has ended, and fails if one of them fails. */
export function standOf(moment: Moment, task: CrdbTaskState): Stand {
  const local = localPart(moment, task);
  const others = task.others.map(({ cluster, endsAt, error }): Part => {
    const over = error === null ? "finished" : "failed";
    return { cluster, stage: moment.now < endsAt ? "started" : over, error, at: endsAt };
  });
  const parts = [local, ...others];
  if (local.stage === "queued") return { status: "queued", parts };
  if (parts.some(({ stage }) => stage === "started")) return { status: "started", parts };
  const status = parts.some(({ stage }) => stage === "failed") ? "failed" : "finished";
  return { status, parts, endedAt: parts.reduce((latest, { at }) => Math.max(latest, at), task.startedAt) };
}

const STAGES = { pending: "queued", active: "started", completed: "finished", failed: "failed" } as const;

function localPart({ world, now }: Moment, task: CrdbTaskState): Part {
  const cluster = world.state.name;
  if (task.plan !== null) return { cluster, stage: "queued", at: now };
  const database = world.databases.get(task.database);
  const machines: readonly (MachineState | null)[] = database ? [database.machine, ...database.waiting] : [];
  const machine = machines.find((one) => one?.actionUid === task.actionUid);
  // A state machine that is no longer kept has ended, and another one has started.
  if (!machine) return { cluster, stage: "finished", at: task.startedAt };
  return { cluster, stage: STAGES[machine.status], error: machine.error, at: machine.heartbeat };
}

function taskView(call: Call, task: CrdbTaskState): View {
  const { status, parts, endedAt } = standOf(call, task);
  const failed = parts.filter(({ stage }) => status === "failed" && stage === "failed");
  return {
    id: task.id,
    crdb_guid: task.guid,
    status,
    operation: "upgrade",
    progress: { clusters: parts.map(({ cluster, stage }) => ({ name: cluster, progress: stage })), worker: "" },
    errors: failed.map(({ cluster, error }) => ({
      cluster_name: cluster,
      description: error,
      error_code: "internal_error",
    })),
    started: isoSeconds(task.startedAt),
    ...(endedAt === undefined ? {} : { ended: isoSeconds(endedAt) }),
  };
}
