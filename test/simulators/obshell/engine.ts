import { has } from "./dialect";
import { applyTimer, beginStage, endStage, rollBackStage } from "./effects";
import { STAGE, type StagePlan } from "./stages";
import type { DagKind, DagState, NodeState, SubTaskState, Timer, UpgradeTarget } from "./state";
import { SUB_TASK_TIMEOUT_MS, workMs } from "./timings";
import { at, holdsDatabase, isUp, maintainerOf, type World } from "./world";

/**
 * The task engine: every DAG walks READY → RUNNING → SUCCEED or FAILED, one stage after the other, at times that
 * depend only on the clock and earlier actions. The number of polls changes nothing.
 */
export function advance(world: World, now: number): void {
  for (;;) {
    const timer = earliest(world.state.timers);
    const dag = earliestDag(world.state.dags);
    const timerAt = timer?.at ?? Number.POSITIVE_INFINITY;
    const dagAt = dag?.next?.at ?? Number.POSITIVE_INFINITY;
    if (Math.min(timerAt, dagAt) > now) return;
    if (timer !== undefined && timerAt <= dagAt) {
      world.state.timers.splice(world.state.timers.indexOf(timer), 1);
      applyTimer(world, timer);
      releaseHeld(world, timer.at);
    } else if (dag !== undefined) {
      stepDag(world, dag, dagAt);
    }
  }
}

function earliest(timers: readonly Timer[]): Timer | undefined {
  let found: Timer | undefined;
  for (const timer of timers) if (found === undefined || timer.at < found.at) found = timer;
  return found;
}

function earliestDag(dags: readonly DagState[]): DagState | undefined {
  let found: DagState | undefined;
  for (const dag of dags) {
    if (dag.next === null || dag.held) continue;
    if (found?.next == null || dag.next.at < found.next.at) found = dag;
  }
  return found;
}

/** DAGs that wait for the database or an agent resume one tick after it is back. */
export function releaseHeld(world: World, now: number): void {
  for (const dag of world.state.dags) {
    if (!dag.held || dag.next === null) continue;
    dag.held = false;
    dag.next = { ...dag.next, at: Math.max(dag.next.at, now + world.state.timings.pendingMs) };
  }
}

export interface DagPlan {
  readonly kind: DagKind;
  readonly name: string;
  readonly maintenanceType: DagState["maintenanceType"];
  readonly maintenanceKey?: string;
  readonly stages: readonly StagePlan[];
  readonly target: UpgradeTarget | null;
  readonly lockKindMissing?: true;
}

/** Inserts a DAG with all its nodes and sub-tasks, and takes the lock if it is a maintenance. */
export function insertDag(world: World, now: number, plan: DagPlan): DagState {
  const { state } = world;
  state.counters.dag += 1;
  const dag: DagState = {
    id: state.counters.dag,
    name: plan.name,
    kind: plan.kind,
    maintenanceType: plan.maintenanceType,
    maintenanceKey: plan.maintenanceKey ?? "",
    target: plan.target,
    state: "READY",
    operator: "RUN",
    stage: 1,
    stageAt: now,
    finished: false,
    createdAt: now,
    startTime: now,
    endTime: now,
    nodes: plan.stages.map((stage) => insertNode(world, stage, now)),
    next: { at: now + state.timings.readyMs, step: "start" },
    held: false,
    hung: false,
    ...(plan.lockKindMissing === undefined ? {} : { lockKindMissing: plan.lockKindMissing }),
  };
  if (plan.maintenanceType !== 1) state.lock = plan.maintenanceType;
  state.dags.push(dag);
  return dag;
}

function insertNode(world: World, plan: StagePlan, now: number): NodeState {
  const { state } = world;
  state.counters.node += 1;
  return {
    id: state.counters.node,
    name: plan.name,
    zone: plan.zone,
    build: plan.build,
    state: "PENDING",
    operator: "RUN",
    startTime: now,
    endTime: now,
    subTasks: executors(world, plan).map((agent) => insertSubTask(world, plan.name, agent, now)),
  };
}

function executors(world: World, plan: StagePlan): readonly number[] {
  const { agents } = world.state;
  if (plan.spread === "maintainer") return [maintainerOf(world.state) ?? 0];
  return [...agents.keys()].filter((index) => {
    const { unregistered, zone } = at(agents, index);
    return unregistered !== true && (plan.spread === "everyAgent" || zone === plan.zone);
  });
}

function insertSubTask(world: World, name: string, agent: number, now: number): SubTaskState {
  world.state.counters.subTask += 1;
  return {
    id: world.state.counters.subTask,
    name,
    state: "PENDING",
    operator: "RUN",
    startTime: now,
    endTime: now,
    executeTimes: 0,
    agent,
    logs: [],
    failure: null,
  };
}

export function currentNode(dag: DagState): NodeState {
  return at(dag.nodes, Math.min(dag.stage, dag.nodes.length) - 1);
}

function stepDag(world: World, dag: DagState, now: number): void {
  const node = currentNode(dag);
  if (!canMove(world, dag, node)) {
    dag.held = true;
    return;
  }
  switch (dag.next?.step) {
    case "start":
      dag.state = "RUNNING";
      dag.startTime = now;
      begin(world, dag, node, now);
      return;
    case "begin":
      begin(world, dag, node, now);
      return;
    case "work":
      work(world, dag, node, now);
      return;
    case "timeout":
      for (const task of node.subTasks) if (task.state === "RUNNING") task.failure = ["sub task timeout"];
      dag.hung = false;
      work(world, dag, node, now);
      return;
    default:
      settle(world, dag, node, now);
  }
}

/** The engine stores its state in the database and runs on an agent: without both it pauses. */
function canMove(world: World, dag: DagState, node: NodeState): boolean {
  if (maintainerOf(world.state) === undefined) return false;
  if (dag.next?.step !== "work") return true;
  return node.subTasks.every(({ agent: index }) => {
    const agent = at(world.state.agents, index);
    return isUp(agent) && (holdsDatabase(agent) || node.name !== STAGE.restartAgent);
  });
}

function begin(world: World, dag: DagState, node: NodeState, now: number): void {
  const { timings } = world.state;
  if (node.operator === "PASS") {
    moveOn(world, dag, now);
    return;
  }
  node.state = "RUNNING";
  node.startTime = now;
  if (dag.operator === "CANCEL") {
    for (const task of node.subTasks) cancelSubTask(task, now);
    dag.next = { at: now + timings.settleMs, step: "settle" };
    return;
  }
  if (dag.operator === "ROLLBACK") {
    rollBackStage(world, dag, node, now);
    dag.next = { at: now + timings.settleMs, step: "settle" };
    return;
  }
  let start = now;
  if (node.operator === "RETRY") {
    rollBackStage(world, dag, node, now);
    start += timings.pendingMs;
  }
  const outcome = beginStage(world, dag, node, start);
  if (outcome === "hangs") {
    dag.hung = true;
    dag.next = { at: start + SUB_TASK_TIMEOUT_MS, step: "timeout" };
    return;
  }
  const duration = outcome === "fails" ? timings.failMs : stageWorkMs(world, dag, node);
  dag.next = { at: start + duration, step: "work" };
}

/** A restart lasts at least until the last agent is back. */
function stageWorkMs(world: World, dag: DagState, node: NodeState): number {
  const { timings, agents } = world.state;
  const listed = workMs(timings, dag.kind, node.name);
  const last = Math.max(0, agents.length - 1);
  if (node.name === STAGE.restartAgent) {
    return Math.max(listed, timings.restartDelayMs + timings.restartGapMs + last * timings.restartStaggerMs);
  }
  if (node.name === STAGE.reinstall) {
    const outage = timings.observerVanishingMs + timings.observerGoneMs;
    return Math.max(listed, outage + last * timings.observerStaggerMs);
  }
  return listed;
}

function work(world: World, dag: DagState, node: NodeState, now: number): void {
  endStage(world, dag, node, now);
  dag.next = { at: now + world.state.timings.settleMs, step: "settle" };
}

function settle(world: World, dag: DagState, node: NodeState, now: number): void {
  const failed = dag.operator === "CANCEL" || node.subTasks.some((task) => task.state === "FAILED");
  node.state = failed ? "FAILED" : "SUCCEED";
  node.endTime = now;
  if (failed) {
    finish(world, dag, "FAILED", now);
    return;
  }
  moveOn(world, dag, now);
}

function cancelSubTask(task: SubTaskState, now: number): void {
  if (task.state !== "RUNNING") return;
  task.state = "FAILED";
  task.operator = "CANCEL";
  task.endTime = now;
}

/** To the next stage, which is the one before in a rollback; beyond the last one the DAG has succeeded. */
function moveOn(world: World, dag: DagState, now: number): void {
  const stage = dag.stage + (dag.operator === "ROLLBACK" ? -1 : 1);
  if (stage < 1 || stage > dag.nodes.length) {
    finish(world, dag, "SUCCEED", now);
    return;
  }
  dag.stage = stage;
  dag.stageAt = now;
  dag.next = { at: now + world.state.timings.pendingMs, step: "begin" };
}

/** A failed maintenance stays unfinished and keeps the lock; a failed check does neither (OBShell facts §4.6). */
export function finish(world: World, dag: DagState, state: "SUCCEED" | "FAILED", now: number): void {
  dag.state = state;
  dag.endTime = now;
  dag.next = null;
  dag.held = false;
  dag.finished = state === "SUCCEED" || dag.maintenanceType === 1;
  if (state === "SUCCEED" && dag.maintenanceType !== 1 && findsLock(world, dag)) world.state.lock = 1;
}

/**
 * Agents of 4.2.4 and 4.2.5 regard a DAG of an older agent as one that holds no lock (OBShell facts §5; obshell
 * 4.2.5.0 `dag_instance.go`, `ToBO`).
 */
function findsLock({ state }: World, { lockKindMissing }: DagState): boolean {
  const { version } = at(state.agents, maintainerOf(state) ?? 0);
  return lockKindMissing === undefined || !has("lockKinds", version) || has("missingLockKinds", version);
}
