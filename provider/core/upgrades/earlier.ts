import type { UpgradeRecord } from "../outcome";
import type { Clock } from "../runtime";
import { type CompletedTask, lowestOf, type Unit } from "../unit";
import { compareVersions, parseVersion, type Version } from "../version";
import { isOpen, sentAt } from "./record";

/**
 * Requests of an earlier run that may still be in progress. All times except one are milliseconds of `Clock.elapsed`.
 */
export interface Earlier {
  /** When the latest request without a visible task was sent, or else the first one. Milliseconds since 1970. */
  readonly sentAt: number;
  /** The same in milliseconds of `Clock.elapsed`. */
  readonly calledAt: number;
  /** The response to one of them was lost. */
  readonly lost: boolean;
  /** It is unknown which members they included. */
  readonly unitsUnknown: boolean;
  /** The lowest version of those members at that time. */
  readonly from: string;
  /** The highest version that they upgrade to; undefined if unknown. */
  readonly to: Version | undefined;
  /** The earlier run saw its requests complete, for the members that the resource had then. */
  readonly completed: boolean;
  /** When the last maintenance window of its scheduled upgrades ends. */
  readonly closes: number;
}

/**
 * Undefined if no request of this tool can still be in progress.
 * @param settleTime how long a request may take to become visible, in milliseconds
 */
export function earlierOf(
  record: UpgradeRecord | undefined,
  clock: Pick<Clock, "now" | "elapsed">,
  settleTime: number,
): Earlier | undefined {
  if (record === undefined || record.joined === true) return undefined;
  const { state, window } = record;
  const now = clock.now();
  const elapsed = clock.elapsed();
  const calledAt = sentAt(record, { now, elapsed });
  const age = elapsed - calledAt;
  // A member may leave the resource and return before its upgrade becomes visible.
  const recent = (state === "succeeded" || state === "failed") && age < settleTime;
  if (!isOpen(record) && !recent) return undefined;
  const closes = Date.parse(window?.closes ?? "");
  return {
    sentAt: now - age,
    calledAt,
    lost: state === "unknown",
    unitsUnknown: state !== "deferred",
    from: record.from,
    to: parseVersion(record.to),
    completed: !isOpen(record),
    closes: Number.isNaN(closes) ? Number.POSITIVE_INFINITY : elapsed - (now - closes),
  };
}

/** Maximum clock skew of a vendor, in milliseconds. */
const CLOCKS_APART = 15 * 60_000;
/** Vendors report times in whole seconds, so a task can seem to have begun before it was requested. */
const WHOLE_SECONDS = 1_000;

/** The result of an earlier run's task. In doubt, a success is attributed to that run and a failure is not. */
export function completedAfter({ sentAt }: Earlier, ended: CompletedTask | undefined): CompletedTask | undefined {
  if (ended === undefined) return undefined;
  const tolerance = ended.kind === "succeeded" ? CLOCKS_APART : WHOLE_SECONDS;
  return ended.began >= sentAt - tolerance ? ended : undefined;
}

/** Whether a completed task began after the request was sent, which excludes older tasks. */
export function isCertain({ sentAt }: Earlier, { began }: CompletedTask): boolean {
  return began >= sentAt - WHOLE_SECONDS;
}

/** Members whose upgrade has failed since the last run, with the vendor's reason. */
export function failedSince(earlier: Earlier, units: readonly Unit[]): Map<string, string> {
  return new Map(
    units.flatMap(({ name, completed }) => {
      const completion = completedAfter(earlier, completed);
      return completion?.kind === "failed"
        ? [[name, `${name} (${completion.task.id}: ${completion.message})`] as const]
        : [];
    }),
  );
}

/**
 * Whether the recorded upgrades have succeeded, by tasks or versions. Some members may be held.
 * @param earlier the requests of an earlier run, if they are ours
 */
export function hasUpgraded(
  earlier: Earlier | undefined,
  members: readonly Unit[],
  { from, to }: Pick<UpgradeRecord, "from" | "to">,
): boolean {
  if (
    earlier !== undefined &&
    members.some(({ completed }) => completedAfter(earlier, completed)?.kind === "succeeded")
  )
    return true;
  const lowest = lowestOf(members);
  if (from !== "") return lowest === "" || lowest !== from;
  // A scheduled upgrade of another resource that was recorded without its version.
  const [reached, target] = [parseVersion(lowest), parseVersion(to)];
  return reached !== undefined && target !== undefined && compareVersions(reached, target) >= 0;
}
