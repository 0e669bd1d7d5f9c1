/** The states that the API has words for, in its several vocabularies. */

/**
 * What an instance or node is in a state for.
 * - `ready`: nothing is done to it
 * - `busy`: something is, and will end; every word that is not known counts as that
 * - `broken`: it needs somebody's help
 */
export type Condition = "ready" | "busy" | "broken";

const CONDITIONS: Readonly<Record<string, Condition>> = {
  ACTIVE: "ready",
  NORMAL: "ready",
  FAILED: "broken",
  FROZEN: "broken",
  "STORAGE FULL": "broken",
  ABNORMAL: "broken",
  CREATEFAIL: "broken",
  CREATE_FAILED: "broken",
};

/** Of `ACTIVE`, `MODIFYING`, `FROZEN` … (v3) and `normal`, `creating`, `abnormal` … (v3.1, StarRocks, task lists). */
export function conditionOf(status: string): Condition {
  return CONDITIONS[status.toUpperCase()] ?? "busy";
}

/** Where a job stands. `strange`: a word that no document has. */
export type JobState = "pending" | "running" | "completed" | "failed" | "canceled" | "unauthorized" | "strange";

const JOB_STATES: Readonly<Record<string, JobState>> = {
  PENDING: "pending",
  WAITING: "pending",
  RUNNING: "running",
  COMPLETED: "completed",
  SUCCESS: "completed",
  FAILED: "failed",
  FAIL: "failed",
  CANCELED: "canceled",
  UNAUTHORIZED: "unauthorized",
};

/** Of `Pending`, `Running`, `Completed` … (jobs) and `WAITING`, `SUCCESS` … (schedule-tasks/exist). */
export function jobStateOf(status: string): JobState {
  return JOB_STATES[status.toUpperCase()] ?? "strange";
}

/** Percent of `"60%"`, `"60"` or 60; undefined where there is none. */
export function percentOf(process: string | undefined): number | undefined {
  const digits = /^(\d{1,3}(?:\.\d+)?)\s*%?$/.exec(process?.trim() ?? "")?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), 100);
}

/**
 * Milliseconds of `2018-08-06T10:41:14+0800`, `2018-08-20T02:33:49_0800`, an ISO time, or a number of milliseconds;
 * undefined for anything else.
 */
export function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^\d{12,}$/.test(text)) return Number(text);
  const at = Date.parse(text.replace(/[+_](\d\d):?(\d\d)$/, "+$1:$2").replace(/-(\d\d)(\d\d)$/, "-$1:$2"));
  return Number.isNaN(at) ? undefined : at;
}

/** How the API wants a time in a query: `2026-01-01T00:00:05+0000`. */
export function queryTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "+0000");
}
