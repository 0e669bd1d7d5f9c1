import type { Call } from "./call";
import { rfc3339 } from "./envelope";
import { localTaskId } from "./taskid";

/**
 * The local task by which an agent came to its cluster: the only local task in the simulator, ended long ago
 * (`take_over.go`, `convert.go`).
 */
export const TAKE_OVER_ID = 1;

const STAGES = [
  "Synchronize agent from cluster",
  "Convert follower to cluster agent",
  "Synchronize agent from cluster",
  "Convert master to cluster agent",
  "Synchronize agent from cluster",
];
/** How long before its present process an agent was taken over. */
const AGE_MS = 3_600_000;
const STAGE_MS = 1_000;

export function viewTakeOver({ agent }: Call, details: boolean): unknown {
  const id = (number: number) => localTaskId(agent.ip, agent.port, number);
  const began = agent.startedAt - AGE_MS;
  const during = (first: number, last: number) => ({
    start_time: rfc3339(began + first * STAGE_MS),
    end_time: rfc3339(began + last * STAGE_MS),
  });
  const done = { state: "SUCCEED", operator: "RUN" };
  const nodes = STAGES.map((name, index) => ({
    id: id(index + 1),
    node_id: index + 1,
    name,
    ...done,
    ...during(index, index + 1),
    additional_data: null,
    sub_tasks: [
      {
        id: id(index + 1),
        task_id: index + 1,
        name,
        ...done,
        ...during(index, index + 1),
        additional_data: null,
        execute_times: 1,
        execute_agent: { ip: agent.ip, port: agent.port },
        task_logs: null,
      },
    ],
  }));
  return {
    id: id(TAKE_OVER_ID),
    dag_id: TAKE_OVER_ID,
    name: "Take over",
    stage: STAGES.length,
    max_stage: STAGES.length,
    maintenance_type: 2,
    maintenance_key: "",
    ...done,
    ...during(0, STAGES.length),
    additional_data: details ? {} : null,
    nodes: details ? nodes : null,
  };
}
