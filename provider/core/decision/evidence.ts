import type { Unreachable } from "../errors";
import { taskOf, type UpgradeRecord } from "../outcome";
import type { Policy } from "../policy";
import type { Failure, Task, TaskStatus, Window } from "../task";
import type { CompletedTask, Unit } from "../unit";
import { type Attempts, completedSince, type Entry } from "../upgrades/attempts";
import { completedAfter, type Earlier, isCertain } from "../upgrades/earlier";
import { isOpen } from "../upgrades/record";
import type { ScheduledTasks } from "../upgrades/scheduled-tasks";
import { compareVersions, differ, parseVersion, type Version } from "../version";

interface Known {
  /** `run`: this run requested it, or has seen it in progress. `earlier`: an earlier run may have requested it. */
  readonly by: "run" | "earlier";
}

/**
 * What is known about the upgrade of a unit, in addition to the unit itself. Some vendors report it for a task id;
 * where tasks are only listed, it is inferred from lists and times. Times: milliseconds of `Clock.elapsed`.
 */
export type Evidence = Known &
  (
    | { readonly kind: "running"; readonly task: Task }
    | { readonly kind: "scheduled"; readonly task: Task; readonly window: Window }
    | {
        readonly kind: "succeeded";
        readonly task: Task;
        /** When this run first knew. */
        readonly since: number;
        /** The version that it upgrades to is not visible yet. */
        readonly pending: boolean;
      }
    | {
        readonly kind: "failed";
        readonly task: Task;
        readonly failure: Failure;
        /** The vendor reported this for the task id: no other read overrides it. */
        readonly final: boolean;
        readonly rolledBack?: true;
      }
    | {
        /** It was requested, and no task is visible. */
        readonly kind: "invisible";
        /** For so long that no task is expected any more. */
        readonly expired: boolean;
        /** The response to its request was lost, and no task was visible since. */
        readonly lost: boolean;
        /** Whether the vendor has certainly, or probably, accepted it: a run that does not wait may end. */
        readonly accepted: boolean;
        /** The version differs from the one when it was requested. */
        readonly moved: boolean;
        /** Set when it was seen before. */
        readonly task?: Task;
        /** Why the response was lost, if this run sent the request. */
        readonly cause?: Unreachable;
        /** For how long no task has been visible since, in milliseconds. */
        readonly waited?: number;
      }
  );

/** What a vendor reported for a task id. */
export interface Reported {
  readonly task: Task;
  readonly status: TaskStatus;
  /** When this run first knew: milliseconds of `Clock.elapsed`. */
  readonly since: number;
  /** It ended while it was followed, or where reads do not reach: a failure ends the run. */
  readonly final: boolean;
}

/**
 * The task of a record that must be read by id, because the last read does not show its result.
 *
 * | what is observed | read by id |
 * |---|---|
 * | no upgrade is open | no |
 * | it may continue where reads do not reach | yes |
 * | it has no id, because the response was lost | no |
 * | an upgrade is in progress, or failed and holds the lock | no |
 * | behind, and no operation on the unit is in progress | yes |
 * | behind, and another operation is in progress | no, not before that has completed |
 * | not behind, and its target version was reached | no, it has succeeded |
 * | otherwise | yes |
 */
export function unseen(
  upgrade: UpgradeRecord | undefined,
  unit: Unit,
  outlasts: (task: Task) => boolean,
): Task | undefined {
  if (upgrade === undefined || !isOpen(upgrade)) return undefined;
  const task = taskOf(upgrade);
  if (outlasts(task)) return task;
  const kind = unit.activity?.kind;
  if (upgrade.state === "unknown" || kind === "running" || kind === "failed") return undefined;
  if (unit.standing === "behind") return kind === undefined || kind === "blocked" ? task : undefined;
  return upgrade.state === "running" && hasReached(upgrade, unit) ? undefined : task;
}

/**
 * The evidence from a read by id. Pure.
 * @param pending whether the version it upgrades to is not visible yet
 * @param late whether it should be visible by now
 */
export function evidenceBy(
  { task, status, since, final }: Reported,
  by: Evidence["by"],
  { pending, late }: { readonly pending: boolean; readonly late: boolean },
): Evidence {
  switch (status.kind) {
    case "running":
      return { by, kind: "running", task };
    case "scheduled":
      return { by, kind: "scheduled", task, window: status.window };
    case "succeeded":
      return { by, kind: "succeeded", task, since, pending };
    case "failed":
      return { by, kind: "failed", task, failure: status, final };
    case "rolled-back":
      return { by, kind: "failed", task, failure: status, final, rolledBack: true };
    case "gone":
      return { by, kind: "invisible", expired: late, lost: false, accepted: false, moved: false, task };
  }
}

export function hasMoved({ from }: UpgradeRecord, { at }: Unit): boolean {
  return differ(at, from);
}

/** Whether the unit is at the version that an upgrade was to reach. */
export function hasReached(upgrade: UpgradeRecord, unit: Unit): boolean {
  return hasMoved(upgrade, unit) && !differ(unit.at, upgrade.to);
}

/**
 * Whether a unit that is not behind does not show the version of an upgrade. Versions never show an upgrade that only
 * changes arguments, or one with an unknown target.
 */
export function isPending(upgrade: UpgradeRecord, unit: Unit): boolean {
  return parseVersion(upgrade.to) !== undefined && !hasMoved(upgrade, unit) && differ(unit.at, upgrade.to);
}

/** Inputs for inferring evidence, where tasks are only listed. */
export interface Lists {
  /** When the read began: milliseconds of `Clock.elapsed`. */
  readonly now: number;
  readonly attempts: Attempts;
  readonly earlier: Earlier | undefined;
  readonly schedule: ScheduledTasks;
  readonly times: Pick<Policy, "settleTime" | "lostReplyWindow">;
}

/** The evidence about the upgrade of a unit, inferred from the tasks and times of its reads. Pure. */
export function inferred(unit: Unit, lists: Lists): Evidence | undefined {
  const entry = lists.attempts.entry(unit.name);
  if (entry !== undefined) return ofThisRun(unit, entry, lists);
  const { earlier } = lists;
  if (earlier === undefined) return undefined;
  return unit.standing === "behind" ? ofEarlier(unit, earlier, lists) : unneeded(unit, earlier, lists);
}

function ofThisRun({ name, from, completed }: Unit, entry: Entry, lists: Lists): Evidence {
  const ending = completedSince(entry, completed);
  const moved = differ(from, entry.from);
  if (ending !== undefined) return completedAs("run", name, ending, !moved, lists);
  const { attempts, now, schedule, times } = lists;
  const cause = entry.shown ? undefined : entry.lost;
  const lost = cause !== undefined;
  const requestedAt = schedule.has(name) ? unseenSince(name, lists) : entry.respondedAt;
  const since = Math.max(requestedAt, attempts.lastActiveAt(name) ?? Number.NEGATIVE_INFINITY);
  const expired = now - since >= timeOf(lost, times);
  const { task } = entry;
  const seen = { ...(task === undefined ? {} : { task }), ...(cause === undefined ? {} : { cause }) };
  return { by: "run", kind: "invisible", expired, lost, accepted: !lost, moved, ...seen };
}

/** For a unit that is behind. Undefined if no request of the earlier run can still be in progress. */
function ofEarlier({ name, from, completed }: Unit, earlier: Earlier, lists: Lists): Evidence | undefined {
  const { attempts, now, schedule, times } = lists;
  const ending = completedAfter(earlier, completed);
  // The earlier run saw the new version, so the unit was downgraded since.
  if (ending !== undefined) {
    const certain = isCertain(earlier, ending) && !differ(from, earlier.from);
    return earlier.completed ? undefined : settled(certain, completedAs("earlier", name, ending, true, lists), lists);
  }
  // A task that is not visible although its window has not ended long ago may be about to start.
  const starting = schedule.has(name) && now < earlier.closes + times.settleTime;
  if (!starting && !earlier.unitsUnknown) return undefined;
  const sentSince = starting ? unseenSince(name, lists) : earlier.calledAt;
  const since = Math.max(sentSince, attempts.lastActiveAt(name) ?? Number.NEGATIVE_INFINITY);
  const expired = now - since >= timeOf(earlier.lost, times);
  // A wait that starts with this run must finish in it: the next run would start over.
  return {
    by: "earlier",
    kind: "invisible",
    expired,
    lost: earlier.lost,
    accepted: !starting && !earlier.completed,
    moved: false,
  };
}

/** For a unit that is not behind: the request may upgrade past the target version. */
function unneeded({ name, from, completed }: Unit, earlier: Earlier, lists: Lists): Evidence | undefined {
  if (earlier.completed) return undefined;
  const { attempts, now, times } = lists;
  const since = Math.max(earlier.calledAt, attempts.lastActiveAt(name) ?? Number.NEGATIVE_INFINITY);
  const late = now - since >= timeOf(earlier.lost, times);
  const reached = earlier.to !== undefined && isAtLeast(from, earlier.to);
  const ending = earlier.unitsUnknown && !reached ? completedAfter(earlier, completed) : undefined;
  if (ending?.kind === "succeeded" && earlier.to !== undefined && !differ(from, earlier.from))
    return completedAs("earlier", name, ending, true, lists);
  const expired = late || reached || !earlier.unitsUnknown || ending !== undefined;
  return { by: "earlier", kind: "invisible", expired, lost: earlier.lost, accepted: true, moved: false };
}

/** A success without effect that may not be that run's explains a missing version only for a limited time. */
function settled(certain: boolean, evidence: Evidence, { now, times }: Lists): Evidence {
  const late = evidence.kind === "succeeded" && now - evidence.since >= times.settleTime;
  return late && !certain ? { ...evidence, pending: false } : evidence;
}

function completedAs(by: Evidence["by"], name: string, ended: CompletedTask, pending: boolean, lists: Lists): Evidence {
  const { task } = ended;
  if (ended.kind === "failed") {
    const { message, remedy } = ended;
    return { by, kind: "failed", task, failure: { message, remedy }, final: false };
  }
  return { by, kind: "succeeded", task, since: lists.attempts.succeededAt(name) ?? lists.now, pending };
}

/** A scheduled upgrade that has started is not visible for a while. Counts from the first read that does not show it. */
function unseenSince(name: string, { attempts, now }: Lists): number {
  return attempts.idleSince(name) ?? now;
}

/** How long a request may take to become visible: longer if its response was lost. */
function timeOf(lost: boolean, { settleTime, lostReplyWindow }: Lists["times"]): number {
  return lost ? Math.max(settleTime, lostReplyWindow) : settleTime;
}

function isAtLeast(text: string, least: Version): boolean {
  const version = parseVersion(text);
  return version !== undefined && compareVersions(version, least) >= 0;
}
