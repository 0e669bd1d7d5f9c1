import type { Unreachable } from "./errors";
import type { Failure, Task, Window } from "./task";

interface Known {
  /** `run`: this run requested it, or has seen it in progress. `earlier`: an earlier run may have requested it. */
  readonly by: "run" | "earlier";
}

/**
 * What is known about the upgrade of a unit, in addition to the unit itself. Some vendors report it for a task id;
 * where tasks are only listed, it is inferred from lists and times. Times: milliseconds of `Clock.elapsed`.
 */
export type Evidence = Known &
  (
    | { readonly kind: "running"; readonly task: Task }
    | { readonly kind: "scheduled"; readonly task: Task; readonly window: Window }
    | {
        readonly kind: "succeeded";
        readonly task: Task;
        /** When this run first knew. */
        readonly since: number;
        /** The version that it upgrades to is not visible yet. */
        readonly pending: boolean;
      }
    | {
        readonly kind: "failed";
        readonly task: Task;
        readonly failure: Failure;
        /** The vendor reported this for the task id: no other read overrides it. */
        readonly final: boolean;
        readonly rolledBack?: true;
      }
    | {
        /** It was requested, and no task is visible. */
        readonly kind: "silent";
        /** For so long that no task is expected any more. */
        readonly over: boolean;
        /** The response to its request was lost, and no task was visible since. */
        readonly lost: boolean;
        /** Whether the vendor has certainly, or probably, accepted it: a run that does not wait may end. */
        readonly accepted: boolean;
        /** The version differs from the one when it was requested. */
        readonly moved: boolean;
        /** Set when it was seen before. */
        readonly task?: Task;
        /** Why the response was lost, and for how long no task has been visible, in milliseconds. */
        readonly cause?: Unreachable;
        readonly waited?: number;
      }
  );
