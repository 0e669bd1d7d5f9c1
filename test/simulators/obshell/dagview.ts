import { type Call, server } from "./call";
import { rfc3339 } from "./envelope";
import type { DagState, NodeState, SubTaskState } from "./state";
import { clusterTaskId } from "./taskid";
import { at } from "./world";

/** DAGs, nodes and sub-tasks in the format of the servers (OBShell facts §3.4; live facts §4.2, §4.3). */

/** How far apart two agents' snapshots of one moment can be. */
const SKEW_MS = 40;

export function viewDag(call: Call, dag: DagState, details: boolean): unknown {
  return {
    id: clusterTaskId(dag.id),
    dag_id: dag.id,
    name: dag.name,
    stage: shownStage(call, dag),
    max_stage: dag.nodes.length,
    ...maintenance(call, dag),
    state: dag.state,
    operator: dag.operator,
    start_time: rfc3339(dag.startTime),
    end_time: rfc3339(dag.endTime),
    additional_data: details && hasAdditionalData(dag) ? {} : null,
    nodes: details ? dag.nodes.map((node) => viewNode(call, node, dag)) : null,
  };
}

/** Data of several nodes or sub-tasks is merged into a map, which is empty for an upgrade (`task_dto.go`). */
function hasAdditionalData({ nodes }: DagState): boolean {
  return nodes.length > 1 || nodes.some(({ subTasks }) => subTasks.length > 1);
}

/** The response to the call that created it: nothing has a time yet. */
export function viewCreated(call: Call, dag: DagState): unknown {
  const zero = rfc3339(null);
  return {
    id: clusterTaskId(dag.id),
    dag_id: dag.id,
    name: dag.name,
    stage: 1,
    max_stage: dag.nodes.length,
    ...maintenance(call, dag),
    state: "READY",
    operator: "RUN",
    start_time: zero,
    end_time: zero,
    additional_data: null,
    nodes: null,
  };
}

function maintenance(call: Call, dag: DagState): object {
  if (!server(call, "maintenanceFields")) return {};
  return { maintenance_type: dag.maintenanceType, maintenance_key: dag.maintenanceKey };
}

/** Snapshots are not atomic: an agent may still see the stage before. */
function shownStage({ world, index, now }: Call, dag: DagState): number {
  if (world.state.switches.atomicSnapshots || dag.state !== "RUNNING") return dag.stage;
  const late = now - dag.stageAt < index * SKEW_MS;
  if (!late) return dag.stage;
  return dag.operator === "ROLLBACK" ? Math.min(dag.stage + 1, dag.nodes.length) : Math.max(dag.stage - 1, 1);
}

export function viewNode(call: Call, node: NodeState, dag: DagState): object {
  const early = startsNow(call, node, dag);
  return {
    id: clusterTaskId(node.id),
    node_id: node.id,
    name: node.name,
    state: node.state,
    operator: node.operator,
    start_time: rfc3339(node.startTime),
    end_time: rfc3339(node.endTime),
    additional_data: null,
    sub_tasks: node.subTasks.map((task) => viewSubTask(call, task, early)),
  };
}

/** A node still PENDING whose sub-tasks already run: the server writes them first. */
function startsNow({ world, now }: Call, node: NodeState, dag: DagState): boolean {
  if (world.state.switches.atomicSnapshots || node.state !== "PENDING" || dag.operator !== "RUN") return false;
  if (dag.state !== "RUNNING" || dag.next?.step !== "begin" || dag.held) return false;
  return dag.nodes[dag.stage - 1] === node && dag.next.at - now <= SKEW_MS;
}

export function viewSubTask({ world }: Call, task: SubTaskState, early = false): unknown {
  const agent = at(world.state.agents, task.agent);
  const state = early && task.state === "PENDING" ? "RUNNING" : task.state;
  const logged = state === "RUNNING" || state === "FAILED" || state === "SUCCEED";
  return {
    id: clusterTaskId(task.id),
    task_id: task.id,
    name: task.name,
    state,
    operator: task.operator,
    start_time: rfc3339(task.startTime),
    end_time: rfc3339(task.endTime),
    additional_data: null,
    execute_times: task.executeTimes,
    execute_agent: { ip: agent.ip, port: agent.port },
    task_logs: logged && task.logs.length > 0 ? task.logs.map(({ line }) => line) : null,
  };
}

export function viewLogs(task: SubTaskState): unknown {
  return task.logs.map(({ line, at: written, attempt }, index) => ({
    id: index + 1,
    sub_task_id: task.id,
    execute_times: attempt,
    log_content: line,
    is_sync: false,
    create_time: rfc3339(written),
    update_time: rfc3339(written),
  }));
}
