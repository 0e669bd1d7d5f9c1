import type { Failure } from "../../core/task";
import { vendorText } from "../../core/vendor-text";
import { printable } from "../../http/body";
import type { Action } from "../rest/schema";

/** The state machine of every upgrade, of modules and of Redis; also of `rladmin restart db`. */
export const UPGRADE_MACHINE = "SMUpgradeBDB";

/** The target of upgrades that were found in progress: a state machine does not report it. */
export const UNTOLD = "a version that the cluster does not report";

export type Stage = "running" | "completed" | "failed";

/**
 * Three sets of states: state machines (pending, active, completed, failed), v2 actions (queued, running, completed,
 * failed) and the action object (also starting, cancelling, cancelled, aborted). CRDB tasks end with finished. Any
 * state that is not a known final state counts as in progress.
 */
const ENDS: Readonly<Record<string, Stage>> = {
  completed: "completed",
  finished: "completed",
  failed: "failed",
  cancelled: "failed",
  aborted: "failed",
};

export function stageOf({ status }: Pick<Action, "status">): Stage {
  return ENDS[status.toLowerCase()] ?? "running";
}

export function isUpgrade({ name }: Pick<Action, "name">): boolean {
  return name === UPGRADE_MACHINE;
}

/** Percent, a whole number; recorded as a number and as a text. */
export function percentOf({ progress }: Action): number | undefined {
  const percent = Number(progress ?? Number.NaN);
  return Number.isFinite(percent) ? Math.round(Math.min(Math.max(percent, 0), 100)) : undefined;
}

/** `SMUpgradeBDB: wait_for_version`, or its status before it has a state. */
export function describeStep({ name, state, status }: Action): string {
  return `${name ?? "action"}: ${printable(state ?? status)}`;
}

/** A failed state machine keeps its database in active-change-pending until an operator intervenes. */
export function describeFailure(failed: Action, database: number): Failure {
  const { state, status } = failed;
  const percent = percentOf(failed);
  const where = state == null ? "" : ` in state ${printable(state)}`;
  const far = percent === undefined ? "" : ` at ${percent}%`;
  const why = reasonOf(failed);
  const reason = why === undefined ? "" : `: ${why}`;
  return { message: `${failed.name ?? "the action"} ${status}${where}${far}${reason}.`, remedy: recoveryOf(database) };
}

/** The vendor's reason for a failure, from any of its fields. */
export function reasonOf({ error, error_message, additional_info }: Action): string | undefined {
  const said = [error, additional_info?.error, error_message].find((text) => text != null && text !== "");
  return said == null ? undefined : vendorText(said);
}

/**
 * Instructions for an operator; no request is ever repeated automatically. The API does not show whether a failed
 * machine can be retried.
 */
export function recoveryOf(database: number): string {
  return `The database stays in active-change-pending, and nothing was sent again. Fix the cause, run \`rlutil retry_bdb bdb=${database}\` on a node, then run {apply} again. If the cluster cannot retry it, contact Redis support.`;
}

/** The relevant state machine: running before finished ones, then the one that started or progressed last. */
export function newestMachine(machines: readonly Action[]): Action | undefined {
  const rank = (one: Action) => (stageOf(one) === "running" ? (one.status === "pending" ? 1 : 2) : 0);
  return [...machines].sort((a, b) => rank(b) - rank(a) || (b.heartbeat ?? 0) - (a.heartbeat ?? 0))[0];
}
