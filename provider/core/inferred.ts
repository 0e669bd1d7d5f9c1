import { type Attempts, type Entry, endedSince } from "./attempts";
import { type Earlier, endedAfter, isCertain } from "./earlier";
import type { Evidence } from "./evidence";
import type { Policy } from "./policy";
import type { ScheduledTasks } from "./scheduled-tasks";
import type { Ended, Unit } from "./unit";
import { compareVersions, differ, parseVersion, type Version } from "./version";

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

function ofThisRun({ name, from, ended }: Unit, entry: Entry, lists: Lists): Evidence {
  const ending = endedSince(entry, ended);
  const moved = differ(from, entry.from);
  if (ending !== undefined) return endedAs("run", name, ending, !moved, lists);
  const { attempts, now, times } = lists;
  const lost = entry.lost && !entry.shown;
  const since = Math.max(entry.answeredAt, attempts.stirredAt(name) ?? Number.NEGATIVE_INFINITY);
  const over = now - since >= timeOf(lost, times);
  const { task } = entry;
  return { by: "run", kind: "silent", over, lost, accepted: !lost, moved, ...(task === undefined ? {} : { task }) };
}

/** For a unit that is behind. Undefined if no request of the earlier run can still be in progress. */
function ofEarlier({ name, from, ended }: Unit, earlier: Earlier, lists: Lists): Evidence | undefined {
  const { attempts, now, schedule, times } = lists;
  const ending = endedAfter(earlier, ended);
  // The earlier run saw the new version, so the unit was downgraded since.
  if (ending !== undefined) {
    const certain = isCertain(earlier, ending) && !differ(from, earlier.from);
    return earlier.over ? undefined : settled(certain, endedAs("earlier", name, ending, true, lists), lists);
  }
  // A task that is not visible although its window has not ended long ago may be about to start.
  const starting = schedule.has(name) && now < earlier.closes + times.settleTime;
  if (!starting && !earlier.anybody) return undefined;
  const asked = starting ? earlier.runAt : earlier.calledAt;
  const since = Math.max(asked, attempts.stirredAt(name) ?? Number.NEGATIVE_INFINITY);
  const over = now - since >= timeOf(earlier.lost, times);
  // A wait that starts with this run must finish in it: the next run would start over.
  return {
    by: "earlier",
    kind: "silent",
    over,
    lost: earlier.lost,
    accepted: !starting && !earlier.over,
    moved: false,
  };
}

/** For a unit that is not behind: the request may upgrade past the target version. */
function unneeded({ name, from, ended }: Unit, earlier: Earlier, lists: Lists): Evidence | undefined {
  if (earlier.over) return undefined;
  const { attempts, now, times } = lists;
  const since = Math.max(earlier.calledAt, attempts.stirredAt(name) ?? Number.NEGATIVE_INFINITY);
  const late = now - since >= timeOf(earlier.lost, times);
  const arrived = earlier.to !== undefined && isAtLeast(from, earlier.to);
  const ending = earlier.anybody && !arrived ? endedAfter(earlier, ended) : undefined;
  if (ending?.kind === "succeeded" && earlier.to !== undefined && !differ(from, earlier.from))
    return endedAs("earlier", name, ending, true, lists);
  const over = late || arrived || !earlier.anybody || ending !== undefined;
  return { by: "earlier", kind: "silent", over, lost: earlier.lost, accepted: true, moved: false };
}

/** A success without effect that may not be that run's explains a missing version only for a limited time. */
function settled(certain: boolean, evidence: Evidence, { now, times }: Lists): Evidence {
  const late = evidence.kind === "succeeded" && now - evidence.since >= times.settleTime;
  return late && !certain ? { ...evidence, pending: false } : evidence;
}

function endedAs(by: Evidence["by"], name: string, ended: Ended, pending: boolean, lists: Lists): Evidence {
  const { task } = ended;
  if (ended.kind === "failed") {
    const { message, remedy } = ended;
    return { by, kind: "failed", task, failure: { message, remedy }, final: false };
  }
  return { by, kind: "succeeded", task, since: lists.attempts.succeededAt(name) ?? lists.now, pending };
}

/** How long a request may take to become visible: longer if its response was lost. */
function timeOf(lost: boolean, { settleTime, lostReplyWindow }: Lists["times"]): number {
  return lost ? Math.max(settleTime, lostReplyWindow) : settleTime;
}

function isAtLeast(text: string, least: Version): boolean {
  const version = parseVersion(text);
  return version !== undefined && compareVersions(version, least) >= 0;
}
