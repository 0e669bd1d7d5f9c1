import type { Attempts } from "./attempts";
import type { CancelPause } from "./cancel";
import type { Evidence } from "./evidence";
import type { Ending } from "./follow";
import type { RecordStore } from "./record";
import type { Answer } from "./send";
import type { Failure, Task } from "./task";
import type { Problem, Unit, Waiting } from "./unit";

/** How a run ends. */
export interface Finish {
  readonly units: readonly Unit[];
  readonly scheduled: ReadonlyMap<string, Waiting>;
  readonly problems: ReadonlyMap<string, Problem>;
  /** Whether the run has canceled a scheduled upgrade. */
  readonly canceled: boolean;
}

/**
 * What a run knows of upgrades, its own and those of earlier runs, and the record that it leaves in the state. There are two: one for
 * vendors that are asked by the id of a task, one for those that only list tasks.
 */
export interface Upgrades {
  readonly record: RecordStore;
  readonly attempts: Attempts;
  /** Whether there may be something to wait for, or to cancel, although all units are up to date. @param first the first read */
  attentive(first: boolean): boolean;
  /**
   * Notes what a read shows, and asks for tasks that it does not show.
   * @returns whether that is all: when not, a task has ended meanwhile, and the vendor is read again
   */
  seen(units: readonly Unit[]): Promise<boolean>;
  /** @param at when the read began */
  evidenceOf(unit: Unit, at: number): Evidence | undefined;
  /** Whether this resource scheduled the task of a unit. */
  owns(unit: string, task: Pick<Task, "id">): boolean;
  /** Releases scheduled upgrades that are no longer needed here, but elsewhere. */
  release(units: readonly Unit[]): void;
  /** Cancels what was scheduled for units that left the resource. @returns whether anything was canceled */
  cancelFormer(pause: CancelPause): Promise<boolean>;
  /** These were canceled. @returns whether the vendor's word is enough: when not, a read shows what came of it */
  canceled(tasks: readonly string[]): boolean;
  /** The upgrade of a unit that runs, as far as a read or the vendor says. */
  running(unit: Unit): Task | undefined;
  /** The upgrades of these units run, and are waited for. */
  joined(running: readonly Unit[]): void;
  /** A request was answered, or not. @param sentAt milliseconds of `Clock.elapsed` */
  requested(units: readonly Unit[], sentAt: number, answer: Answer): void;
  /** Says what an earlier run left failed, before it is requested again. */
  tellEarlier(units: readonly Unit[]): void;
  /**
   * The task that was followed has ended.
   * @returns whether the task itself says enough: when not, only a read shows what it achieved
   */
  followed(unit: Unit, task: Task, ending: Ending): boolean;
  /** An upgrade has failed that the vendor still shows. */
  failed(unit: Unit, task: Task, failure: Failure): void;
  /** What was told of a failed task is no longer the newest. */
  reread(): void;
  /** A failed upgrade runs again. */
  reopened(): void;
  finish(finish: Finish): void;
  /** The run ends, whatever is still to do. */
  left(): void;
}
