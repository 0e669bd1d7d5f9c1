import { rfc3339 } from "./envelope";
import type { AgentState, ClusterState } from "./state";
import { localTaskId } from "./taskid";
import { addressOf, registeredAgents } from "./world";

/**
 * The local tasks that added the agents to their cluster: the only local tasks in the simulator, which ended long ago
 * (`take_over.go`, `sync_agent.go`, `convert.go`). The agent that started last takes over the others.
 */
export interface LocalDag {
  readonly id: number;
  readonly name: string;
  readonly nodes: readonly LocalNode[];
}

export interface LocalNode {
  readonly id: number;
  readonly name: string;
  /** Number of the stage, from 0. */
  readonly stage: number;
  readonly subTasks: readonly LocalSubTask[];
}

export interface LocalSubTask {
  readonly id: number;
  readonly name: string;
  readonly stage: number;
  readonly agent: AgentState;
  readonly logs: readonly string[];
}

const SYNCHRONIZE = "Synchronize agent from cluster";
const SYNCHRONIZED = [
  "try to connect",
  "connect succeed, dump password",
  "synchronize agent from oceanbase",
  "sync agent data",
];
/** How long before its present process an agent was taken over. */
const AGE_MS = 3_600_000;
const STAGE_MS = 1_000;

/** Oldest first. */
export function localDags(state: ClusterState, agent: AgentState): readonly LocalDag[] {
  if (agent.identity === "MASTER") {
    const name = "Join self";
    return [localDag(1, name, [{ name, tasks: [{ agent, logs: ["set agent identity to master"] }] }])];
  }
  if (agent.identity !== "CLUSTER AGENT") return [];
  const agents = registeredAgents(state);
  if (agent === agents.at(-1)) return [takeOver(agent, agents.slice(0, -1))];
  const lone = [{ name: SYNCHRONIZE, tasks: [{ agent, logs: SYNCHRONIZED }] }];
  return [localDag(1, SYNCHRONIZE, lone), localDag(2, SYNCHRONIZE, lone)];
}

function takeOver(agent: AgentState, followers: readonly AgentState[]): LocalDag {
  const alone = (logs: readonly string[]) => [{ agent, logs }];
  const everywhere = (dag: number) => [
    ...followers.map((follower) => ({ agent: follower, logs: remote(localTaskId(follower.ip, follower.port, dag)) })),
    ...alone(SYNCHRONIZED),
  ];
  return localDag(1, "Take over", [
    { name: SYNCHRONIZE, tasks: alone(SYNCHRONIZED) },
    {
      name: "Convert follower to cluster agent",
      tasks: alone(followers.map((follower) => `convert agent ${addressOf(follower)} to cluster agent`)),
    },
    { name: SYNCHRONIZE, tasks: everywhere(1) },
    {
      name: "Convert master to cluster agent",
      tasks: alone(["convert self to cluster agent", "sync agent binary", "synchronize agent from oceanbase"]),
    },
    { name: SYNCHRONIZE, tasks: everywhere(2) },
  ]);
}

/** Lines of a sub-task that starts a DAG on another agent and waits for it. */
function remote(id: string): readonly string[] {
  return [
    "encrypt password for agent",
    "retry flag: false",
    `remote task ${id} ${SYNCHRONIZE} running [1/1]`,
    `remote task ${id} ${SYNCHRONIZE} running [1/1]`,
    ...SYNCHRONIZED.map((line) => `task ${SYNCHRONIZE}: ${line}`),
  ];
}

interface Stage {
  readonly name: string;
  readonly tasks: readonly { readonly agent: AgentState; readonly logs: readonly string[] }[];
}

/** Each agent counts its DAGs, nodes and sub-tasks separately. */
function localDag(id: number, name: string, stages: readonly Stage[]): LocalDag {
  let [node, task] = [id, id];
  return {
    id,
    name,
    nodes: stages.map((each, stage) => ({
      id: node++,
      name: each.name,
      stage,
      subTasks: each.tasks.map((one) => ({ id: task++, name: each.name, stage, ...one })),
    })),
  };
}

const DONE = { state: "SUCCEED", operator: "RUN" } as const;

function during(owner: AgentState, first: number, last: number): object {
  const began = owner.startedAt - AGE_MS;
  return { start_time: rfc3339(began + first * STAGE_MS), end_time: rfc3339(began + last * STAGE_MS) };
}

export function viewLocalDag(owner: AgentState, { id, name, nodes }: LocalDag, details: boolean): unknown {
  return {
    id: localTaskId(owner.ip, owner.port, id),
    dag_id: id,
    name,
    stage: nodes.length,
    max_stage: nodes.length,
    maintenance_type: 2,
    maintenance_key: "",
    ...DONE,
    ...during(owner, 0, nodes.length),
    additional_data: details && nodes.length > 1 ? {} : null,
    nodes: details ? nodes.map((node) => viewLocalNode(owner, node)) : null,
  };
}

export function viewLocalNode(owner: AgentState, { id, name, stage, subTasks }: LocalNode): object {
  return {
    id: localTaskId(owner.ip, owner.port, id),
    node_id: id,
    name,
    ...DONE,
    ...during(owner, stage, stage + 1),
    additional_data: null,
    sub_tasks: subTasks.map((task) => viewLocalSubTask(owner, task)),
  };
}

export function viewLocalSubTask(owner: AgentState, { id, name, stage, agent, logs }: LocalSubTask): unknown {
  return {
    id: localTaskId(owner.ip, owner.port, id),
    task_id: id,
    name,
    ...DONE,
    ...during(owner, stage, stage + 1),
    additional_data: null,
    execute_times: 1,
    execute_agent: { ip: agent.ip, port: agent.port },
    task_logs: logs.length > 0 ? logs : null,
  };
}

export function viewLocalLogs(owner: AgentState, { id, stage, logs }: LocalSubTask): unknown {
  const written = rfc3339(owner.startedAt - AGE_MS + stage * STAGE_MS);
  return logs.map((line, index) => ({
    id: index + 1,
    sub_task_id: id,
    execute_times: 1,
    log_content: line,
    is_sync: true,
    create_time: written,
    update_time: written,
  }));
}
