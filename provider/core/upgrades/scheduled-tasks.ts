import type { UpgradeRecord } from "../outcome";
import { LOST_CLAIM } from "../policy";
import type { Clock } from "../runtime";
import type { Unit } from "../unit";

/** Placeholder id of a task that was requested and has not been seen yet. */
const UNSEEN = "unknown";

/** The tasks that this resource scheduled and that have not started, by member. */
export class ScheduledTasks {
  readonly #tasks: Map<string, string>;
  /** Members whose request was lost so long ago that a task seen now is more likely of somebody else. */
  readonly #unclaimed = new Set<string>();

  constructor(remembered: UpgradeRecord | undefined, clock: Pick<Clock, "now">) {
    this.#tasks = new Map(remembered?.joined === true ? [] : Object.entries(remembered?.tasks ?? {}));
    if (remembered?.state !== "unknown" || clock.now() - Date.parse(remembered.startedAt) < LOST_CLAIM) return;
    for (const [member, task] of this.#tasks) if (task === UNSEEN) this.#unclaimed.add(member);
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** For the record. */
  get tasks(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#tasks);
  }

  has(member: string): boolean {
    return this.#tasks.has(member);
  }

  /** Whether its task was requested and never seen. */
  unseen(member: string): boolean {
    return this.#tasks.get(member) === UNSEEN;
  }

  /** Whether a member's task is one of ours. */
  owns(member: string, task: string): boolean {
    const known = this.#tasks.get(member);
    return known === task || (known === UNSEEN && !this.#unclaimed.has(member));
  }

  /** Upgrades were requested that are scheduled for their windows. */
  requested(members: readonly Unit[]): void {
    for (const { name } of members) {
      this.#tasks.set(name, UNSEEN);
      this.#unclaimed.delete(name);
    }
  }

  /** Updates the ids of tasks from a read, and removes those that have started. */
  seen(members: readonly Unit[]): void {
    for (const { name, activity, completed } of members) {
      const known = this.#tasks.get(name);
      if (known === undefined) continue;
      if (activity?.kind === "scheduled" && this.owns(name, activity.task.id)) this.#tasks.set(name, activity.task.id);
      if (activity?.kind === "running" || completed?.task.id === known) this.#tasks.delete(name);
    }
  }

  /** Removes tasks that no longer exist. */
  drop(tasks: readonly string[]): void {
    for (const [member, task] of this.#tasks) if (tasks.includes(task)) this.#tasks.delete(member);
  }

  /** None of our upgrades is scheduled for these members any more. */
  forget(members: Iterable<string>): void {
    for (const member of members) this.#tasks.delete(member);
  }

  /** Other members that have a task of ours. */
  others(members: Iterable<string>): string[] {
    const known = new Set(members);
    return [...this.#tasks.keys()].filter((member) => !known.has(member));
  }

  /** The ids of these members' tasks that were seen. */
  idsOf(members: readonly string[]): string[] {
    return members.flatMap((member) => {
      const task = this.#tasks.get(member);
      return task === undefined || task === UNSEEN ? [] : [task];
    });
  }
}
