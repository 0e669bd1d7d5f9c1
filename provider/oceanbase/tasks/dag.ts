import type { Failure, Operator } from "../../core/task";
import { vendorText } from "../../core/texts/vendor-text";
import { formatVersion, parseVersion, type Version } from "../../core/version";
import { addressOf, type Dag, type DagNode, type DagStages } from "../agent/schema";

/** The target in the name of a maintenance DAG: `OB rolling upgrade 4.3.5.2-102000042025031214.el7`. */
export interface DagTarget {
  readonly kind: string;
  readonly version: Version;
}

const OB_UPGRADE = /^(OB (?:rolling|stop service) upgrade) (\d+(?:\.\d+){3})-(\d+)(?:\.\S+)?$/;
/** Check DAGs hold no lock. */
const CHECK = /^Upgrade check /;
/** `maintenance_type` of a DAG that holds no lock: 0 before the cluster exists, 1 none. Absent before 4.3.1.0. */
const LOCKLESS = new Set([0, 1]);

const AGENT_UPGRADE = /^(Upgrade obshell) (\d+(?:\.\d+){3})-(\d+)(?:\.\S+)?$/;

/** The target of an OceanBase upgrade DAG; undefined for every other DAG. The name must match exactly. */
export function obUpgradeTarget(name: string): DagTarget | undefined {
  return targetIn(OB_UPGRADE, name);
}

/** The same for an upgrade of the agents. */
export function agentUpgradeTarget(name: string): DagTarget | undefined {
  return targetIn(AGENT_UPGRADE, name);
}

/** Whether it is an upgrade of the database or of the agents. */
export function isUpgrade({ name }: Pick<Dag, "name">): boolean {
  return (obUpgradeTarget(name) ?? agentUpgradeTarget(name)) !== undefined;
}

function targetIn(pattern: RegExp, name: string): DagTarget | undefined {
  const [, kind, version, build] = pattern.exec(name) ?? [];
  if (kind === undefined) return undefined;
  const parsed = parseVersion(`${version}-${build}`);
  return parsed && { kind, version: parsed };
}

export function formatTarget({ version }: DagTarget): string {
  return formatVersion(version);
}

export function holdsLock(dag: Dag): boolean {
  return dag.maintenance_type === undefined ? !CHECK.test(dag.name) : !LOCKLESS.has(dag.maintenance_type);
}

/**
 * The status of a DAG. The state alone is not enough: `SUCCEED` with operator `ROLLBACK` means that it was rolled back.
 * `FAILED` holds the lock until it is retried to success, rolled back or passed.
 */
export type DagState = "running" | "rolling-back" | "succeeded" | "rolled-back" | "failed";

export function dagState({ state, operator }: Dag): DagState {
  const back = operator.toUpperCase() === "ROLLBACK";
  switch (state.toUpperCase()) {
    case "SUCCEED":
      return back ? "rolled-back" : "succeeded";
    case "FAILED":
      return "failed";
    default:
      return back ? "rolling-back" : "running";
  }
}

/** Percent of finished stages. */
export function percentOf({ stage, max_stage }: Dag): number {
  const share = max_stage > 0 ? (100 * Math.max(stage - 1, 0)) / max_stage : 0;
  return Number.isFinite(share) ? Math.round(Math.min(share, 100)) : 0;
}

/** `stage 15/30: Reinstall and restart observer`; without the name when the DAG has no nodes. */
export function stageOf(dag: Pick<Dag, "stage" | "max_stage"> & DagStages): string {
  const name = dag.nodes?.[dag.stage - 1]?.name;
  return `stage ${dag.stage}/${dag.max_stage}${name === undefined ? "" : `: ${name}`}`;
}

/** The same, shortened for progress output: `15/30 Reinstall and restart observer`. */
export function shortStageOf(dag: Parameters<typeof stageOf>[0]): string {
  return stageOf(dag)
    .replace(/^stage /, "")
    .replace(": ", " ");
}

/**
 * The stages from which obshell refuses ROLLBACK, whichever comes first: agents that run the new binary, or the
 * database's own part in upgrades of the business edition, which do not change the agents.
 */
const NO_ROLLBACK: ReadonlySet<string> = new Set(["Restart obshell", "Backup parameters"]);
/** Log entries quoted with the reason. */
const LAST_ENTRIES = 8;
/** `ERROR: [errCode]: message`. Lines can be out of order, so it may not be the last one. */
const ERROR_LINE = /^ERROR: \[([^\]]*)\]: ([\s\S]*)$/;

/**
 * Describes a failed DAG: stage, node, agent, the vendor's code and reason, the end of the log, and the accepted
 * operations.
 */
export function describeFailure(dag: Dag): Failure {
  const node = failedNode(dag);
  const task = node?.sub_tasks?.find((sub) => sub.state.toUpperCase() === "FAILED") ?? node?.sub_tasks?.[0];
  const where = task?.execute_agent ? ` on ${addressOf(task.execute_agent.ip, task.execute_agent.port)}` : "";
  const cancelled = dag.operator.toUpperCase() === "CANCEL" ? " (cancelled)" : "";
  const rollback = dag.operator.toUpperCase() === "ROLLBACK" ? " while it was rolled back" : "";
  const logs = task?.task_logs ?? [];
  const error = logs.map((entry) => ERROR_LINE.exec(entry)).findLast((match) => match !== null);
  const reason = error ? `: [${vendorText(error[1] ?? "")}] ${vendorText(error[2] ?? "")}` : "";
  // The reason's log entry is already quoted.
  const rest = vendorText(logs.filter((entry) => entry !== error?.[0]).slice(-LAST_ENTRIES));
  const log = rest === "" ? "" : ` Log: ${rest}`;
  const message = `${stageOf(dag)} failed${rollback}${cancelled}${where}${reason}.${log}`;
  const hint = remedyOf(error?.[1], error?.[2], node?.name);
  const remedy = hint === undefined ? remedyFor(dag) : `${hint} ${remedyFor(dag)}`;
  const operators = operatorsOf(dag);
  return { message, remedy, at: stageOf(dag), ...(operators === undefined ? {} : { operators }) };
}

/** How to continue after a failed DAG, as far as its details show. */
export function remedyFor(dag: Dag): string {
  return `The cluster stays locked for other maintenance. ${operatorsOn(dag)}. Then run {apply} again.`;
}

function operatorsOn(dag: Dag): string {
  const retry = `\`obshell task retry -i ${dag.id}\``;
  const rollback = `\`obshell task rollback -i ${dag.id}\``;
  const operators = operatorsOf(dag);
  if (operators === undefined) {
    return `Run \`obshell task show -i ${dag.id} -d\` to see the task. Fix the cause, then run ${retry} or ${rollback}, whichever obshell accepts`;
  }
  if (onlyCleanupFailed(dag)) {
    const pass = `\`obshell task pass -i ${dag.id}\``;
    return `Fix the cause, then run ${retry} to continue the task, or run ${pass} to end it, because only temporary files are left; a rollback is no longer possible`;
  }
  return operators.includes("rollback")
    ? `Fix the cause, then run ${retry} to continue the task or ${rollback} to undo it`
    : `Fix the cause, then run ${retry} to continue the task; a rollback is no longer possible`;
}

/**
 * The operations that obshell accepts for a failed DAG: RETRY at every stage of an upgrade, ROLLBACK up to a certain
 * one. Undefined if unknown: a response without all stages, or a DAG that is not an upgrade, whose stages are not
 * listed here.
 */
function operatorsOf({ name, nodes, stage, max_stage }: Dag): readonly Operator[] | undefined {
  if (!isUpgrade({ name }) || nodes == null || nodes.length < max_stage) return undefined;
  const point = nodes.findIndex((node) => NO_ROLLBACK.has(node.name));
  if (point < 0) return undefined;
  return stage <= point ? ["retry", "rollback"] : ["retry"];
}

/** The only stage of an upgrade whose failure obshell lets pass, because no other stage is left. */
const CLEANUP = "Remove upgrade check task dir";

function onlyCleanupFailed(dag: Dag): boolean {
  return dag.stage === dag.max_stage && failedNode(dag)?.name === CLEANUP;
}

function failedNode(dag: Dag): DagNode | undefined {
  return dag.nodes?.find((node) => node.state.toUpperCase() === "FAILED") ?? dag.nodes?.[dag.stage - 1];
}

/** Remedies by obshell's error code, found in a refusal of the request or in the log of a failed task. */
const REMEDIES: Readonly<Record<string, string>> = {
  "Environment.WithoutPython": "Install a command named `python` on every host, or link that name to python3.",
  "Environment.WithoutModule":
    "Install the Python module for the command `python` on every host: `python -m pip install mysql-connector-python`.",
  "Environment.DiskSpaceNotEnough":
    "Free space where the packages are unpacked, in `upgradeDir` or `upgrade` in the agents' home, or set `upgradeDir` to a directory on another disk.",
  "OB.Package.NotExist": "Add their files to `packages`, or upload them with POST /api/v1/upgrade/package.",
  "OB.Package.Corrupted": "Upload the package again.",
  "OB.Upgrade.Path.NotExist": "Upgrade to an intermediate version first, then to this one.",
  "OB.Upgrade.ToDeprecatedVersion": "Choose a later version.",
  "OB.Upgrade.UnableToRollingUpgrade": "Set `mode` to `stopService`. The service is down during such an upgrade.",
  "OB.Upgrade.TenantsSchemaNotRefreshed": "Wait until the tenants have refreshed their schema; then run {apply} again.",
  "OB.Upgrade.TabletInMerging": "Wait until the tablets are merged; then run {apply} again.",
  "OB.Upgrade.TenantInMajorCompaction": "Wait until the major compaction has finished; then run {apply} again.",
  "OB.Upgrade.MinObserverVersionNotSync":
    "Wait until all observers agree on min_observer_version; then run {apply} again.",
  "OB.Upgrade.TenantCompatibleNotSync": "Bring all tenants to one `compatible` version; then run {apply} again.",
  "OB.Upgrade.HasRunningBackupTask": "Wait until the backup has finished, or stop it; then run {apply} again.",
  "OB.Server.Unavailable": "Start the observer and wait until it is available; then run {apply} again.",
  "Agent.Unavailable": "Start the agent with `obshell agent start` on its host; then run {apply} again.",
};

/** The same for conditions without a code of their own; some texts have this meaning at one stage only. */
const BY_TEXT: readonly (readonly [text: RegExp, remedy: string, stage?: string])[] = [
  [
    /record not found/,
    "A package of the target version is not uploaded. Upload it with POST /api/v1/upgrade/package before a retry, or roll the task back and add its file to `packages`.",
    "Download all required packages",
  ],
  [
    / data \S+ not set/,
    "A package was not downloaded, because the stage before was skipped. Roll the task back; a retry does not download the package.",
    "Check all required packages",
  ],
  [
    /MD5 checksum validation failed/i,
    "If hosts share the file system of `upgradeDir`, each agent overwrites what the others download: leave `upgradeDir` out, or use a directory that is local to every host. Otherwise upload the package again.",
  ],
];

/**
 * @param text obshell's message, for conditions without a code of their own
 * @param at the stage that failed
 */
export function remedyOf(code: string | undefined, text = "", at?: string): string | undefined {
  const known = code === undefined ? undefined : REMEDIES[code];
  return (
    known ?? BY_TEXT.find(([pattern, , stage]) => pattern.test(text) && (stage === undefined || stage === at))?.[1]
  );
}
