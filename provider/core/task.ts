import type { Progress } from "./runtime";

/** An upgrade at the vendor: everything needed to find it in this run or the next. */
export interface Task {
  readonly id: string;
  /** The vendor's name for it: `OB rolling upgrade`. */
  readonly kind: string;
  /** The version it upgrades to, with its build. */
  readonly to: string;
  /** When this tool requested it, or first saw it, if recorded: ISO 8601, UTC. */
  readonly requestedAt?: string;
  /** When the vendor created it, if a list reports that: milliseconds since 1970. Never stored. */
  readonly createdAt?: number;
}

/** The ids of all vendors: printable ASCII without spaces. A task with any other id could not be read. */
export const TASK_ID = /^[!-~]+$/;

/** The maintenance window in which the vendor starts a scheduled upgrade. ISO 8601, UTC. */
export interface Window {
  readonly opens: string;
  readonly closes: string;
}

/** How an upgrade failed: sentences for users, without secrets. */
export interface Failure {
  readonly message: string;
  readonly remedy: string;
  /** The stage as the vendor names it: `stage 2/9: Download all required packages`. */
  readonly at?: string;
  /** The operators that the vendor accepts now; missing if it does not report them or has none. */
  readonly operators?: readonly Operator[];
}

/** What can be done with a failed task: continue from where it failed, or undo it. */
export type Operator = "retry" | "rollback";

/** State of the vendor's task. */
export type TaskStatus =
  /** `awaits`: it only continues when a person has acted at the vendor: why, and what to do. */
  | ({ readonly kind: "running"; readonly awaits?: Pick<Failure, "message" | "remedy"> } & Progress)
  /** Accepted; starts in its window. */
  | { readonly kind: "scheduled"; readonly window: Window }
  | { readonly kind: "succeeded" }
  | ({ readonly kind: "rolled-back" } & Failure)
  | ({ readonly kind: "failed" } & Failure)
  /** The vendor no longer knows it. */
  | { readonly kind: "gone" };

/** Id of the upgrades of many members in one record: each has a task of its own. */
export const BATCH = "batch";

/** `upgrade 11 (OB rolling upgrade to 4.3.5.2)`; `the kernel upgrade of 3 instances to 2.0.78.260600` for many members */
export function nameOf({ id, kind, to }: Pick<Task, "id" | "kind" | "to">): string {
  return id === BATCH ? `the ${kind} to ${to}` : `upgrade ${id} (${kind} to ${to})`;
}

/** `2026-01-01T18:00Z to 2026-01-01T22:00Z` */
export function describeWindow({ opens, closes }: Window): string {
  return `${toTheMinute(opens)} to ${toTheMinute(closes)}`;
}

/** From the start of the first window to the end of the last. */
export function spanOf(windows: readonly Window[]): Window {
  const opens = windows.map((window) => window.opens).sort();
  const closes = windows.map((window) => window.closes).sort();
  return { opens: opens[0] ?? "", closes: closes.at(-1) ?? "" };
}

function toTheMinute(time: string): string {
  return time.replace(/:\d\d(\.\d+)?Z$/, "Z");
}
