import { formatDuration } from "../base/sentences";
import { UpgradeError } from "../core/errors";
import type { Window } from "../core/task";
import type { Finding } from "../core/unit";
import type { Query } from "../huaweicloud/authenticator";
import type { Gateway, Reading } from "../huaweicloud/gateway";
import { canonicalJobId, type JobState, jobStateOf, queryTime, timeOf } from "../huaweicloud/jobs";
import { type JobRow, jobIds, jobPage, type ScheduleRow, schedulePage, type TaskDetail, taskDetail } from "./schema";
import { CANCEL_ACTION } from "./service";

/** Instant tasks and scheduled tasks. They become readable seconds after they were created, and stay so for a month. */

/** Instant tasks that upgrade the kernel of a TaurusDB instance. */
export const KERNEL_UPGRADE = "UpgradeGaussDBforMySQLDatabaseVersion";

/** Scheduled kernel upgrades, of both TaurusDB and StarRocks. */
export const VERSION_UPGRADE = "VERSION_UPGRADE";

/** How far back all jobs are read, in milliseconds. Older unfinished jobs are read by state. */
export const JOB_HISTORY = 6 * 3_600_000;

/** Filter of instant tasks. There is no filter by instance. */
export interface JobFilter {
  readonly status?: string;
  readonly jobName?: string | undefined;
  readonly jobId?: string;
  /** Milliseconds since 1970. */
  readonly since?: number;
}

/** Maximum number of rows per response. */
const JOB_PAGE = 50;
const MOST_PAGES = 20;

/** A page of instant tasks. */
export interface JobPage {
  readonly jobs: readonly JobRow[];
  /** Of all matching tasks; infinite where it is not reported. */
  readonly total: number;
}

export async function readJobPage(gateway: Gateway, filter: JobFilter, offset = 1): Promise<JobPage> {
  const reading = await gateway.read({
    path: ["immediate-jobs"],
    query: { ...queryOf(filter), limit: String(JOB_PAGE), offset: String(offset) },
    schema: jobPage,
  });
  const { jobs, total_count: total } = orNothing(reading, { jobs: [], total_count: 0 });
  return { jobs, total: total ?? Infinity };
}

/**
 * Instant tasks, newest first. The documentation is unclear about whether `offset` counts pages or records. The second
 * page shows it: if it counts records, that page begins with the second row of the first one.
 */
export async function readJobs(gateway: Gateway, filter: JobFilter): Promise<readonly JobRow[]> {
  const rows = new Map<string, JobRow>();
  let offset = 1;
  let byRecord = false;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const { jobs, total } = await readJobPage(gateway, filter, offset);
    const before = rows.size;
    for (const row of jobs) if (!rows.has(row.job_id)) rows.set(row.job_id, row);
    const fresh = rows.size - before;
    if (fresh === 0 || jobs.length < JOB_PAGE || rows.size >= total) break;
    byRecord ||= page > 1 && fresh < jobs.length / 2;
    offset = byRecord ? rows.size : offset + 1;
  }
  return [...rows.values()];
}

/**
 * Instant tasks that have not ended, regardless of age: an approval can take days, and an upgrade hours.
 * @param jobName any name if omitted
 */
export function readUnfinishedJobs(gateway: Gateway, jobName?: string): Promise<readonly JobRow[]> {
  return readJobsIn(["Running", "Pending", "Unauthorized"], gateway, jobName);
}

/** Instant tasks that have failed or were canceled, regardless of age. */
export function readFailedJobs(gateway: Gateway, jobName: string): Promise<readonly JobRow[]> {
  return readJobsIn(["Failed", "Canceled"], gateway, jobName);
}

/** States of newer regions; older ones may reject them as a filter. */
const NEWER_STATES: ReadonlySet<string> = new Set(["Unauthorized", "Canceled"]);

async function readJobsIn(
  states: readonly string[],
  gateway: Gateway,
  jobName: string | undefined,
): Promise<readonly JobRow[]> {
  const rows = states.map((status) =>
    readJobs(gateway, { jobName, status }).catch((error: unknown) => {
      if (NEWER_STATES.has(status) && error instanceof UpgradeError && error.code === "blocked") return [];
      throw error;
    }),
  );
  return (await Promise.all(rows)).flat();
}

/** What to do about an accepted job in state `Unauthorized`. @param needed whether the target version requires it */
export function awaitsApproval(id: string, status: string, needed = true): Finding {
  return {
    code: "awaits-approval",
    message: `Its upgrade ${id} waits for approval (${status}).`,
    remedy: needed
      ? "Approve the job in the Huawei Cloud console."
      : "The target version no longer requires it: reject the job in the Huawei Cloud console.",
  };
}

const ENDED: ReadonlySet<JobState> = new Set<JobState>(["completed", "failed", "canceled"]);

export function hasEnded({ status }: Pick<JobRow, "status">): boolean {
  return ENDED.has(jobStateOf(status));
}

function queryOf({ status, jobName, jobId, since }: JobFilter): Query {
  return { status, job_name: jobName, job_id: jobId, start_time: since === undefined ? undefined : queryTime(since) };
}

export interface ScheduleFilter {
  readonly instanceId?: string;
  readonly status?: string;
  readonly jobId?: string;
}

const SCHEDULE_PAGE = 100;

/** Scheduled tasks; `offset` counts records. */
export async function readSchedules(gateway: Gateway, filter: ScheduleFilter): Promise<readonly ScheduleRow[]> {
  const rows = new Map<string, ScheduleRow>();
  for (let offset = 0; offset < SCHEDULE_PAGE * MOST_PAGES; ) {
    const reading = await gateway.read({
      path: ["scheduled-jobs"],
      query: {
        instance_id: filter.instanceId,
        status: filter.status,
        job_id: filter.jobId,
        limit: String(SCHEDULE_PAGE),
        offset: String(offset),
      },
      schema: schedulePage,
    });
    const { schedules, total_count: total } = orNothing(reading, { schedules: [], total_count: 0 });
    for (const row of schedules) rows.set(row.job_id, row);
    offset += schedules.length;
    if (schedules.length === 0 || offset >= (total ?? (schedules.length < SCHEDULE_PAGE ? offset : Infinity))) break;
  }
  return [...rows.values()];
}

/** Whether a scheduled task belongs to a StarRocks instance, whichever id it has. */
export function isOfStarRocks({ datastore_type }: Pick<ScheduleRow, "datastore_type">): boolean {
  return /star-?rocks/i.test(datastore_type);
}

/**
 * Cancels scheduled tasks that have not started.
 * @returns the requested ids that the service reports as canceled; it silently omits the others
 */
export async function cancelSchedules(gateway: Gateway, ids: readonly string[]): Promise<readonly string[]> {
  const response = await gateway.write({
    method: "DELETE",
    path: ["scheduled-jobs"],
    body: { job_ids: ids },
    schema: jobIds,
    action: CANCEL_ACTION,
  });
  const cancelled = new Set(response.job_ids.map(canonicalJobId));
  return ids.filter((id) => cancelled.has(canonicalJobId(id)));
}

/** The task center's remaining time of one task at a time, for progress output. */
export class TaskCenter {
  readonly #gateway: Gateway;
  #row: { readonly id: string; readonly row: JobRow | undefined } | undefined;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /**
   * `about 12 min left`, or `""`. The list is read once to find out whether the task shows its progress.
   * @param id as the service writes it
   */
  async remaining(id: string): Promise<string> {
    const row = await this.#rowOf(id).catch(withoutAdvice);
    const seconds = row?.show_detail === true ? await remainingSeconds(this.#gateway, row) : undefined;
    return seconds === undefined || seconds <= 0 ? "" : `about ${formatDuration(seconds * 1_000)} left`;
  }

  async #rowOf(id: string): Promise<JobRow | undefined> {
    if (this.#row?.id !== id) {
      const [row] = await readJobs(this.#gateway, { jobId: id });
      this.#row = { id, row };
    }
    return this.#row.row;
  }
}

/**
 * The remaining seconds of a task: the sum over its parts. Undefined where no part reports it, or the task center
 * cannot be read.
 */
export async function remainingSeconds(
  gateway: Gateway,
  row: Pick<JobRow, "instance_id" | "job_id" | "job_name">,
): Promise<number | undefined> {
  const detail = await readTaskDetail(gateway, row).catch(withoutAdvice);
  const parts = detail?.sub_task_list.map(({ remaining_time }) => Number.parseFloat(remaining_time)) ?? [];
  const times = parts.filter(Number.isFinite);
  return times.length === 0 ? undefined : times.reduce((sum, seconds) => sum + seconds, 0);
}

/**
 * The task center may be unreachable, or have no data for this caller; no decision needs it. Other errors are unrelated
 * to it.
 */
function withoutAdvice(error: unknown): undefined {
  if (!(error instanceof UpgradeError)) throw error;
}

/** Progress of a task whose row has `show_detail`. @returns undefined where there is none */
async function readTaskDetail(
  gateway: Gateway,
  { instance_id, job_id, job_name }: Pick<JobRow, "instance_id" | "job_id" | "job_name">,
): Promise<TaskDetail | undefined> {
  const reading = await gateway.read({
    path: ["instances", instance_id, "task-center-detail"],
    query: { job_id, job_name },
    schema: taskDetail,
  });
  return reading.kind === "data" ? reading.data : undefined;
}

function orNothing<T>(reading: Reading<T>, nothing: T): T {
  return reading.kind === "data" ? reading.data : nothing;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Of a maintenance window, which starts at a full hour, UTC. Used where no end is reported. */
const LENGTH = 4 * HOUR;

/** The window of a scheduled task; undefined where its row has no times. */
export function windowOf(row: { readonly start_time: string; readonly end_time: string }): Window | undefined {
  const opens = timeOf(row.start_time);
  if (opens === undefined) return undefined;
  return windowFrom(opens, timeOf(row.end_time) ?? opens + LENGTH);
}

/**
 * The open window of an instance, else its next one.
 * @param daily `18:00-22:00`, UTC; it may begin on the day before
 */
export function nextWindow(daily: string, now: number): Window | undefined {
  const [, hour, minute] = /^(\d{1,2}):(\d\d)\b/.exec(daily.trim()) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  const [, endHour, endMinute] = /-\s*(\d{1,2}):(\d\d)$/.exec(daily.trim()) ?? [];
  const start = Number(hour) * HOUR + Number(minute) * 60_000;
  const end = endHour === undefined ? start + LENGTH : Number(endHour) * HOUR + Number(endMinute) * 60_000;
  const length = end > start ? end - start : end - start + DAY;
  let opens = Math.floor(now / DAY) * DAY - DAY + start;
  while (opens + length <= now) opens += DAY;
  return windowFrom(opens, opens + length);
}

/** An unknown window opens within a day: every instance has a daily one. */
export function anyWindow(daily: string, now: number): Window {
  return nextWindow(daily, now) ?? windowFrom(now, now + DAY);
}

function windowFrom(opens: number, closes: number): Window {
  return { opens: new Date(opens).toISOString(), closes: new Date(closes).toISOString() };
}
