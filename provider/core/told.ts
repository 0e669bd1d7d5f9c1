import type { Evidence } from "./evidence";
import { taskOf, type UpgradeRecord } from "./outcome";
import { isOpen } from "./record";
import type { Task, TaskStatus } from "./task";
import type { Unit } from "./unit";
import { differ, parseVersion } from "./version";

/** What a vendor reported for a task id. */
export interface Told {
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
  return upgrade.state === "running" && hasLed(upgrade, unit) ? undefined : task;
}

/** The evidence from a read by id. Pure. @param pending whether the version it upgrades to is not visible yet */
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

/** Whether the unit is at the version that an upgrade was to reach. */
export function hasLed(upgrade: UpgradeRecord, unit: Unit): boolean {
  return hasMoved(upgrade, unit) && !differ(unit.at, upgrade.to);
}

/**
 * Whether a unit that is not behind does not show the version of an upgrade. Versions never show an upgrade that only
 * changes arguments, or one with an unknown target.
 */
export function isPending(upgrade: UpgradeRecord, unit: Unit): boolean {
  return parseVersion(upgrade.to) !== undefined && !hasMoved(upgrade, unit) && differ(unit.at, upgrade.to);
}
