import type { UpgradeRecord } from "../outcome";
import { CLAIM } from "../policy";
import type { Task } from "../task";
import type { Unit } from "../unit";

/** Placeholder id of a task that was requested and has not been seen yet. */
const UNSEEN = "unknown";

/** The tasks that this resource scheduled and that have not started, by member. */
export class ScheduledTasks {
  readonly #tasks: Map<string, string>;
  /** Members that this run has requested. */
  readonly #requested = new Set<string>();
  /** When the earlier run sent its latest request without a visible task: milliseconds since 1970. */
  readonly #earlier: number;

  constructor(remembered: UpgradeRecord | undefined) {
    this.#tasks = new Map(remembered?.joined === true ? [] : Object.entries(remembered?.tasks ?? {}));
    this.#earlier = Date.parse(remembered?.startedAt ?? "");
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

  /**
   * Whether a member's task is one of ours. A task that the earlier run has requested and never seen was created when
   * it was requested; any other belongs to another person or tool.
   */
  owns(member: string, { id, createdAt }: Pick<Task, "id" | "createdAt">): boolean {
    const known = this.#tasks.get(member);
    if (known !== UNSEEN || this.#requested.has(member) || createdAt === undefined)
      return known === id || known === UNSEEN;
    return !(Math.abs(createdAt - this.#earlier) >= CLAIM);
  }

  /** Upgrades were requested that are scheduled for their windows. */
  requested(members: readonly Unit[]): void {
    for (const { name } of members) {
      this.#tasks.set(name, UNSEEN);
      this.#requested.add(name);
    }
  }

  /** Updates the ids of tasks from a read, and removes those that have started. */
  seen(members: readonly Unit[]): void {
    for (const { name, activity, completed } of members) {
      const known = this.#tasks.get(name);
      if (known === undefined) continue;
      if (activity?.kind === "scheduled" && this.owns(name, activity.task)) this.#tasks.set(name, activity.task.id);
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
