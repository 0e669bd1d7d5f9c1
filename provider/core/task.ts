import type { Progress } from "./runtime";

/** An upgrade at the vendor: all that is needed to find it again, in this run or the next. */
export interface Task {
  readonly id: string;
  /** The vendor's word for what it does: `OB rolling upgrade`. */
  readonly kind: string;
  /** The version it goes to, with its build. */
  readonly to: string;
  /** When this tool requested it, or first saw it, where that is remembered: ISO 8601, UTC. */
  readonly askedAt?: string;
}

/** When the vendor starts what waits for a maintenance window. ISO 8601, UTC. */
export interface Window {
  readonly opens: string;
  readonly closes: string;
}

/** How an upgrade failed: sentences for people, without secrets. */
export interface Failure {
  readonly message: string;
  readonly remedy: string;
  /** Where, in the vendor's words: `stage 2/9: Download all required packages`. */
  readonly at?: string;
  /** What the vendor would accept now; absent where it does not say, or has no such operators. */
  readonly ways?: readonly Way[];
}

/** What can be done with a failed task: run it on from where it failed, or undo it. */
export type Way = "retry" | "rollback";

/** Where the vendor's task stands. */
export type TaskStatus =
  | ({ readonly kind: "running" } & Progress)
  /** Accepted, and not before its window. */
  | { readonly kind: "scheduled"; readonly window: Window }
  | { readonly kind: "succeeded" }
  | ({ readonly kind: "rolled-back" } & Failure)
  | ({ readonly kind: "failed" } & Failure)
  /** The vendor does not know it any more. */
  | { readonly kind: "gone" };

/** `upgrade 11 (OB rolling upgrade to 4.3.5.2)` */
export function nameOf({ id, kind, to }: Task): string {
  return `upgrade ${id} (${kind} to ${to})`;
}

/** `2026-01-01T18:00Z to 2026-01-01T22:00Z` */
export function describeWindow({ opens, closes }: Window): string {
  return `${toTheMinute(opens)} to ${toTheMinute(closes)}`;
}

/** From the first opening to the last closing. */
export function spanOf(windows: readonly Window[]): Window {
  const opens = windows.map((window) => window.opens).sort();
  const closes = windows.map((window) => window.closes).sort();
  return { opens: opens[0] ?? "", closes: closes.at(-1) ?? "" };
}

function toTheMinute(time: string): string {
  return time.replace(/:\d\d(\.\d+)?Z$/, "Z");
}
