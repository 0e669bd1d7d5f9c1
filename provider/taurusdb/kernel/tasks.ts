import { jobStateOf } from "../../huaweicloud/jobs";
import type { JobRow, ScheduleRow } from "../schema";
import { hasEnded, isOfStarRocks, VERSION_UPGRADE } from "../tasks";

/** Which rows of the task lists are about the kernel of an instance. */

/** By instance. */
export type Jobs = ReadonlyMap<string, JobRow>;

/** The relevant kernel upgrade of each instance: an unfinished one, else the newest. @param rows newest first */
export function jobsOf(rows: readonly JobRow[]): Jobs {
  const jobs = new Map<string, JobRow>();
  for (const row of rows) {
    const known = jobs.get(row.instance_id);
    if (known === undefined || (isRunning(row) && !isRunning(known)) || (hasEnded(known) && !hasEnded(row))) {
      jobs.set(row.instance_id, row);
    }
  }
  return jobs;
}

/** Appends the waiting jobs that are not among the recent ones. */
export function withWaiting(recent: readonly JobRow[], waiting: readonly JobRow[]): readonly JobRow[] {
  const known = new Set(recent.map(({ job_id }) => job_id));
  return [...recent, ...waiting.filter(({ job_id }) => !known.has(job_id))];
}

/** Scheduled upgrades. A row of a StarRocks instance may have the id of the TaurusDB instance beside it. */
export function schedulesOf(rows: readonly ScheduleRow[]): ReadonlyMap<string, ScheduleRow> {
  const pending = rows.filter(
    (row) => row.job_name === VERSION_UPGRADE && jobStateOf(row.job_status) === "pending" && !isOfStarRocks(row),
  );
  return new Map(pending.map((row) => [row.instance_id, row]));
}

/** Whether a job keeps its instance busy, or is about to. */
export function isRunning(row: JobRow | undefined): boolean {
  if (row === undefined) return false;
  const state = jobStateOf(row.status);
  return state === "running" || state === "pending" || state === "strange";
}
