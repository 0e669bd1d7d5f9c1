import { finish } from "./engine";
import { Refusal } from "./errors";
import { may } from "./stages";
import type { DagState, NodeState, Operator, SubTaskState } from "./state";
import type { World } from "./world";

/** The operators on a DAG (OBShell facts §4.6; live facts §4.5, §5.3). */
type Act = (world: World, dag: DagState, now: number) => void;

export const DAG_OPERATORS: Readonly<Record<string, Act>> = {
  ROLLBACK: rollBack,
  RETRY: retry,
  CANCEL: cancel,
  PASS: pass,
};

function rollBack(world: World, dag: DagState, now: number): void {
  if (dag.state !== "FAILED") throw new Refusal("Task.Dag.Operator.RollbackNotFailedDag");
  const nodes: NodeState[] = [];
  for (const node of dag.nodes) {
    if (node.operator !== "ROLLBACK" && node.state === "PENDING") break;
    if (!may.rollBack(node.name)) throw new Refusal("Task.Dag.Operator.RollbackNotAllowed", { args: [node.name] });
    nodes.push(node);
    if (node.state === "FAILED") break;
  }
  for (const node of nodes) if (node.state !== "PENDING") reset(node, "ROLLBACK");
  reopen(world, dag, "ROLLBACK", now);
}

function retry(world: World, dag: DagState, now: number): void {
  if (dag.state !== "FAILED") throw new Refusal("Task.Dag.Operator.RetryNotFailedDag");
  const node = dag.nodes[dag.stage - 1];
  if (node !== undefined) reset(node, "RETRY");
  reopen(world, dag, "RUN", now);
}

function cancel(world: World, dag: DagState, now: number): void {
  if (dag.state === "FAILED" || dag.state === "SUCCEED") {
    throw new Refusal("Task.Dag.Operator.CancelFinishedDag");
  }
  const running = dag.nodes.find((node) => {
    if (!may.cancel(node.name)) throw new Refusal("Task.Dag.Operator.CancelNotAllowed", { args: [node.name] });
    return node.state !== "SUCCEED" && node.state !== "FAILED";
  });
  if (running !== undefined) reset(running, "CANCEL");
  reopen(world, dag, "CANCEL", now);
}

function pass(world: World, dag: DagState, now: number): void {
  if (dag.state !== "FAILED") throw new Refusal("Task.Dag.Operator.PassNotFailedDag");
  const unfinished = dag.nodes.filter((node) => node.state !== "SUCCEED");
  const stuck = unfinished.find((node) => !may.pass(node.name));
  if (stuck !== undefined) throw new Refusal("Task.Dag.Operator.PassNotAllowed", { args: [stuck.name] });
  for (const node of unfinished) passed(node, now);
  dag.operator = "PASS";
  finish(world, dag, "SUCCEED", now);
}

/** PASS of one node: the DAG continues with the next stage. */
export function passNode(world: World, dag: DagState, node: NodeState, now: number): void {
  if (dag.state !== "FAILED") throw new Refusal("Task.Node.Operator.PassNotFailedDag");
  if (node.state !== "FAILED") throw new Refusal("Task.Node.Operator.PassNotFailedNode", { args: [node.name] });
  if (!may.pass(node.name)) throw new Refusal("Task.Node.Operator.PassNotAllowed", { args: [node.name] });
  passed(node, now);
  reopen(world, dag, "RUN", now);
}

function passed(node: NodeState, now: number): void {
  node.state = "SUCCEED";
  node.operator = "PASS";
  node.endTime = now;
  for (const task of node.subTasks) if (task.state !== "SUCCEED") passTask(task, now);
}

function passTask(task: SubTaskState, now: number): void {
  task.state = "SUCCEED";
  task.operator = "PASS";
  task.endTime = now;
}

function reset(node: NodeState, operator: Operator): void {
  node.state = "PENDING";
  node.operator = operator;
  node.startTime = null;
  node.endTime = null;
}

function reopen(world: World, dag: DagState, operator: Operator, now: number): void {
  dag.state = "READY";
  dag.operator = operator;
  dag.startTime = null;
  dag.endTime = null;
  dag.finished = false;
  dag.held = false;
  dag.hung = false;
  dag.stageAt = now;
  dag.next = { at: now + world.state.timings.readyMs, step: "start" };
}
