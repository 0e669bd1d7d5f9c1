import { has } from "./dialect";
import { pooledKey } from "./keys";
import {
  failureLines,
  fullDiskLines,
  type LogContext,
  linesOf,
  missingPackageLines,
  pythonLines,
  rollbackLines,
  upgradeDirOf,
} from "./logs";
import { missingPackages } from "./packages";
import { STAGE } from "./stages";
import type { AgentState, DagState, NodeState, StageScript, SubTaskState, Timer, UpgradeTarget } from "./state";
import { compareVersion } from "./version";
import { addressOf, at, type World } from "./world";

/** What the stages of an upgrade do to the cluster. */

const NO_TARGET: UpgradeTarget = {
  version: "",
  build: "",
  dist: "",
  upgradeDir: "",
  route: [],
  agentVersion: null,
};

/** Starts the sub-tasks of a stage and their effects. */
export function beginStage(world: World, dag: DagState, node: NodeState, now: number): "runs" | "fails" | "hangs" {
  const script = takeScript(world, dag);
  const maintainer = node.subTasks.length === 1 && node.name !== STAGE.reinstall;
  for (const task of node.subTasks) {
    if (maintainer) task.agent = executeAgent(world, task.agent);
    if (task.state === "SUCCEED") continue;
    task.state = "RUNNING";
    task.startTime = now;
    task.executeTimes += 1;
    task.failure = failureOf(world, dag, node, task, script);
  }
  if (node.subTasks.some((task) => task.failure !== null)) return "fails";
  if (node.name === STAGE.restartAgent) restartAgents(world, dag, now);
  if (node.name === STAGE.reinstall) restartObservers(world, node, now, script?.what === "hang");
  return script?.what === "hang" ? "hangs" : "runs";
}

function executeAgent(world: World, before: number): number {
  const found = world.state.agents.findIndex((agent) => !agent.stopped && !agent.restarting);
  return found < 0 ? before : found;
}

function takeScript(world: World, dag: DagState): StageScript | undefined {
  const name = at(dag.nodes, dag.stage - 1).name;
  const script = world.state.scripts.find(
    (candidate) =>
      candidate.left > 0 &&
      (candidate.kind === undefined || candidate.kind === dag.kind) &&
      (candidate.stage === undefined || candidate.stage === dag.stage || candidate.stage === name),
  );
  if (script !== undefined) script.left -= 1;
  return script;
}

function failureOf(
  world: World,
  dag: DagState,
  node: NodeState,
  task: SubTaskState,
  script: StageScript | undefined,
): string[] | null {
  const context = contextOf(world, dag, node, task);
  if (script?.what === "fail" && (script.agents === undefined || script.agents.includes(task.agent))) {
    return script.logs.length > 0 ? [...script.logs] : [...failureLines(context)];
  }
  if (dag.target === null) return null;
  const unready = unreadyServers(world, node);
  if (unready !== undefined) return [...unready];
  const lacking = lackOn(context);
  if (lacking !== undefined) return [...lacking];
  if (missingPackages(world.state, dag).length === 0) return null;
  if (node.name === STAGE.download) return [...missingPackageLines(context)];
  if (node.name !== STAGE.checkPackages) return null;
  const { version, build } = dag.target;
  return [`ERROR: [Task.Agent.Data.NotSet]: Agent ${addressOf(context.agent)} data ${version}-${build} not set`];
}

/**
 * Why stages after the first restart time out: not every server is in service, or at the end of
 * the same version.
 */
function unreadyServers({ state }: World, node: NodeState): readonly string[] | undefined {
  if (node.name === STAGE.reinstall && state.agents.some(({ observer }) => observer.stopped === true)) {
    return [
      "wait all observer available",
      "ERROR: [OB.Cluster.AsyncOperationTimeout]: wait all observer available timeout",
    ];
  }
  // Servers without an agent were not upgraded.
  const left = state.agents.some(({ unregistered }) => unregistered === true);
  if (node.name !== STAGE.post || !left) return undefined;
  return [
    "ERROR: [Common.Unexpected]: Unexpected error: execute script 'etc/upgrade_post.py' error, execute logs:\nserver version not sync\n: exit status 1",
  ];
}

/** What a host lacks for a stage, as log lines of the stage. */
function lackOn(context: LogContext): readonly string[] | undefined {
  if (context.node.name === STAGE.checkEnv) return pythonLines(context);
  return context.node.name === STAGE.download ? fullDiskLines(context) : undefined;
}

/** Ends the sub-tasks of a stage, with their lines, and applies the results of the stage. */
export function endStage(world: World, dag: DagState, node: NodeState, now: number): void {
  for (const task of node.subTasks) {
    if (task.state !== "RUNNING") continue;
    const lines = task.failure ?? linesOf(contextOf(world, dag, node, task));
    log(task, lines, now);
    task.state = task.failure === null ? "SUCCEED" : "FAILED";
    task.endTime = now;
  }
  if (node.name === STAGE.restartAgent && node.subTasks.every((task) => task.state === "SUCCEED")) {
    for (const agent of world.state.agents) agent.listedVersion = agent.version;
  }
}

/** Rolls back a stage: a separate run for every sub-task that had run. */
export function rollBackStage(world: World, dag: DagState, node: NodeState, now: number): void {
  for (const task of node.subTasks) {
    const retry = node.operator === "RETRY";
    if (retry && task.state === "SUCCEED") continue;
    const neverRan = task.executeTimes === 0;
    if (!retry) task.operator = "ROLLBACK";
    task.failure = null;
    task.startTime = now;
    task.endTime = now;
    if (!neverRan) task.executeTimes += 1;
    log(task, rollbackLines(node, dag), now);
    task.state = retry ? "PENDING" : "SUCCEED";
    if (node.name === STAGE.createDir && dag.target !== null && !neverRan) {
      const agent = at(world.state.agents, task.agent);
      world.state.directoriesRemoved.push({ at: now, agent: agent.name, directory: upgradeDirOf(dag.target) });
    }
  }
}

function contextOf(world: World, dag: DagState, node: NodeState, task: SubTaskState): LogContext {
  const agent = at(world.state.agents, task.agent);
  return {
    state: world.state,
    agent,
    dag,
    node,
    target: dag.target ?? NO_TARGET,
    previousVersion: agent.listedVersion,
  };
}

function log(task: SubTaskState, lines: readonly string[], now: number): void {
  for (const line of lines) task.logs.push({ line, at: now, attempt: Math.max(1, task.executeTimes) });
}

/** All agents restart together, whether or not the version changes. */
function restartAgents(world: World, dag: DagState, now: number): void {
  const { timings, agents, timers } = world.state;
  const down = now + timings.restartDelayMs;
  for (const [agent, state] of agents.entries()) {
    if (state.unregistered === true) continue;
    const bundled = dag.target?.agentVersion ?? null;
    const version = bundled !== null && compareVersion(bundled, state.version) > 0 ? bundled : null;
    timers.push({ at: down, type: "agentDown", agent });
    timers.push({
      at: down + timings.restartGapMs + agent * timings.restartStaggerMs,
      type: "agentUp",
      agent,
      version,
    });
  }
}

function restartObservers(world: World, node: NodeState, now: number, forever: boolean): void {
  const { timings, timers } = world.state;
  const gone = now + timings.observerVanishingMs;
  for (const [order, { agent }] of node.subTasks.entries()) {
    timers.push({ at: now, type: "observer", agent, process: "vanishing" });
    timers.push({ at: gone, type: "observer", agent, process: "gone" });
    if (forever) continue;
    const back = gone + timings.observerGoneMs + order * timings.observerStaggerMs;
    timers.push({ at: back, type: "observer", agent, process: "up", build: node.build });
  }
}

export function applyTimer(world: World, timer: Timer): void {
  switch (timer.type) {
    case "agentDown":
      at(world.state.agents, timer.agent).restarting = true;
      return;
    case "agentUp": {
      const agent = at(world.state.agents, timer.agent);
      agent.restarting = false;
      startAgent(world, agent, timer.at, timer.version ?? agent.version);
      agent.shownZone = "";
      return;
    }
    case "agentStart": {
      const agent = at(world.state.agents, timer.agent);
      agent.stopped = false;
      startAgent(world, agent, timer.at, agent.version);
      agent.shownZone = agent.zone;
      return;
    }
    case "observer": {
      const { observer } = at(world.state.agents, timer.agent);
      observer.process = timer.process;
      if (timer.build !== undefined) {
        observer.build = timer.build;
        observer.pid += 1;
      }
      return;
    }
    case "outageEnd":
      for (const index of timer.agents) at(world.state.agents, index).observer.outage = "none";
  }
}

/** A new process: new pid, the key of its version (OBShell facts §1.2), the port open. */
export function startAgent(world: World, agent: AgentState, now: number, version: string): void {
  const { counters, switches } = world.state;
  const grows = !has("key1024", agent.version) && has("key1024", version);
  agent.version = version;
  counters.boot += 1;
  agent.bootId = counters.boot;
  agent.pid += 1 + counters.boot;
  agent.startedAt = now;
  agent.openedAt = now;
  if (grows || switches.newKeyAtRestart) renewKey(world, agent);
}

export function renewKey(world: World, agent: AgentState): void {
  world.state.counters.key += 1;
  agent.key = pooledKey(has("key1024", agent.version) ? 1024 : 512, world.state.counters.key);
}
