import { formatVersion, parseVersion, type Version } from "../../core/version/version";
import type { Dag, DagStages } from "../agent/schema";

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
