import type { Failure } from "../../core/task";
import { vendorText } from "../../core/vendor-text";
import { printable } from "../../http/body";
import type { Action } from "../rest/schema";

/** The state machine behind every upgrade, of modules and of Redis; also behind `rladmin restart db`. */
export const UPGRADE_MACHINE = "SMUpgradeBDB";

/** How the upgrades are named that were found running: a state machine does not tell where it goes to. */
export const UNTOLD = "a version that the cluster does not report";

export type Stage = "running" | "completed" | "failed";

/**
 * Three vocabularies: state machines (pending, active, completed, failed), v2 actions (queued, running, completed, failed)
 * and the action object (starting, cancelling, cancelled, aborted beside those). CRDB tasks end with finished. Whatever is
 * not known as an end is under way.
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

/** A failed state machine keeps its database in active-change-pending until an operator helps. */
export function describeFailure(failed: Action, database: number): Failure {
  const { state, status } = failed;
  const percent = percentOf(failed);
  const where = state == null ? "" : ` in state ${printable(state)}`;
  const far = percent === undefined ? "" : ` at ${percent}%`;
  const why = reasonOf(failed);
  const reason = why === undefined ? "" : `: ${why}`;
  return { message: `${failed.name ?? "the action"} ${status}${where}${far}${reason}.`, remedy: recoveryOf(database) };
}

/** What the vendor says of a failure, wherever it says it. */
export function reasonOf({ error, error_message, additional_info }: Action): string | undefined {
  const said = [error, additional_info?.error, error_message].find((text) => text != null && text !== "");
  return said == null ? undefined : vendorText(said);
}

/** What an operator does; nothing is ever sent again by itself. The API does not say whether a failed machine can be retried. */
export function recoveryOf(database: number): string {
  return `The database stays in active-change-pending, and nothing was sent again. Fix the cause, run \`rlutil retry_bdb bdb=${database}\` on a node, then run {apply} again. If the cluster cannot retry it, contact Redis support.`;
}

/** The one to look at: what runs before what has ended, what began or moved last before the others. */
export function newestMachine(machines: readonly Action[]): Action | undefined {
  const rank = (one: Action) => (stageOf(one) === "running" ? (one.status === "pending" ? 1 : 2) : 0);
  return [...machines].sort((a, b) => rank(b) - rank(a) || (b.heartbeat ?? 0) - (a.heartbeat ?? 0))[0];
}
