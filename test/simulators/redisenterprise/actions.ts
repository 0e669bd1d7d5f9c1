import { type Call, databaseOf, param, refuse } from "./call";
import type { View } from "./databaseview";
import { batchOf } from "./effects";
import { isOver, type MachineState, progressOf, RESTARTING } from "./machine";
import { epochSeconds } from "./response";
import { sees } from "./roles";
import type { DatabaseState, TaskState } from "./state";

/** GET /v1/actions: an object of two arrays (Redis Enterprise facts §2.7). */
export function getActions(call: Call): unknown {
  return {
    actions: call.world.state.tasks.map(taskView),
    "state-machines": visibleMachines(call).map(([database, machine]) => machineView(call, database, machine)),
  };
}

/** GET /v1/actions/{uid}: one flat object. */
export function getAction(call: Call): unknown {
  const found = findAction(call);
  return "task" in found ? taskView(found.task) : machineView(call, found.database, found.machine);
}

/** GET /v1/actions/bdb/{uid}: a bare array of state machines. */
export function getActionsOfDatabase(call: Call): unknown {
  const database = databaseOf(call);
  return machinesOf(call, database).map((machine) => machineView(call, database, machine));
}

export function getActionsV2(call: Call): unknown {
  const machines = call.world.state.switches.v2StateMachines ? visibleMachines(call) : [];
  return [
    ...call.world.state.tasks.map(taskViewV2),
    ...machines.map(([database, machine]) => machineViewV2(call, database, machine)),
  ];
}

export function getActionV2(call: Call): unknown {
  const found = findAction(call);
  if ("task" in found) return taskViewV2(found.task);
  if (!call.world.state.switches.v2StateMachines) return unknown(call);
  return machineViewV2(call, found.database, found.machine);
}

function visibleMachines(call: Call): readonly (readonly [DatabaseState, MachineState])[] {
  return call.world.state.databases
    .filter(({ uid }) => sees(call.user, uid))
    .flatMap((database) => machinesOf(call, database).map((machine) => [database, machine] as const));
}

/** The last run and the queued ones; a finished run only on servers that keep it. */
function machinesOf({ world }: Call, { machine, waiting }: DatabaseState): readonly MachineState[] {
  const forgotten = world.state.switches.finishedActions === "forgotten" && machine?.status === "completed";
  return machine === null || forgotten ? waiting : [machine, ...waiting];
}

type Found = { readonly task: TaskState } | { readonly database: DatabaseState; readonly machine: MachineState };

function findAction(call: Call): Found {
  const { world } = call;
  const uid = param(call, "uid");
  const task = world.state.tasks.find(({ actionUid }) => actionUid === uid);
  if (task !== undefined) return { task };
  const owner = world.actions.get(uid);
  const database = owner !== undefined && sees(call.user, owner) ? world.databases.get(owner) : undefined;
  const machine = database && machinesOf(call, database).find(({ actionUid }) => actionUid === uid);
  return database && machine ? { database, machine } : unknown(call);
}

function unknown(call: Call): never {
  return refuse(call, "action_not_found", `Action ${param(call, "uid")} does not exist`);
}

/** Progress and time of a task are strings (Redis Enterprise facts §5). */
function taskView({ actionUid, name, node, createdAt }: TaskState): View {
  return {
    action_uid: actionUid,
    creation_time: String(epochSeconds(createdAt)),
    name,
    node_uid: String(node),
    progress: "100",
    status: "completed",
    task_id: actionUid,
  };
}

function taskViewV2({ actionUid, name, node, createdAt }: TaskState): View {
  return {
    action_type: "task",
    action_uid: actionUid,
    additional_info: { object_type: "node", object_uid: String(node) },
    creation_time: epochSeconds(createdAt),
    name,
    progress: 100,
    status: "completed",
  };
}

const WORDS = {
  stateMachine: { pending: "pending", active: "active", completed: "completed" },
  action: { pending: "queued", active: "running", completed: "completed" },
} as const;

/** Recorded: a finished one has neither progress nor state. */
function machineView(call: Call, database: DatabaseState, machine: MachineState): View {
  const { actionWords } = call.world.state.switches;
  const { status } = machine;
  const failed = status === "failed";
  const message = failed ? machine.failure : WORDS[actionWords][status];
  const base = {
    action_uid: machine.actionUid,
    heartbeat: epochSeconds(isOver(machine) ? machine.heartbeat : call.now),
    name: machine.name,
    object_name: `bdb:${database.uid}`,
    status: message,
  };
  if (status === "completed") return base;
  if (status === "pending") return { ...base, progress: 0 };
  const where = { progress: progressOf(machine), state: machine.states[machine.at] };
  if (!failed) return { ...base, pending_ops: pendingOps(call, database, machine), ...where };
  const more = actionWords === "action" ? { error_code: "internal_error", error_message: machine.error } : {};
  return { ...base, ...where, error: machine.error, ...more };
}

function machineViewV2(call: Call, database: DatabaseState, machine: MachineState): View {
  const { status } = machine;
  const failed = status === "failed";
  const ops = status === "active" ? pendingOps(call, database, machine) : {};
  return {
    action_type: "state-machine",
    action_uid: machine.actionUid,
    additional_info: {
      ...(failed ? { error: machine.error } : {}),
      object_type: "bdb",
      object_uid: String(database.uid),
      ...(Object.keys(ops).length > 0 ? { pending_ops: ops } : {}),
    },
    creation_time: epochSeconds(machine.createdAt),
    name: machine.name,
    progress: progressOf(machine),
    status: failed ? machine.failure : WORDS.action[status],
  };
}

/** The shards that restart at this moment. */
function pendingOps({ now }: Call, database: DatabaseState, machine: MachineState): View {
  const { plan } = machine;
  if (!plan?.restarts || !RESTARTING.has(machine.states[machine.at] ?? "")) return {};
  const batch = new Set(batchOf(database, plan, machine.slotsDone));
  const shards = database.shards.filter(({ slot }) => batch.has(slot));
  const seconds = epochSeconds(now);
  const op = {
    heartbeat: seconds,
    snapshot: 0,
    last_sample_time: seconds,
    op_name: machine.states[machine.at],
    status_code: 0,
    status_description: "restarting",
    progress: 0,
  };
  return Object.fromEntries(shards.map(({ id }) => [String(id), op]));
}
