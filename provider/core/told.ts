import type { Evidence } from "./evidence";
import { taskOf, type UpgradeRecord } from "./outcome";
import { isOpen } from "./record";
import type { Task, TaskStatus } from "./task";
import type { Unit } from "./unit";
import { differ, parseVersion } from "./version";

/** What a vendor said of a task that it was asked for by its id. */
export interface Told {
  readonly task: Task;
  readonly status: TaskStatus;
  /** When this run first knew: milliseconds of `Clock.elapsed`. */
  readonly since: number;
  /** It ended while it was followed, or where no read reaches: a failure ends the run. */
  readonly final: boolean;
}

/**
 * The task of a record, where a read does not tell what has become of it, so that the vendor is asked.
 *
 * | what is shown | asked |
 * |---|---|
 * | nothing is open | no |
 * | it goes on where no read reaches | yes |
 * | it has no id, because the response was lost | no |
 * | an upgrade runs, or failed and holds the lock | no |
 * | behind, and nothing is done to the unit | yes |
 * | behind, and something is | no, not before that has ended |
 * | not behind, and the version that it ran to is shown | no, it has succeeded |
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
  return upgrade.state === "running" && hasLed(upgrade, unit) ? undefined : task;
}

/** What became of the upgrade, by that. Pure. @param pending whether the version that it leads to does not show */
export function evidenceBy({ task, status, since, final }: Told, by: Evidence["by"], pending: boolean): Evidence {
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
      return { by: "run", kind: "silent", over: true, lost: false, accepted: true, moved: false, task };
  }
}

export function hasMoved({ from }: UpgradeRecord, { at }: Unit): boolean {
  return differ(at, from);
}

/** Whether what runs is what an upgrade was to lead to. */
export function hasLed(upgrade: UpgradeRecord, unit: Unit): boolean {
  return hasMoved(upgrade, unit) && !differ(unit.at, upgrade.to);
}

/**
 * Whether a unit that is not behind does not show what an upgrade has led to. Versions cannot show an upgrade of arguments alone, nor
 * one whose target is not told.
 */
export function isPending(upgrade: UpgradeRecord, unit: Unit): boolean {
  return parseVersion(upgrade.to) !== undefined && !hasMoved(upgrade, unit) && differ(unit.at, upgrade.to);
}
