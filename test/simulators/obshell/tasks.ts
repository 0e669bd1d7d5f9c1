import { bind, type Call, databaseRefusal, requireDatabase, showDetails, withData } from "./call";
import { viewDag, viewLogs, viewNode, viewSubTask } from "./dagview";
import { Panic, Refusal } from "./errors";
import { type StructShape, stringField } from "./gojson";
import { DAG_OPERATORS, passNode } from "./operators";
import type { DagState, NodeState, SubTaskState } from "./state";
import { TAKE_OVER_ID, viewTakeOver } from "./takeover";
import { parseTaskId } from "./taskid";
import { holdsDatabase, isUp, registeredAgents } from "./world";

/** Task endpoints (OBShell facts §3.4; live facts §2.2, §4.2, §4.5, §5.4, §5.5). */

const NOT_FOUND = "record not found";
const UNDONE = "Task not found";

/** Whether the id is that of an agent's only local task. It is looked up at the agent in the id. */
function isTakeOver({ params, world }: Call): boolean {
  const { id, agent } = parseTaskId(params["id"] ?? "");
  const owner = world.state.agents.find(({ ip, port }) => `${ip}:${port}` === agent);
  return owner?.identity === "CLUSTER AGENT" && id === TAKE_OVER_ID;
}

/** The id of a cluster task. A task of one agent is looked up there. */
function clusterId(call: Call): number {
  const text = call.params["id"] ?? "";
  const { id, agent } = parseTaskId(text);
  if (agent === undefined) return id;
  if (call.world.state.agents.some((known) => `${known.ip}:${known.port}` === agent)) {
    throw new Refusal("Task.NotFound", { args: [NOT_FOUND] });
  }
  const url = `http://${agent}${call.request.target}`;
  throw new Refusal("Common.Unexpected", { args: [`Get "${url}": dial tcp ${agent}: connect: connection refused`] });
}

/** Only the read of one DAG is relayed to any other agent that has its database. */
function requireDatabaseOrRelay(call: Call): void {
  const refusal = databaseRefusal(call, UNDONE);
  if (refusal === undefined) return;
  if (call.agent.identity !== "CLUSTER AGENT") throw refusal;
  const relays = call.world.state.agents.some((agent) => agent !== call.agent && isUp(agent) && holdsDatabase(agent));
  if (!relays) throw refusal;
}

function dagOf(call: Call): DagState {
  const id = clusterId(call);
  const dag = call.world.state.dags.find((candidate) => candidate.id === id);
  if (dag === undefined) throw new Refusal("Task.NotFound", { args: [NOT_FOUND] });
  return dag;
}

function nodeOf(call: Call): { dag: DagState; node: NodeState } {
  const id = clusterId(call);
  requireDatabase(call, UNDONE);
  for (const dag of call.world.state.dags) {
    const node = dag.nodes.find((candidate) => candidate.id === id);
    if (node !== undefined) return { dag, node };
  }
  throw new Refusal("Task.NotFound", { args: [NOT_FOUND] });
}

function subTaskOf(call: Call): SubTaskState {
  const id = clusterId(call);
  requireDatabase(call, UNDONE);
  const tasks = call.world.state.dags.flatMap((dag) => dag.nodes.flatMap((node) => node.subTasks));
  const task = tasks.find((candidate) => candidate.id === id);
  if (task === undefined) throw new Refusal("Task.NotFound", { args: [NOT_FOUND] });
  return task;
}

export function getDag(call: Call): unknown {
  if (isTakeOver(call)) {
    const { agent } = parseTaskId(call.params["id"] ?? "");
    const owner = call.world.state.agents.find(({ ip, port }) => `${ip}:${port}` === agent) ?? call.agent;
    return viewTakeOver({ ...call, agent: owner }, showDetails(call));
  }
  clusterId(call);
  requireDatabaseOrRelay(call);
  const details = showDetails(call);
  return viewDag(call, dagOf(call), details);
}

const DAG_OPERATOR: StructShape = { name: "task.DagOperator", fields: { operator: "string" } };
const OPERATOR_REQUIRED = [{ field: "operator", key: "DagOperator.Operator" }];

export function postDag(call: Call): unknown {
  clusterId(call);
  const operator = stringField(bind(call, DAG_OPERATOR, OPERATOR_REQUIRED), "operator");
  requireDatabase(call, UNDONE);
  const dag = dagOf(call);
  const act = DAG_OPERATORS[operator.toUpperCase()];
  if (act === undefined) throw new Refusal("Task.Dag.Operator.NotSupport", { args: [operator] });
  act(call.world, dag, call.now);
  return undefined;
}

/** `show_details=false` dereferences nil here. */
export function getNode(call: Call): unknown {
  const details = showDetails(call);
  const { dag, node } = nodeOf(call);
  if (!details) throw new Panic("invalid memory address or nil pointer dereference");
  // A single node read includes data of its sub-tasks; stages of an upgrade have none (`task_dto.go`).
  const additional = node.subTasks.length > 1 ? {} : null;
  return { ...viewNode(call, node, dag), additional_data: additional };
}

export function postNode(call: Call): unknown {
  const operator = stringField(bind(call, DAG_OPERATOR, OPERATOR_REQUIRED), "operator");
  if (operator.toUpperCase() !== "PASS") throw new Refusal("Task.Node.Operator.NotSupport", { args: [operator] });
  const { dag, node } = nodeOf(call);
  passNode(call.world, dag, node, call.now);
  return undefined;
}

export function getSubTask(call: Call): unknown {
  return viewSubTask(call, subTaskOf(call));
}

export function getSubTaskLogs(call: Call): unknown {
  return viewLogs(subTaskOf(call));
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
  const details = showDetails(call);
  return withData({ contents: null }, () => {
    requireDatabase(call);
    return call.world.state.dags.map((dag) => viewDag(call, dag, details));
  });
}

function unfinished(call: Call, details: boolean): readonly unknown[] {
  return call.world.state.dags.filter((dag) => !dag.finished).map((dag) => viewDag(call, dag, details));
}

/** Everything unfinished, ignoring errors: an empty list does not mean that nothing is running. */
export function getUnfinished(call: Call): unknown {
  const details = showDetails(call);
  if (call.agent.identity === "SINGLE") return [];
  const found = databaseRefusal(call) === undefined ? unfinished(call, details) : [];
  return found.length > 0 ? found : { contents: null };
}

/** Agents' own DAGs that have not ended: none are simulated. */
export function getAgentUnfinished(call: Call): unknown {
  showDetails(call);
  return [];
}

export function getAgentDags(call: Call): unknown {
  const details = showDetails(call);
  return call.agent.identity === "CLUSTER AGENT" ? [viewTakeOver(call, details)] : [];
}

/** The last maintenance of the cluster, of any kind, finished or not. */
export function getLastMaintenance(call: Call): unknown {
  requireDatabase(call);
  const dag = call.world.state.dags.findLast((candidate) => candidate.maintenanceType !== 1);
  if (dag === undefined) throw new Refusal("Task.NotFound", { args: ["Cluster is not under maintenance"] });
  return viewDag(call, dag, showDetails(call));
}

/** The last of the agent's own, ended or not: how it came to its cluster, where it has one. */
export function getAgentMaintenance(call: Call): unknown {
  const details = showDetails(call);
  if (call.agent.identity === "CLUSTER AGENT") return viewTakeOver(call, details);
  throw new Refusal("Task.NotFound", { args: ["Agent is not under maintenance"] });
}

/** Without a local maintenance DAG this one panics. */
export function getAgentsMaintenance(call: Call): unknown {
  const details = showDetails(call);
  if (call.agent.identity !== "CLUSTER AGENT") throw new Panic("invalid memory address or nil pointer dereference");
  const agents = registeredAgents(call.world.state).filter(isUp);
  return agents.map((agent) => viewTakeOver({ ...call, agent }, details));
}
