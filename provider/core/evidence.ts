import type { Unreachable } from "./errors";
import type { Failure, Task, Window } from "./task";

interface Known {
  /** `run`: this run requested it, or has seen it run. `earlier`: an earlier run may have left it. */
  readonly by: "run" | "earlier";
}

/**
 * What became of the upgrade of a unit that is known, beside what the unit itself shows. A vendor that is asked by the id of a task
 * says it; where tasks are only listed, it follows from lists and times. Times: milliseconds of `Clock.elapsed`.
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
        /** The version that it leads to does not show. */
        readonly pending: boolean;
      }
    | {
        readonly kind: "failed";
        readonly task: Task;
        readonly failure: Failure;
        /** The vendor has said so when it was asked for this task: nothing that a read shows overrules it. */
        readonly final: boolean;
        readonly rolledBack?: true;
      }
    | {
        /** It was requested, and nothing shows of it. */
        readonly kind: "silent";
        /** For so long that nothing will come. */
        readonly over: boolean;
        /** The response to its request was lost, and nothing has shown since. */
        readonly lost: boolean;
        /** Whether the vendor has certainly, or probably, accepted it: a run that does not wait may end. */
        readonly accepted: boolean;
        /** The version is another one than it was requested from. */
        readonly moved: boolean;
        /** Set when it was seen before. */
        readonly task?: Task;
        /** Why the response was lost, and for how long nothing has shown, in milliseconds. */
        readonly cause?: Unreachable;
        readonly waited?: number;
      }
  );
