import { applyPlan, outdated, restartSlots, secondFailover, slotsOf } from "./effects";
import { isOver, type MachineState, RESTARTING, statesOf, type UpgradePlan } from "./machine";
import type { AcceptedUpgrade, DatabaseState } from "./state";
import { changed, hasQuorum, masterOf, newUid, nodeOf, type World } from "./world";

/**
 * Advances every state machine at times that depend only on the clock and earlier actions.
 * The number of polls changes nothing.
 */
export function advance(world: World, now: number): void {
  for (;;) {
    const event = world.queue.peek();
    const [timer] = world.state.timers;
    const eventAt = event?.at ?? Number.POSITIVE_INFINITY;
    const timerAt = timer?.at ?? Number.POSITIVE_INFINITY;
    if (Math.min(eventAt, timerAt) > now) return;
    if (timer !== undefined && timerAt <= eventAt) {
      world.state.timers.shift();
      if (timer.type === "election") elect(world, timerAt);
      else beginTask(world, timer.task, timerAt);
    } else if (event !== undefined) {
      world.queue.pop();
      const database = world.databases.get(event.database);
      if (database?.machine?.next?.seq === event.seq) step(world, database, database.machine, eventAt);
    }
  }
}

/** A CRDB task begins with the database of this cluster. */
function beginTask(world: World, id: string, now: number): void {
  const task = world.state.crdbTasks.find((one) => one.id === id);
  const database = task && world.databases.get(task.database);
  if (!task?.plan || database === undefined) return;
  task.actionUid = acceptUpgrade(world, database, task.plan, "crdbs/upgrade", now);
  task.plan = null;
}

/** The up node with the lowest uid becomes master, if there is a quorum; machines that waited for it resume. */
export function elect(world: World, now: number): void {
  const { state } = world;
  if (masterOf(state) === undefined) {
    state.master = hasQuorum(state) ? (state.nodes.find((node) => !node.down)?.uid ?? null) : null;
  }
  release(world, now);
}

/** Re-evaluates machines that were on hold. */
export function release(world: World, now: number): void {
  for (const database of world.state.databases) {
    const { machine } = database;
    if (!machine?.held) continue;
    machine.held = false;
    schedule(world, database, machine, Math.max(now, machine.next?.at ?? now));
  }
}

export function schedule(world: World, database: DatabaseState, machine: MachineState, at: number): void {
  world.state.counters.event += 1;
  machine.next = { at, seq: world.state.counters.event };
  world.queue.push({ ...machine.next, database: database.uid });
}

export interface MachineRequest {
  readonly name: string;
  readonly plan: UpgradePlan | null;
  readonly lastsMs?: number | "forever";
}

/** Starts a state machine, or queues it behind the running one. */
export function startMachine(world: World, database: DatabaseState, request: MachineRequest, now: number): string {
  const { plan, name, lastsMs = null } = request;
  const machine: MachineState = {
    actionUid: newUid(world.random),
    name,
    createdAt: now,
    heartbeat: now,
    status: "pending",
    failure: "failed",
    states: plan === null ? ["proxy_policy"] : statesOf(plan, database.replication),
    at: 0,
    slotsDone: 0,
    plan,
    error: null,
    next: null,
    held: false,
    hung: false,
    lastsMs,
  };
  world.actions.set(machine.actionUid, database.uid);
  if (isOver(database.machine)) install(world, database, machine, now);
  else database.waiting.push(machine);
  changed(world.state);
  return machine.actionUid;
}

export function acceptUpgrade(
  world: World,
  database: DatabaseState,
  plan: UpgradePlan,
  call: AcceptedUpgrade["call"],
  now: number,
): string {
  const actionUid = startMachine(world, database, { name: "SMUpgradeBDB", plan }, now);
  world.state.acceptedUpgrades.push({ at: now, database: database.uid, actionUid, call });
  return actionUid;
}

/** Only the last run is kept (Redis Enterprise facts §2.7). */
export function install(world: World, database: DatabaseState, machine: MachineState, now: number): void {
  if (database.machine !== null) world.actions.delete(database.machine.actionUid);
  database.machine = machine;
  schedule(world, database, machine, now + world.state.timings.pendingMs);
}

function step(world: World, database: DatabaseState, machine: MachineState, now: number): void {
  if (isHeld(world, database)) {
    machine.held = true;
    return;
  }
  machine.heartbeat = now;
  if (machine.status === "pending") {
    machine.status = "active";
    database.status = "active-change-pending";
    if (machine.plan !== null) machine.error = outdated(database, machine.plan);
    enter(world, database, machine, now);
  } else if (machine.error !== null) {
    machine.status = "failed";
    machine.next = null;
  } else {
    work(world, database, machine, now);
  }
}

/** A machine pauses without a master, and while a node that holds one of its shards is down. */
function isHeld({ state }: World, { shards }: DatabaseState): boolean {
  return masterOf(state) === undefined || shards.some((shard) => nodeOf(state, shard.node).down);
}

function work(world: World, database: DatabaseState, machine: MachineState, now: number): void {
  const { plan } = machine;
  const name = machine.states[machine.at] ?? "";
  if (plan?.restarts && RESTARTING.has(name)) {
    machine.slotsDone = restartSlots(database, plan, machine.slotsDone);
    if (machine.slotsDone < slotsOf(database)) {
      enter(world, database, machine, now);
      return;
    }
  }
  if (name === "second_failover") secondFailover(database);
  machine.at += 1;
  if (machine.at < machine.states.length) enter(world, database, machine, now);
  else complete(world, database, machine, now);
}

/** Into a state, or on to its next batch of shards. */
function enter(world: World, database: DatabaseState, machine: MachineState, now: number): void {
  const { timings } = world.state;
  const name = machine.states[machine.at] ?? "";
  const script = takeScript(world, database, machine, name);
  if (script?.what === "hang" || machine.lastsMs === "forever") {
    machine.hung = true;
    machine.next = null;
    return;
  }
  if (script !== undefined) {
    machine.error = script.error;
    machine.failure = script.failure;
  }
  const normal = machine.plan?.restarts && RESTARTING.has(name) ? timings.shardMs : timings.stateMs;
  schedule(world, database, machine, now + (machine.error === null ? (machine.lastsMs ?? normal) : timings.failMs));
}

function takeScript(world: World, database: DatabaseState, machine: MachineState, name: string) {
  const script = world.state.scripts.find(
    (one) =>
      one.left > 0 &&
      (one.database ?? database.uid) === database.uid &&
      (one.state ?? name) === name &&
      machine.slotsDone >= one.afterSlots,
  );
  if (script !== undefined) script.left -= 1;
  return script;
}

function complete(world: World, database: DatabaseState, machine: MachineState, now: number): void {
  machine.status = "completed";
  machine.next = null;
  if (machine.plan !== null) applyPlan(database, machine.plan);
  database.status = "active";
  database.changedAt = now;
  changed(world.state);
  const following = database.waiting.shift();
  if (following !== undefined) install(world, database, following, now);
}
