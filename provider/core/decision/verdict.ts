import type { Hold } from "../control/hold";
import type { Refused } from "../errors";
import { MOST_ROUNDS } from "../policy";
import type { Failure, Task } from "../task";
import type { Texts } from "../texts/texts";
import { findingsOf, isHopeless, type Problem, type Unit, unhealthyFinding, type Waiting } from "../unit";
import type { Evidence } from "./evidence";

/** The decision for one unit after a read. */
export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "newer" }
  /** `accepted`: the vendor has received the request and not rejected it; a run that does not wait may end. */
  | {
      readonly kind: "wait";
      readonly message: string;
      readonly accepted: boolean;
      readonly percent?: number;
    }
  /** An accepted upgrade is scheduled, and stays scheduled. */
  | ({ readonly kind: "scheduled" } & Waiting)
  /** A scheduled upgrade of ours that is no longer needed. */
  | ({ readonly kind: "cancel" } & Waiting)
  /** The vendor reports that it failed; it is reopened if the policy requires that. */
  | {
      readonly kind: "failed";
      readonly task: Task;
      readonly failure: Failure;
      readonly when: "just now" | "earlier";
      readonly rolledBack?: true;
    }
  /** `tentative`: the next read has to confirm it. */
  | ({ readonly kind: "problem"; readonly tentative?: true } & Problem)
  /** An upgrade is needed and possible, and must not begin now. */
  | { readonly kind: "held"; readonly hold: Hold }
  | { readonly kind: "send" };

/** Inputs of a decision in addition to the unit. */
export interface Circumstances {
  /** When the read began: milliseconds of `Clock.elapsed`. */
  readonly now: number;
  readonly known: Evidence | undefined;
  /** How many requests of this run have included the unit. */
  readonly rounds: number;
  /** The same request would be rejected again. */
  readonly refusal: Refused | undefined;
  readonly settleTime: number;
  /** Whether the resource uses the maintenance window. */
  readonly schedules: boolean;
  /** Whether a scheduled upgrade of the unit is ours. */
  readonly owns: (task: Task) => boolean;
  /** Whether the vendor did not cancel it despite repeated requests. */
  readonly isKept: (task: Task) => boolean;
  readonly holdOf: (unit: Unit) => Hold | undefined;
  readonly texts: Texts;
}

type Row = (unit: Unit, about: Circumstances) => Verdict | undefined;

/**
 * The decision table, for one unit. The first row that applies decides. `Evidence` is about an upgrade of this run, or
 * about one that an earlier run may have requested; a preview has none, and combines the verdicts (`plan.ts`).
 *
 * | what is observed and known | verdict |
 * |---|---|
 * | read by id, the upgrade has failed or was rolled back | failed |
 * | read by id, it is in progress | wait |
 * | read by id, it is scheduled, the unit is behind, and it is wanted in a window or not ours | scheduled |
 * | an upgrade has failed and holds the lock | failed |
 * | an upgrade is in progress | wait |
 * | our upgrade is scheduled, and is not needed or not wanted in a window | cancel, a problem if it was not canceled |
 * | an accepted upgrade waits for an approval, and is ours or needed | problem |
 * | not behind, and a request of an earlier run may still upgrade past it | wait |
 * | not behind since an upgrade of this run, and an operation is in progress, or it does not work | wait, problem |
 * | newer than the target version, or up to date | newer, done |
 * | an upgrade is scheduled, and the resource uses windows | scheduled |
 * | an upgrade that is not ours is scheduled, and the resource uses no windows | held if nothing may begin now, else a problem |
 * | another operation is in progress | wait; held if nothing may begin now and no upgrade of ours can be in progress |
 * | the upgrade of this run failed | problem |
 * | the vendor rejected it | problem |
 * | the upgrade of this run succeeded, and its version is not visible | wait, then a problem |
 * | the version has changed, is still behind, and the upgrade of this run may be incomplete | wait |
 * | it is complete, and no round is left | problem |
 * | no task of this run's upgrade is visible | wait, then a problem |
 * | an earlier run's success is not visible, or its request may still take effect | wait, then a problem, or continue |
 * | a person has to act first | problem, once two reads show it |
 * | it must not begin now | held |
 * | otherwise | send: the first request, or another round |
 */
const ROWS: readonly Row[] = [
  (_, { known }) => {
    if (known?.kind !== "failed" || !known.final) return undefined;
    const { task, failure, rolledBack } = known;
    return { kind: "failed", task, failure, when: "just now", ...(rolledBack === true ? { rolledBack } : {}) };
  },
  (_, { known }) => (known?.kind === "running" ? wait("upgrading", { accepted: true }) : undefined),
  ({ standing }, { known, owns, schedules }) => {
    if (known?.kind !== "scheduled" || standing !== "behind" || (owns(known.task) && !schedules)) return undefined;
    return { kind: "scheduled", task: known.task, window: known.window };
  },
  ({ activity }) =>
    activity?.kind === "failed"
      ? { kind: "failed", task: activity.task, failure: activity.failure, when: "earlier" }
      : undefined,
  ({ activity }) => {
    if (activity?.kind !== "running") return undefined;
    const { message = "upgrading", percent } = activity;
    return wait(message, { accepted: true, percent });
  },
  ({ activity, standing }, { known, owns, isKept, schedules, texts }) => {
    const waiting = activity?.kind === "scheduled" ? activity : known?.kind === "scheduled" ? known : undefined;
    if (waiting === undefined || !owns(waiting.task) || (schedules && standing === "behind")) return undefined;
    const { task, window } = waiting;
    return isKept(task) ? problem(texts.notCanceled(task, window)) : { kind: "cancel", task, window };
  },
  ({ activity, standing }, { known, texts }) => {
    if (activity?.kind !== "blocked" || activity.task === undefined) return undefined;
    return known !== undefined || standing === "behind" ? problem(texts.blocked([activity.finding])) : undefined;
  },
  ({ standing }, { known, now, settleTime }) => {
    if (standing === "behind" || known?.by !== "earlier") return undefined;
    if (known.kind === "invisible" && !known.expired) return wait(REQUESTED_EARLIER, known);
    const pending = known.kind === "succeeded" && known.pending && now - known.since < settleTime;
    return pending ? wait(COMPLETED, { accepted: false }) : undefined;
  },
  (unit, { known, now, settleTime, texts }) => {
    const { activity, standing } = unit;
    if (standing === "behind" || known?.by !== "run") return undefined;
    const unhealthy = unhealthyFinding(unit);
    if (unhealthy !== undefined) return problem(texts.unhealthy(unit, unhealthy));
    const over = known.kind === "succeeded" && now - known.since >= settleTime;
    return activity?.kind === "busy" && !over ? wait(texts.busy(activity.name), { accepted: true }) : undefined;
  },
  ({ standing }) => {
    if (standing === "behind") return undefined;
    return { kind: standing === "newer" ? "newer" : "done" };
  },
  (unit, { holdOf, owns, schedules, texts }) => {
    if (unit.activity?.kind !== "scheduled") return undefined;
    const { task, window } = unit.activity;
    const hold = schedules ? undefined : holdOf(unit);
    if (hold !== undefined) return { kind: "held", hold };
    if (!schedules) return problem(texts.scheduledByOthers(task, window));
    return isHopeless(unit) && !owns(task) ? undefined : { kind: "scheduled", task, window };
  },
  (unit, { known, holdOf, texts }) => {
    if (unit.activity?.kind !== "busy") return undefined;
    const hold = isInProgress(known) ? undefined : holdOf(unit);
    if (hold !== undefined) return { kind: "held", hold };
    return wait(texts.busy(unit.activity.name), { accepted: known?.by === "run" && !isLost(known) });
  },
  (_, { known, texts }) =>
    known?.kind === "failed" && known.by === "run" ? problem(texts.failed(known.task, known.failure)) : undefined,
  (_, { refusal, texts }) => refusal && problem(texts.refused(refusal)),
  ({ from }, { known, now, settleTime, texts }) => {
    if (known?.kind !== "succeeded" || !known.pending || known.by !== "run") return undefined;
    return now - known.since < settleTime
      ? wait(COMPLETED, { accepted: true })
      : problem(texts.notUpgraded(known.task, from));
  },
  (_, { known }) => {
    if (known?.kind !== "invisible" || known.by !== "run" || !known.moved || known.expired) return undefined;
    return wait(GONE, { accepted: true });
  },
  ({ from }, { known, rounds, texts }) => {
    if (known?.by !== "run" || rounds < MOST_ROUNDS) return undefined;
    if (known.kind === "succeeded") return problem(texts.noRoundLeft(known.task, rounds, from));
    return known.kind === "invisible" && known.moved ? problem(texts.noRoundLeft(known.task, rounds, from)) : undefined;
  },
  (unit, { known, schedules, texts }) => {
    if (known?.kind !== "invisible" || known.by !== "run" || known.moved) return undefined;
    const { task, lost, expired } = known;
    if (task !== undefined) return expired ? problem(texts.vanished(task)) : wait(GONE, known);
    if (lost) return expired ? problem(texts.unconfirmed(known)) : wait(LOST, { accepted: false });
    if (!expired) return wait("accepted, not started yet", { accepted: !schedules });
    const findings = findingsOf(unit);
    return problem(findings.length > 0 ? texts.blocked(findings) : texts.neverStarted());
  },
  ({ from }, { known, now, settleTime, texts }) => {
    if (known?.by !== "earlier") return undefined;
    if (known.kind === "invisible") return known.expired ? undefined : wait(REQUESTED_EARLIER, known);
    if (known.kind !== "succeeded" || !known.pending) return undefined;
    return now - known.since < settleTime
      ? wait(COMPLETED, { accepted: false })
      : problem(texts.notUpgraded(known.task, from));
  },
  (unit, { texts }) => {
    const findings = findingsOf(unit);
    return findings.length === 0 ? undefined : { ...problem(texts.blocked(findings)), tentative: true };
  },
  (unit, { holdOf }) => {
    const hold = holdOf(unit);
    return hold && { kind: "held", hold };
  },
];

/** A batch may have left out some units, and no list shows its requests. */
const REQUESTED_EARLIER = "may have been requested by an earlier run, not started yet";
const COMPLETED = "completed, the new version does not show yet";
const GONE = "no longer shown as running";
const LOST = "requested, not confirmed yet";

/** The decision for one unit. Pure. */
export function verdictOn(unit: Unit, about: Circumstances): Verdict {
  for (const row of ROWS) {
    const verdict = row(unit, about);
    if (verdict !== undefined) return verdict;
  }
  return { kind: "send" };
}

/** Whether an upgrade of ours may be in progress. */
function isInProgress(known: Evidence | undefined): boolean {
  if (known?.by !== "earlier") return known !== undefined;
  return known.kind !== "failed" && !(known.kind === "invisible" && known.expired);
}

function isLost(known: Evidence | undefined): boolean {
  return known?.kind === "invisible" && known.lost;
}

interface Wait {
  readonly accepted: boolean;
  readonly percent?: number | undefined;
}

function wait(message: string, { accepted, percent }: Wait): Verdict & { readonly kind: "wait" } {
  return {
    kind: "wait",
    message,
    accepted,
    ...(percent === undefined ? {} : { percent }),
  };
}

function problem(of: Problem): Verdict & { readonly kind: "problem" } {
  return { kind: "problem", ...of };
}
