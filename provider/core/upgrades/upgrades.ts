import type { Evidence } from "../decision/evidence";
import type { Policy } from "../policy";
import type { CancelPause } from "../reconcile/cancel";
import type { TaskResult, UnreachableBudget } from "../reconcile/observer";
import type { RequestResult } from "../request";
import type { Runtime } from "../runtime";
import type { Failure, Task } from "../task";
import type { Problem, Unit, Waiting } from "../unit";
import { Attempts } from "./attempts";
import type { RecordStore } from "./record";

/** The end of a run. */
export interface Finish {
  readonly units: readonly Unit[];
  readonly scheduled: ReadonlyMap<string, Waiting>;
  readonly problems: ReadonlyMap<string, Problem>;
  /** Whether the run has canceled a scheduled upgrade. */
  readonly canceled: boolean;
}

/**
 * The upgrades that a run knows, its own and those of earlier runs, and the record that it leaves in the state. There
 * are two subclasses: one for vendors whose tasks are read by id, one for vendors that only list tasks. Methods that a
 * subclass does not need do nothing.
 */
export abstract class Upgrades {
  readonly attempts = new Attempts();
  abstract readonly record: RecordStore;
  protected readonly policy: Policy;
  protected readonly runtime: Runtime;
  protected readonly budget: Pick<UnreachableBudget, "retry">;

  constructor(policy: Policy, runtime: Runtime, budget: Pick<UnreachableBudget, "retry">) {
    this.policy = policy;
    this.runtime = runtime;
    this.budget = budget;
  }

  /**
   * Records a read, and reads tasks that it does not show. @returns false if the read is outdated: a task has completed
   */
  abstract seen(units: readonly Unit[]): Promise<boolean>;
  /** @param at when the read began */
  abstract evidenceOf(unit: Unit, at: number): Evidence | undefined;
  /** Whether this resource scheduled the task of a unit. */
  abstract owns(unit: string, task: Pick<Task, "id" | "createdAt">): boolean;
  /** Hands over scheduled upgrades of these units, which this resource does not want now, if other resources need them. */
  abstract release(units: readonly Unit[]): void;
  /** These were canceled. @returns false if a read has to confirm the result */
  abstract canceled(tasks: readonly string[]): boolean;
  /** The upgrade of a unit in progress, according to a read or to the vendor. */
  abstract running(unit: Unit): Task | undefined;
  /** The upgrades of these units are in progress, and the run waits for them. */
  abstract joined(running: readonly Unit[]): void;
  /** The result of a request. @param sentAt milliseconds of `Clock.elapsed` */
  abstract requested(units: readonly Unit[], sentAt: number, result: RequestResult): void;
  abstract finish(finish: Finish): void;

  /** Whether to read tasks, to wait for or cancel, although all units are up to date. @param _first the first read */
  readsTasks(_first: boolean): boolean {
    return false;
  }

  /** Cancels what was scheduled for units that left the resource. @returns whether anything was canceled */
  async cancelFormer(_pause: CancelPause): Promise<boolean> {
    return false;
  }

  /** Reports failures of an earlier run before a new request. */
  reportEarlier(_units: readonly Unit[]): void {}

  /** A task that was followed has ended. @returns false if only a read shows its effect */
  followed(_unit: Unit, _task: Task, _result: TaskResult): boolean {
    return false;
  }

  /** The vendor reports a failed upgrade. */
  failed(_unit: Unit, _task: Task, _failure: Failure): void {}

  /** The last known state of a failed task is outdated. */
  reread(): void {}

  /** A failed upgrade is in progress again. */
  reopened(): void {}

  /** The run ends, even if work is left. */
  left(): void {}
}
