import { Attempts } from "./attempts";
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
 * What a run knows of upgrades, its own and those of earlier runs, and the record that it leaves in the state. There are two forms: one
 * for vendors that are asked by the id of a task, one for those that only list tasks. What a form has no need of does nothing.
 */
export abstract class Upgrades {
  readonly attempts = new Attempts();
  abstract readonly record: RecordStore;

  /** Notes what a read shows, and asks for tasks that it does not show. @returns whether the read still holds: when not, a task has ended */
  abstract seen(units: readonly Unit[]): Promise<boolean>;
  /** @param at when the read began */
  abstract evidenceOf(unit: Unit, at: number): Evidence | undefined;
  /** Whether this resource scheduled the task of a unit. */
  abstract owns(unit: string, task: Pick<Task, "id">): boolean;
  /** Releases scheduled upgrades that are no longer needed here, but elsewhere. */
  abstract release(units: readonly Unit[]): void;
  /** These were canceled. @returns whether the vendor's word is enough: when not, a read shows what came of it */
  abstract canceled(tasks: readonly string[]): boolean;
  /** The upgrade of a unit that runs, as far as a read or the vendor says. */
  abstract running(unit: Unit): Task | undefined;
  /** The upgrades of these units run, and are waited for. */
  abstract joined(running: readonly Unit[]): void;
  /** A request was answered, or not. @param sentAt milliseconds of `Clock.elapsed` */
  abstract requested(units: readonly Unit[], sentAt: number, answer: Answer): void;
  abstract finish(finish: Finish): void;

  /** Whether there may be something to wait for, or to cancel, although all units are up to date. @param _first the first read */
  attentive(_first: boolean): boolean {
    return false;
  }

  /** Cancels what was scheduled for units that left the resource. @returns whether anything was canceled */
  async cancelFormer(_pause: CancelPause): Promise<boolean> {
    return false;
  }

  /** Says what an earlier run left failed, before it is requested again. */
  tellEarlier(_units: readonly Unit[]): void {}

  /** A task that was followed has ended. @returns whether it says enough: when not, only a read shows what it achieved */
  followed(_unit: Unit, _task: Task, _ending: Ending): boolean {
    return false;
  }

  /** An upgrade has failed that the vendor still shows. */
  failed(_unit: Unit, _task: Task, _failure: Failure): void {}

  /** What was told of a failed task is no longer the newest. */
  reread(): void {}

  /** A failed upgrade runs again. */
  reopened(): void {}

  /** The run ends, whatever is still to do. */
  left(): void {}
}
