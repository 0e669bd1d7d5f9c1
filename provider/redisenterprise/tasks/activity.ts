import type { Activity } from "../../core/unit";
import { printable } from "../../http/body";
import { CRDB_UPGRADE, crdbTaskId, isCrdbUpgrade } from "../active-active";
import { ACTIVE, type Database, labelOf } from "../database/database";
import type { Action, CrdbTask } from "../rest/schema";
import { describeFailure, isUpgrade, newestMachine, reasonOf, recoveryOf, stageOf } from "./machine";

/** Statuses of databases that were never created, or no longer exist. Waiting does not make them active. */
const DEAD_ENDS: Readonly<Record<string, { readonly what: string; readonly remedy: string }>> = {
  "creation-failed": { what: "The creation", remedy: "Delete the database and create it again." },
};

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
  const failed = newestMachine(machines.filter((machine) => stageOf(machine) === "failed"));
  if (failed === undefined || database.status === ACTIVE) return unexplained(database);
  if (isUpgrade(failed)) {
    return { kind: "failed", task: taskOf(failed), failure: describeFailure(failed, database.uid) };
  }
  const why = reasonOf(failed);
  const name = `${nameOf(failed, database)}${why === undefined ? "" : ` (${why})`}`;
  return lockedBy(name, recoveryOf(database.uid));
}

/** An operation failed, and no upgrade is accepted until that has been repaired. */
function lockedBy(name: string, remedy: string): Activity {
  return {
    kind: "blocked",
    finding: { code: "held-by-failed-action", message: `${name} failed and holds the database.`, remedy },
  };
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
  const end = DEAD_ENDS[database.status];
  const label = labelOf(database);
  if (end !== undefined) return lockedBy(`${end.what} of ${label}`, end.remedy);
  const action = database.action === undefined ? "" : `, action ${database.action}`;
  return { kind: "busy", name: `a change of ${label} (status ${database.status}${action})` };
}
