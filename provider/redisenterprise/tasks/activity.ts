import type { Activity } from "../../core/unit";
import { printable } from "../../http/body";
import { CRDB_UPGRADE, crdbTaskId, isCrdbUpgrade } from "../active-active";
import { ACTIVE, type Database, labelOf } from "../database/database";
import type { Action, CrdbTask } from "../rest/schema";
import { describeFailure, isUpgrade, newestMachine, reasonOf, recoveryOf, stageOf } from "./machine";

/** Statuses of databases that are not there yet, or not any more. They do not become active by waiting. */
const DEAD_ENDS: Readonly<Record<string, { readonly what: string; readonly remedy: string }>> = {
  "creation-failed": { what: "The creation", remedy: "Delete the database and create it again." },
};

/**
 * What the cluster does with the database, as far as it concerns an upgrade of it.
 *
 * Every upgrade of the database that runs is waited for as if it were ours: a state machine tells neither who began it nor
 * where it goes to, and only what runs afterwards decides. One that failed holds the database, also when this tool did not start it.
 * An upgrade of the whole Active-Active database comes first: that of the participant is a part of it.
 *
 * @param machines the state machines of the database: the last run, and those that wait
 * @param targetOf where an upgrade goes to, by its action
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

/** Something failed, and no upgrade is accepted before that has been repaired. */
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

/** An action that the database still names although it has ended does not count. */
function isAtRest({ status, action }: Database, machines: readonly Action[]): boolean {
  return status === ACTIVE && (action === undefined || machines.some(({ action_uid }) => action_uid === action));
}

/** No state machine tells why the database is not at rest. */
function unexplained(database: Database): Activity {
  const end = DEAD_ENDS[database.status];
  const label = labelOf(database);
  if (end !== undefined) return lockedBy(`${end.what} of ${label}`, end.remedy);
  const action = database.action === undefined ? "" : `, action ${database.action}`;
  return { kind: "busy", name: `a change of ${label} (status ${database.status}${action})` };
}
