import type { Failure } from "../../core/task";
import { vendorText } from "../../core/texts/vendor-text";
import type { Activity, Finding } from "../../core/unit";
import { printable } from "../../http/body";
import { CRDB_UPGRADE, crdbTaskId, isCrdbUpgrade } from "../active-active";
import { ACTIVE, type Database, labelOf, subjectOf } from "../database/database";
import type { Action, CrdbTask } from "../rest/schema";

const DELETING = "delete-pending";

/** For a status that waiting does not end: what a person must do. */
export function deadEndOf(database: Pick<Database, "uid" | "name" | "status">): Finding | undefined {
  const { uid, status } = database;
  switch (status) {
    case "creation-failed":
      return held(`The creation of ${labelOf(database)}`, "Delete the database and create it again.");
    case DELETING:
      return {
        code: "database-being-deleted",
        message: `${subjectOf(database)} is being deleted (status ${status}).`,
        remedy: "Specify another database, or remove this resource from the program.",
      };
    case "recovery":
      return {
        code: "database-in-recovery",
        message: `${subjectOf(database)} must be recovered before it can be upgraded (status ${status}).`,
        remedy: `Run \`rladmin recover list\` on a node to see whether its files are ready, and \`rladmin recover db db:${uid}\` to recover it. Then run {apply} again.`,
      };
    default:
      return undefined;
  }
}

/**
 * The cluster's operations on the database that an upgrade depends on.
 *
 * Every running upgrade of the database is waited for as if this tool had started it: a state machine shows neither who
 * started it nor its target, and only the version afterwards decides. A failed upgrade locks the database, even if this
 * tool did not start it. An upgrade of the whole Active-Active database takes precedence, because the participant's
 * upgrade is a part of it.
 *
 * @param machines the state machines of the database: the last run, and waiting ones
 * @param targetOf the target of an upgrade, by its action
 * @param crdbTasks unfinished ones of the Active-Active database
 */
export function activityOf(
  database: Database,
  machines: readonly Action[],
  targetOf: (action: string) => string,
  crdbTasks: readonly CrdbTask[] = [],
): Activity | undefined {
  const whole = crdbTasks.find(isCrdbUpgrade);
  if (whole !== undefined) {
    const id = crdbTaskId(whole.id);
    return { kind: "running", task: { id, kind: CRDB_UPGRADE, to: targetOf(id) } };
  }
  const end = deadEndOf(database);
  if (end !== undefined && database.status === DELETING) return { kind: "blocked", finding: end };
  const taskOf = ({ action_uid, name }: Action) => ({
    id: action_uid,
    kind: name ?? "upgrade",
    to: targetOf(action_uid),
  });
  const running = machines.filter((machine) => stageOf(machine) === "running");
  const upgrade = newestMachine(running.filter(isUpgrade));
  if (upgrade !== undefined) return { kind: "running", task: taskOf(upgrade) };
  const other = newestMachine(running);
  if (other !== undefined) return { kind: "busy", name: nameOf(other, database) };
  const [elsewhere] = crdbTasks;
  if (elsewhere !== undefined) return { kind: "busy", name: nameOfCrdb(elsewhere, database) };
  if (isAtRest(database, machines)) return undefined;
  if (end !== undefined) return { kind: "blocked", finding: end, unhealthy: true };
  const failed = newestMachine(machines.filter((machine) => stageOf(machine) === "failed"));
  if (failed === undefined || database.status === ACTIVE) return unexplained(database);
  if (isUpgrade(failed)) {
    return { kind: "failed", task: taskOf(failed), failure: describeFailure(failed, database.uid) };
  }
  const why = reasonOf(failed);
  const reason = why === undefined ? "" : ` (${why})`;
  const remedy = recoveryOf(database.uid, database.status);
  return { kind: "blocked", finding: held(`${nameOf(failed, database)}${reason}`, remedy) };
}

/** An operation failed, and no upgrade is accepted until that has been repaired. */
function held(name: string, remedy: string): Finding {
  return { code: "held-by-failed-action", message: `${name} failed and holds the database.`, remedy };
}

function nameOf({ name, action_uid }: Action, database: Database): string {
  return `${name ?? `action ${action_uid}`} of ${labelOf(database)}`;
}

function nameOfCrdb({ id, operation }: CrdbTask, database: Database): string {
  return `CRDB task ${printable(id)} (${printable(operation ?? "unknown operation")}) of ${labelOf(database)}`;
}

/** A finished action that the database still lists does not count. */
function isAtRest({ status, action }: Database, machines: readonly Action[]): boolean {
  return status === ACTIVE && (action === undefined || machines.some(({ action_uid }) => action_uid === action));
}

/** No state machine explains why the database is not idle. */
function unexplained(database: Database): Activity {
  const action = database.action === undefined ? "" : `, action ${database.action}`;
  return { kind: "busy", name: `a change of ${labelOf(database)} (status ${printable(database.status)}${action})` };
}

/** The state machine of every upgrade, of modules and of Redis; also of `rladmin restart db`. */
export const UPGRADE_MACHINE = "SMUpgradeBDB";

/** The target of upgrades that were found in progress: a state machine does not report it. */
export const UNREPORTED = "a version that the cluster does not report";

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
function reasonOf({ error, error_message, additional_info }: Action): string | undefined {
  const reason = [error, additional_info?.error, error_message].find((text) => text != null && text !== "");
  return reason == null ? undefined : vendorText(reason);
}

/**
 * Instructions for an operator; no request is ever repeated automatically. The API does not show whether a failed
 * machine can be retried.
 */
function recoveryOf(database: number, status = "active-change-pending"): string {
  return `The database stays in ${printable(status)}, and nothing was sent again. Fix the cause, run \`rlutil retry_bdb bdb=${database}\` on a node, then run {apply} again. If the cluster cannot retry it, contact Redis support.`;
}

/** The relevant state machine: running before finished ones, then the one that started or progressed last. */
export function newestMachine(machines: readonly Action[]): Action | undefined {
  const rank = (one: Action) => (stageOf(one) === "running" ? (one.status === "pending" ? 1 : 2) : 0);
  return machines.toSorted((a, b) => rank(b) - rank(a) || (b.heartbeat ?? 0) - (a.heartbeat ?? 0))[0];
}
