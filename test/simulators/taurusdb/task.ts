import type { Script } from "./state";

export type JobStatus = "Pending" | "Running" | "Completed" | "Failed" | "Canceled" | "Unauthorized";

/** Pending events and their times. */
export interface Due {
  readonly at: number;
  readonly step: "start" | "version" | "end" | "fire";
}

/** An instant task. */
export interface JobState {
  readonly id: string;
  readonly order: number;
  readonly kind: "upgrade" | "starRocks" | "preCheck";
  readonly projectId: string;
  /** The TaurusDB or StarRocks instance that it works on. */
  readonly instanceId: string;
  /** The scheduled task that it runs for. */
  readonly scheduleId: string | null;
  readonly script: Omit<Script, "left"> | null;
  readonly skipValidation: boolean;
  status: JobStatus;
  /** Shown instead of `status`. */
  shownStatus: string | null;
  readonly createdAt: number;
  /** It cannot be read earlier. */
  readonly visibleAt: number;
  startedAt: number | null;
  endedAt: number | null;
  runMs: number;
  outcome: Outcome | null;
  failReason: string;
  /** Percent at which it hangs. */
  hungAt: number | null;
  deleted: boolean;
  due: Due[];
}

/** What an upgrade does to its instance. */
export interface Outcome {
  /** The new version, if any. */
  readonly version: string | null;
  readonly preparation: "none" | "preUpgraded" | "toBeConfirmed";
}

/** A scheduled task: an upgrade for the maintenance window (TaurusDB facts §3.2). */
export interface ScheduleState {
  readonly id: string;
  readonly order: number;
  readonly kind: "upgrade" | "starRocks";
  readonly projectId: string;
  readonly instanceId: string;
  readonly skipValidation: boolean;
  /** Id of its run. */
  readonly runId: string;
  status: "Pending" | "Running" | "Completed" | "Failed" | "Canceled";
  readonly createdAt: number;
  readonly visibleAt: number;
  startAt: number;
  endAt: number;
  failReason: string;
  deleted: boolean;
  due: Due[];
}

export function isOver(status: JobStatus): boolean {
  return status === "Completed" || status === "Failed" || status === "Canceled";
}
