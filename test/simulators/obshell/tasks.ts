import { bind, type Call, databaseRefusal, requireDatabase, showDetails, withData } from "./call";
import { viewDag, viewLogs, viewNode, viewSubTask } from "./dagview";
import { type ErrorCode, Panic, Refusal } from "./errors";
import { type StructShape, stringField } from "./gojson";
import { DAG_OPERATORS, passNode } from "./operators";
import type { AgentState, DagState, NodeState, SubTaskState } from "./state";
import {
  type LocalDag,
  type LocalNode,
  type LocalSubTask,
  localDags,
  viewLocalDag,
  viewLocalLogs,
  viewLocalNode,
  viewLocalSubTask,
} from "./takeover";
import { clusterTaskId, localTaskId, parseTaskId } from "./taskid";
import { holdsDatabase, isUp, registeredAgents } from "./world";

/** Task endpoints (OBShell facts §3.4; live facts §2.2, §4.2, §4.5, §5.4, §5.5). */

const NOT_FOUND = "record not found";
const UNDONE = "Task not found";

const notFound = (reason = NOT_FOUND) => new Refusal("Task.NotFound", { args: [reason] });

/** Where a task is: in the cluster, or on the agent in its id, to which the call is forwarded. */
interface Place {
  readonly id: number;
  readonly owner: AgentState | undefined;
}

function locate({ params, world, agent: called, request }: Call): Place {
  const { id, agent } = parseTaskId(params["id"] ?? "");
  if (agent === undefined) return { id, owner: undefined };
  const owner = world.state.agents.find((known) => `${known.ip}:${known.port}` === agent);
  if (owner !== undefined && (owner === called || isUp(owner))) return { id, owner };
  const reason = `Get "http://${agent}${request.target}": dial tcp ${agent}: connect: connection refused`;
  throw new Refusal("Common.Unexpected", { args: [reason] });
}

/** An id with a sign or leading zeros finds a DAG, but is not its id. */
function requireSameId({ params }: Call, id: string): void {
  if (params["id"] !== id) throw notFound("dag id not match");
}

function localDagOf(call: Call, owner: AgentState, id: number): LocalDag {
  const dag = localDags(call.world.state, owner).find((candidate) => candidate.id === id);
  if (dag === undefined) throw notFound();
  requireSameId(call, localTaskId(owner.ip, owner.port, id));
  return dag;
}

function dagOf(call: Call, id: number): DagState {
  const dag = call.world.state.dags.find((candidate) => candidate.id === id);
  if (dag === undefined) throw notFound();
  requireSameId(call, clusterTaskId(id));
  return dag;
}

function nodeOf(call: Call, id: number): { dag: DagState; node: NodeState } {
  requireDatabase(call, UNDONE);
  for (const dag of call.world.state.dags) {
    const node = dag.nodes.find((candidate) => candidate.id === id);
    if (node !== undefined) return { dag, node };
  }
  throw notFound();
}

function localNodeOf(call: Call, owner: AgentState, id: number): LocalNode {
  const nodes = localDags(call.world.state, owner).flatMap((dag) => dag.nodes);
  const node = nodes.find((candidate) => candidate.id === id);
  if (node === undefined) throw notFound();
  return node;
}

function subTaskOf(call: Call, id: number): SubTaskState | undefined {
  const tasks = call.world.state.dags.flatMap((dag) => dag.nodes.flatMap((node) => node.subTasks));
  return tasks.find((candidate) => candidate.id === id);
}

function localSubTaskOf(call: Call, owner: AgentState, id: number): LocalSubTask | undefined {
  const nodes = localDags(call.world.state, owner).flatMap((dag) => dag.nodes);
  return nodes.flatMap((node) => node.subTasks).find((candidate) => candidate.id === id);
}

export function getDag(call: Call): unknown {
  const { id, owner } = locate(call);
  if (owner !== undefined) return viewLocalDag(owner, localDagOf(call, owner, id), showDetails(call));
  const refusal = databaseRefusal(call, UNDONE);
  if (refusal === undefined) return viewDag(call, dagOf(call, id), showDetails(call));
  return relayed(call, id, refusal);
}

/** Only the read of one DAG is relayed, to any other agent that has its database; no error of theirs is returned. */
function relayed(call: Call, id: number, refusal: Refusal): unknown {
  const { agent, world } = call;
  const relays = world.state.agents.some((other) => other !== agent && isUp(other) && holdsDatabase(other));
  if (agent.identity !== "CLUSTER AGENT" || !relays) throw refusal;
  try {
    return viewDag(call, dagOf(call, id), showDetails(call));
  } catch (error) {
    throw error instanceof Refusal || error instanceof Panic ? refusal : error;
  }
}

const DAG_OPERATOR: StructShape = { name: "task.DagOperator", fields: { operator: "string" } };
const OPERATOR_REQUIRED = [{ field: "operator", key: "DagOperator.Operator" }];

/** Local tasks have succeeded long ago. */
const ENDED: Readonly<Record<string, ErrorCode>> = {
  ROLLBACK: "Task.Dag.Operator.RollbackNotFailedDag",
  RETRY: "Task.Dag.Operator.RetryNotFailedDag",
  CANCEL: "Task.Dag.Operator.CancelFinishedDag",
  PASS: "Task.Dag.Operator.PassNotFailedDag",
};

export function postDag(call: Call): unknown {
  const { id, owner } = locate(call);
  const operator = stringField(bind(call, DAG_OPERATOR, OPERATOR_REQUIRED), "operator");
  if (owner !== undefined) {
    localDagOf(call, owner, id);
    throw new Refusal(ENDED[operator.toUpperCase()] ?? "Task.Dag.Operator.NotSupport", { args: [operator] });
  }
  requireDatabase(call, UNDONE);
  const dag = dagOf(call, id);
  const act = DAG_OPERATORS[operator.toUpperCase()];
  if (act === undefined) throw new Refusal("Task.Dag.Operator.NotSupport", { args: [operator] });
  act(call.world, dag, call.now);
  return undefined;
}

/** `show_details=false` dereferences nil here. */
export function getNode(call: Call): unknown {
  const { id, owner } = locate(call);
  const { view, several } = owner === undefined ? clusterNode(call, id) : localNode(call, owner, id);
  if (!showDetails(call)) throw new Panic("invalid memory address or nil pointer dereference");
  // A single node read includes data of its sub-tasks; stages of an upgrade have none (`task_dto.go`).
  return { ...view, additional_data: several ? {} : null };
}

function clusterNode(call: Call, id: number): { readonly view: object; readonly several: boolean } {
  const { dag, node } = nodeOf(call, id);
  return { view: viewNode(call, node, dag), several: node.subTasks.length > 1 };
}

function localNode(call: Call, owner: AgentState, id: number): { readonly view: object; readonly several: boolean } {
  const node = localNodeOf(call, owner, id);
  return { view: viewLocalNode(owner, node), several: node.subTasks.length > 1 };
}

export function postNode(call: Call): unknown {
  const { id, owner } = locate(call);
  const operator = stringField(bind(call, DAG_OPERATOR, OPERATOR_REQUIRED), "operator");
  if (operator.toUpperCase() !== "PASS") throw new Refusal("Task.Node.Operator.NotSupport", { args: [operator] });
  if (owner !== undefined) {
    localNodeOf(call, owner, id);
    throw new Refusal("Task.Node.Operator.PassNotFailedDag");
  }
  const { dag, node } = nodeOf(call, id);
  passNode(call.world, dag, node, call.now);
  return undefined;
}

export function getSubTask(call: Call): unknown {
  const { id, owner } = locate(call);
  if (owner !== undefined) {
    const local = localSubTaskOf(call, owner, id);
    if (local === undefined) throw notFound();
    return viewLocalSubTask(owner, local);
  }
  requireDatabase(call, UNDONE);
  const task = subTaskOf(call, id);
  if (task === undefined) throw notFound();
  return viewSubTask(call, task);
}

/** The lines are looked up without their sub-task: an unknown one has none. */
export function getSubTaskLogs(call: Call): unknown {
  const { id, owner } = locate(call);
  if (owner !== undefined) {
    const local = localSubTaskOf(call, owner, id);
    return local === undefined ? [] : viewLocalLogs(owner, local);
  }
  requireDatabase(call);
  const task = subTaskOf(call, id);
  return task === undefined ? [] : viewLogs(task);
}

const NO_REPLY = "Unexpected error: ocsagent cannot build response body";

/** Outside a cluster the handler sends no response. */
function requireClusterForList({ agent }: Call): void {
  if (agent.identity !== "CLUSTER AGENT") throw new Refusal("Common.Unexpected", { args: [NO_REPLY] });
}

/** Unfinished cluster DAGs: a FAILED maintenance is among them, a FAILED check is not. */
export function getObUnfinished(call: Call): unknown {
  requireClusterForList(call);
  const details = showDetails(call);
  return withData({ contents: null }, () => {
    requireDatabase(call);
    return unfinished(call, details);
  });
}

export function getObDags(call: Call): unknown {
  requireClusterForList(call);
  requireDatabase(call);
  return call.world.state.dags.map((dag) => viewDag(call, dag, showDetails(call)));
}

function unfinished(call: Call, details: boolean): readonly unknown[] {
  return call.world.state.dags.filter((dag) => !dag.finished).map((dag) => viewDag(call, dag, details));
}

/** Everything unfinished, ignoring errors: an empty list does not mean that nothing is running. */
export function getUnfinished(call: Call): unknown {
  const details = showDetails(call);
  if (call.agent.identity !== "CLUSTER AGENT") return [];
  const found = databaseRefusal(call) === undefined ? unfinished(call, details) : [];
  return found.length > 0 ? found : { contents: null };
}

/** Agents' own DAGs that have not ended: none are simulated. */
export function getAgentUnfinished(call: Call): unknown {
  showDetails(call);
  return [];
}

export function getAgentDags(call: Call): unknown {
  const dags = localDags(call.world.state, call.agent);
  return dags.map((dag) => viewLocalDag(call.agent, dag, showDetails(call)));
}

/** The last maintenance of the cluster, of any kind, finished or not. */
export function getLastMaintenance(call: Call): unknown {
  requireDatabase(call);
  const dag = call.world.state.dags.findLast((candidate) => candidate.maintenanceType !== 1);
  if (dag === undefined) throw notFound("Cluster is not under maintenance");
  return viewDag(call, dag, showDetails(call));
}

/** The last local task of the agent, ended or not: it added the agent to its cluster. */
export function getAgentMaintenance(call: Call): unknown {
  const last = localDags(call.world.state, call.agent).at(-1);
  if (last === undefined) throw notFound("Agent is not under maintenance");
  return viewLocalDag(call.agent, last, showDetails(call));
}

/** Without a local maintenance DAG this one panics. The others are asked without the query, so with all details. */
export function getAgentsMaintenance(call: Call): unknown {
  const { agent, world } = call;
  const lastOf = (owner: AgentState) => localDags(world.state, owner).at(-1);
  const own = lastOf(agent);
  if (own === undefined) throw new Panic("invalid memory address or nil pointer dereference");
  const others = registeredAgents(world.state).filter((other) => other !== agent && isUp(other));
  return [
    viewLocalDag(agent, own, showDetails(call)),
    ...others.flatMap((other) => {
      const dag = lastOf(other);
      return dag === undefined ? [] : [viewLocalDag(other, dag, true)];
    }),
  ];
}
