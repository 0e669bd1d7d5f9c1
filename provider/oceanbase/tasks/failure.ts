import type { Failure, Way } from "../../core/task";
import { vendorText } from "../../core/vendor-text";
import type { Dag, DagNode } from "../agent/schema";
import { addressOf } from "../agent/schema";
import { agentUpgradeTarget, obUpgradeTarget, stageOf } from "./dag";
import { remedyOf } from "./remedies";

/**
 * The stages from which obshell refuses ROLLBACK, whichever comes first: agents that run the new binary, or, in upgrades
 * of the business edition, which leave the agents alone, the database's own part.
 */
const NO_WAY_BACK: ReadonlySet<string> = new Set(["Restart obshell", "Backup parameters"]);
/** Entries of the log that are quoted beside the reason. */
const LAST_ENTRIES = 8;
/** `ERROR: [errCode]: message`. Lines can be out of order, so this is searched for, not expected last. */
const ERROR_LINE = /^ERROR: \[([^\]]*)\]: ([\s\S]*)$/;

/** What a failed DAG tells a person: stage, node, agent, the vendor's code and reason, the end of the log, and the ways on. */
export function describeFailure(dag: Dag): Failure {
  const node = failedNode(dag);
  const task = node?.sub_tasks?.find((sub) => sub.state.toUpperCase() === "FAILED") ?? node?.sub_tasks?.[0];
  const where = task?.execute_agent ? ` on ${addressOf(task.execute_agent.ip, task.execute_agent.port)}` : "";
  const cancelled = dag.operator.toUpperCase() === "CANCEL" ? " (cancelled)" : "";
  const rollback = dag.operator.toUpperCase() === "ROLLBACK" ? " while it was rolled back" : "";
  const logs = task?.task_logs ?? [];
  const error = logs.map((entry) => ERROR_LINE.exec(entry)).findLast((match) => match !== null);
  const said = error ? `: [${vendorText(error[1] ?? "")}] ${vendorText(error[2] ?? "")}` : "";
  // The entry of the reason is quoted already.
  const rest = vendorText(logs.filter((entry) => entry !== error?.[0]).slice(-LAST_ENTRIES));
  const log = rest === "" ? "" : ` Log: ${rest}`;
  const message = `${stageOf(dag)} failed${rollback}${cancelled}${where}${said}.${log}`;
  const hint = remedyOf(error?.[1], error?.[2]);
  const remedy = hint === undefined ? remedyFor(dag) : `${hint} ${remedyFor(dag)}`;
  const ways = waysOf(dag);
  return { message, remedy, at: stageOf(dag), ...(ways === undefined ? {} : { ways }) };
}

/** What an operator can do with a failed DAG, as far as its details say. */
export function remedyFor(dag: Dag): string {
  return `The cluster stays locked for other maintenance. ${waysOn(dag)}. Then run {apply} again.`;
}

function waysOn(dag: Dag): string {
  const retry = `\`obshell task retry -i ${dag.id}\``;
  const rollback = `\`obshell task rollback -i ${dag.id}\``;
  const ways = waysOf(dag);
  if (ways === undefined) {
    return `Run \`obshell task show -i ${dag.id} -d\` to see the task. Fix the cause, then run ${retry} or ${rollback}, whichever obshell accepts`;
  }
  return ways.includes("rollback")
    ? `Fix the cause, then run ${retry} to continue the task or ${rollback} to undo it`
    : `Fix the cause, then run ${retry} to continue the task; a rollback is no longer possible`;
}

/**
 * What obshell accepts for a failed DAG: RETRY at every stage of an upgrade, ROLLBACK up to a certain one. Undefined where
 * this cannot be known: an answer without all stages, or a DAG that is no upgrade, whose stages are not listed here.
 */
function waysOf({ name, nodes, stage, max_stage }: Dag): readonly Way[] | undefined {
  const upgrade = obUpgradeTarget(name) ?? agentUpgradeTarget(name);
  if (upgrade === undefined || nodes == null || nodes.length < max_stage) return undefined;
  const point = nodes.findIndex((node) => NO_WAY_BACK.has(node.name));
  if (point < 0) return undefined;
  return stage <= point ? ["retry", "rollback"] : ["retry"];
}

function failedNode(dag: Dag): DagNode | undefined {
  return dag.nodes?.find((node) => node.state.toUpperCase() === "FAILED") ?? dag.nodes?.[dag.stage - 1];
}
