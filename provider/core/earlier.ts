import type { Clock } from "./clock";
import type { UpgradeRecord } from "./outcome";
import { lowestOf } from "./plan";
import { isOpen, sentAt } from "./record";
import type { Ended, Unit } from "./unit";
import { parseVersion, type Version } from "./version";

/** What an earlier run may have left at the vendor, by its record. All times in milliseconds of `Clock.elapsed`, but one. */
export interface Earlier {
  /** When it sent its calls: the newest of those that had not shown, or else the first. Since 1970. */
  readonly sentAt: number;
  /** The same. */
  readonly calledAt: number;
  /** The answer to one of them was lost. */
  readonly lost: boolean;
  /** It is not known which members they named. */
  readonly anybody: boolean;
  /** The lowest version that any of those members ran then. */
  readonly from: string;
  /** The highest version that they lead to; undefined where that is not known. */
  readonly to: Version | undefined;
  /** The run saw the end of what it asked for, for the members that the resource had then. */
  readonly over: boolean;
  /** When the last window closes that its scheduled upgrades wait for. */
  readonly closes: number;
  /** When this run began. */
  readonly runAt: number;
}

/**
 * Undefined when nothing can be left that this tool asked for.
 * @param settleTime how long a call may take to show, in milliseconds
 */
export function earlierOf(
  record: UpgradeRecord | undefined,
  clock: Pick<Clock, "now" | "elapsed">,
  settleTime: number,
): Earlier | undefined {
  if (record === undefined || record.joined === true) return undefined;
  const { state, window } = record;
  const now = clock.now();
  const runAt = clock.elapsed();
  const calledAt = sentAt(record, { now, elapsed: runAt });
  const age = runAt - calledAt;
  // A member that had left the resource may have come back before its upgrade shows.
  const recent = (state === "succeeded" || state === "failed") && age < settleTime;
  if (!isOpen(record) && !recent) return undefined;
  const closes = Date.parse(window?.closes ?? "");
  return {
    sentAt: now - age,
    calledAt,
    lost: state === "unknown",
    anybody: state !== "deferred",
    from: record.from,
    to: parseVersion(record.to),
    over: !isOpen(record),
    closes: Number.isNaN(closes) ? Number.POSITIVE_INFINITY : runAt - (now - closes),
    runAt,
  };
}

/** How far a vendor's clock may be off ours, in milliseconds. */
const CLOCKS_APART = 15 * 60_000;
/** Vendors tell times without their fractions, so a task can seem to have begun before it was asked for. */
const WHOLE_SECONDS = 1_000;

/** What has become of an earlier run's task; when in doubt, a success is taken for its own, a failure is not. */
export function endedAfter({ sentAt }: Earlier, ended: Ended | undefined): Ended | undefined {
  if (ended === undefined) return undefined;
  const doubt = ended.kind === "succeeded" ? CLOCKS_APART : WHOLE_SECONDS;
  return ended.began >= sentAt - doubt ? ended : undefined;
}

/** Whether a task that has ended began after the request was sent, so that it is no older one. */
export function isCertain({ sentAt }: Earlier, { began }: Ended): boolean {
  return began >= sentAt - WHOLE_SECONDS;
}

/** Those whose upgrade has failed since the last run, with the vendor's reason. */
export function failedSince(earlier: Earlier, units: readonly Unit[]): Map<string, string> {
  return new Map(
    units.flatMap(({ name, ended }) => {
      const ending = endedAfter(earlier, ended);
      return ending?.kind === "failed" ? [[name, `${name} (${ending.task.id}: ${ending.message})`] as const] : [];
    }),
  );
}

/** Whether an upgrade of the last run has ended well, as tasks or versions show. Some members may be held at their old version. */
export function hasUpgraded(earlier: Earlier | undefined, members: readonly Unit[], from: string | undefined): boolean {
  if (earlier !== undefined && members.some(({ ended }) => endedAfter(earlier, ended)?.kind === "succeeded"))
    return true;
  const lowest = lowestOf(members);
  return lowest === "" || lowest !== from;
}
