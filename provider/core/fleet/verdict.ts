import { sentences } from "../../base/sentences";
import type { HoldOf } from "../control/control";
import type { Hold } from "../control/hold";
import type { FleetWords } from "../driver";
import type { ErrorCode } from "../errors";
import { MOST_ROUNDS, type Policy } from "../policy";
import { nameOf } from "../task";
import type { Activity, Finding, Problem, Unit } from "../unit";
import { compareVersions, differ, parseVersion, type Version } from "../version";
import { type Attempts, type Entry, endedSince } from "./attempts";
import { type Earlier, endedAfter } from "./earlier";
import type { ScheduledTasks } from "./scheduled-tasks";

/** What follows for one member from a look. */
export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "newer" }
  /** `accepted`: the vendor has been asked, and has not refused. */
  | { readonly kind: "wait"; readonly message: string; readonly percent?: number; readonly accepted: boolean }
  | { readonly kind: "send" }
  /** An upgrade is needed and possible, and must not begin now. */
  | { readonly kind: "held"; readonly hold: Hold }
  | ({ readonly kind: "scheduled" } & Waiting)
  /** A task of our own that waits for a window and is not wanted any more. */
  | ({ readonly kind: "cancel" } & Waiting)
  | ({ readonly kind: "problem" } & Problem);

/** A task that waits for its window. */
export type Waiting = Pick<Extract<Activity, { kind: "scheduled" }>, "task" | "window">;

/** What is known beside the look. */
export interface Circumstances {
  /** When the look began: milliseconds of `Clock.elapsed`. */
  readonly now: number;
  readonly attempts: Attempts;
  readonly times: Pick<Policy, "settleTime" | "lostReplyWindow">;
  readonly earlier: Earlier | undefined;
  readonly schedule: ScheduledTasks;
  /** Tasks that the vendor did not cancel, however often it was asked. */
  readonly kept: ReadonlySet<string>;
  /** Whether the pin wants the maintenance windows. */
  readonly schedules: boolean;
  readonly words: FleetWords;
  readonly holdOf: HoldOf;
}

type Row = (member: Unit, about: Circumstances, entry: Entry | undefined) => Verdict | undefined;

/**
 * The decision table for one member. The first row that applies decides.
 *
 * | what is seen | verdict |
 * |---|---|
 * | our task waits for a window, and the pin holds already or wants no window | withdraw, a problem when it was kept |
 * | an upgrade runs | wait |
 * | an accepted upgrade waits for an approval, and is ours or needed | problem |
 * | the pin holds, and an earlier run's call may still lead past it | wait |
 * | newer than the pin, or satisfies it | newer, done |
 * | a task waits for a window, and the pin wants that | deferred |
 * | somebody else's waits for a window, and the pin does not | problem |
 * | something else runs | wait; held where nothing may begin now |
 * | the upgrade of this run failed | problem |
 * | the vendor refused it | problem |
 * | the version has moved and is still behind, and the upgrade of this run may not be over | wait |
 * | the same, it is over, and no round is left | problem |
 * | the upgrade of this run succeeded, and the version has not moved | wait, then a problem |
 * | our call was sent, or an upgrade ran, and nothing shows any more | wait, then a problem |
 * | an earlier run's upgrade failed, or succeeded and was seen to the end by that run | send |
 * | an earlier run's upgrade succeeded a moment ago, or its call may still take effect | wait |
 * | something has to be done by somebody first | problem |
 * | it must not begin now | held |
 * | otherwise | send: the first request, or another round |
 */
const ROWS: readonly Row[] = [
  ({ name, activity, standing }, { schedules, schedule, kept }) => {
    if (activity?.kind !== "scheduled" || !schedule.owns(name, activity.task.id)) return undefined;
    if (schedules && standing === "behind") return undefined;
    const { task, window } = activity;
    if (!kept.has(task.id)) return { kind: "cancel", task, window };
    return problem(
      "refused",
      `upgrade ${task.id}, which waits for its window from ${window.opens}, could not be canceled`,
    );
  },
  ({ activity }) =>
    activity?.kind === "running"
      ? wait(activity.message ?? "upgrading", { accepted: true, percent: activity.percent })
      : undefined,
  ({ standing, activity }, { earlier }, entry) => {
    if (activity?.kind !== "blocked" || activity.task === undefined) return undefined;
    const ours = entry !== undefined || (earlier !== undefined && !earlier.over);
    return ours || standing === "behind" ? blockedBy(activity.finding) : undefined;
  },
  ({ name, standing, from, ended }, about, entry) => {
    const { earlier, now, attempts, times } = about;
    if (standing === "behind" || entry !== undefined || earlier === undefined) return undefined;
    if (earlier.over || !earlier.anybody || endedAfter(earlier, ended) !== undefined) return undefined;
    if (earlier.to !== undefined && isAtLeast(from, earlier.to)) return undefined;
    const since = Math.max(earlier.calledAt, attempts.stirredAt(name) ?? Number.NEGATIVE_INFINITY);
    if (now - since >= (earlier.lost ? longer(times) : times.settleTime)) return undefined;
    return wait(ASKED_EARLIER, { accepted: true });
  },
  ({ standing }) => {
    if (standing === "behind") return undefined;
    return { kind: standing === "newer" ? "newer" : "done" };
  },
  ({ activity }, { schedules }) => {
    if (activity?.kind !== "scheduled") return undefined;
    const { task, window } = activity;
    if (schedules) return { kind: "scheduled", task, window };
    return problem(
      "blocked",
      `${nameOf(task)}, which this resource did not schedule, waits for its window from ${window.opens}; cancel it there, or set \`schedule\` to \`maintenance-window\` to leave the upgrade to it`,
    );
  },
  (member, { earlier, holdOf }, entry) => {
    const { activity, standing } = member;
    if (activity?.kind !== "busy") return undefined;
    // Where nothing of ours may be under way.
    const idle = standing === "behind" && entry === undefined && (earlier === undefined || earlier.over);
    const hold = idle ? holdOf(member) : undefined;
    return hold ? { kind: "held", hold } : wait(activity.name, { accepted: entry !== undefined });
  },
  ({ ended }, _, entry) => {
    const ending = entry && endedSince(entry, ended);
    if (ending?.kind !== "failed") return undefined;
    const why = `failed: ${sentences(ending.message, ending.remedy)}`;
    return problem("upgrade-failed", `upgrade ${ending.task.id} ${why}`, `the upgrade ${why}`);
  },
  ({ name }, { attempts }) => {
    const refusal = attempts.refusal(name);
    return refusal && problem("refused", sentences(refusal.message, refusal.remedy));
  },
  ({ name, from, ended }, about, entry) => {
    if (entry === undefined || !differ(from, entry.from)) return undefined;
    const ending = endedSince(entry, ended);
    if (ending === undefined && !isQuiet(name, entry, about)) return wait(GONE, { accepted: true });
    if (entry.rounds < MOST_ROUNDS) return undefined;
    const { words } = about;
    const task = ending?.task.id ?? entry.task;
    return problem(
      "not-upgraded",
      `${task === undefined ? "an upgrade" : `upgrade ${task}`} completed in round ${entry.rounds}; ${words.stillBehind}`,
    );
  },
  ({ name, from, ended }, { now, attempts, times, words }, entry) => {
    const ending = entry && !differ(from, entry.from) ? endedSince(entry, ended) : undefined;
    if (ending?.kind !== "succeeded") return undefined;
    if (now - (attempts.succeededAt(name) ?? now) < times.settleTime) return wait(COMPLETED, { accepted: true });
    return problem("not-upgraded", `upgrade ${ending.task.id} is reported as completed; ${words.stillBehind}`);
  },
  ({ name, from, activity }, about, entry) => {
    if (entry === undefined || differ(from, entry.from)) return undefined;
    const { schedules, words } = about;
    if (!isQuiet(name, entry, about)) {
      if (entry.task !== undefined) return wait(GONE, { accepted: true });
      if (isLost(entry)) return wait("asked for, the answer was lost", { accepted: false });
      return wait("accepted, not started yet", { accepted: !schedules });
    }
    if (entry.task !== undefined) {
      return problem("vanished", `upgrade ${entry.task} is no longer shown, and the version has not moved`);
    }
    if (isLost(entry)) {
      return problem("unconfirmed", "the response to the upgrade request was lost, and no upgrade appeared");
    }
    if (activity?.kind === "blocked") return blockedBy(activity.finding);
    return problem("not-upgraded", `the request was accepted, but no upgrade has started; ${words.neverStarted}`);
  },
  ({ name, ended }, about, entry) => {
    const { earlier, attempts, now, times } = about;
    if (earlier === undefined || entry !== undefined) return undefined;
    const ending = endedAfter(earlier, ended);
    if (ending?.kind === "failed") return undefined;
    // The run that asked for it saw the new version: what is behind now was put back since.
    if (ending !== undefined && earlier.over) return undefined;
    const starting = isStarting(name, earlier, about);
    if (ending === undefined && !starting && !earlier.anybody) return undefined;
    const askedAt = starting ? earlier.runAt : earlier.calledAt;
    const since =
      ending === undefined
        ? Math.max(askedAt, attempts.stirredAt(name) ?? Number.NEGATIVE_INFINITY)
        : (attempts.succeededAt(name) ?? now);
    if (now - since >= (earlier.lost ? longer(times) : times.settleTime)) return undefined;
    // What is counted from the beginning of this run has to be waited for in this run, or it would be so in every one.
    const accepted = ending === undefined && !starting && !earlier.over;
    return wait(ending === undefined ? ASKED_EARLIER : COMPLETED, { accepted });
  },
  ({ activity }) => (activity?.kind === "blocked" ? blockedBy(activity.finding) : undefined),
  (member, { holdOf }) => {
    const hold = holdOf(member);
    return hold && { kind: "held", hold };
  },
];

const ASKED_EARLIER = "asked for by an earlier run, not started yet";
const COMPLETED = "completed, the new version does not show yet";
const GONE = "no longer shown as running";

/** What follows for one member. Pure. */
export function verdictOn(member: Unit, about: Circumstances): Verdict {
  const entry = about.attempts.entry(member.name);
  for (const row of ROWS) {
    const verdict = row(member, about, entry);
    if (verdict !== undefined) return verdict;
  }
  return { kind: "send" };
}

/** A task that does not show although its window has not closed long ago may be about to start. */
function isStarting(name: string, earlier: Earlier, { now, schedule, times }: Circumstances): boolean {
  return schedule.has(name) && now < earlier.closes + times.settleTime;
}

/** Whether nothing has been seen of it for so long that nothing will come. */
function isQuiet(name: string, entry: Entry, { now, attempts, times }: Circumstances): boolean {
  const heard = Math.max(entry.answeredAt, attempts.stirredAt(name) ?? Number.NEGATIVE_INFINITY);
  return now - heard >= (isLost(entry) ? longer(times) : times.settleTime);
}

function isAtLeast(text: string, least: Version): boolean {
  const version = parseVersion(text);
  return version !== undefined && compareVersions(version, least) >= 0;
}

function isLost({ lost, shown }: Entry): boolean {
  return lost && !shown;
}

/** A call whose answer was lost may take effect later than one that was answered. */
function longer({ settleTime, lostReplyWindow }: Circumstances["times"]): number {
  return Math.max(settleTime, lostReplyWindow);
}

function wait(message: string, { accepted, percent }: { accepted: boolean; percent?: number | undefined }): Verdict {
  return { kind: "wait", message, accepted, ...(percent === undefined ? {} : { percent }) };
}

function problem(code: ErrorCode, message: string, shared?: string): Verdict {
  return { kind: "problem", code, message, ...(shared === undefined ? {} : { shared }) };
}

function blockedBy({ message, remedy }: Finding): Verdict {
  return problem("blocked", sentences(message, remedy));
}
