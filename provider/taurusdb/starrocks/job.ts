import { formatDuration } from "../../base/sentences";
import { Unreachable } from "../../core/errors";
import type { Clock } from "../../core/runtime";
import type { Task, TaskStatus } from "../../core/task";
import type { Gateway } from "../../huaweicloud/gateway";
import { type Job, type JobIds, jobStateOf, percentOf, readJob, timeOf } from "../../huaweicloud/jobs";
import { conditionOf, type ScheduleRow } from "../schema";
import { anyWindow, awaitsApproval, readSchedules, TaskCenter, VERSION_UPGRADE, windowOf } from "../tasks";
import { KIND } from "./activity";
import { actionsOf, dailyWindow, healthProblemOf, type Ids, partsOf, readStarRocks } from "./instance";

/** A job becomes readable seconds after it was created, sometimes a minute. Until then its status is not reported. */
const UNSEEN = 30_000;
/** An upgrade that is accepted to start immediately starts within 2 to 5 minutes, and has a job by then. */
const SLOW_START = 5 * 60_000;
/** Maximum difference between the server's clock and ours before the server reports it. */
const CLOCKS_APART = 15 * 60_000;
/** An instance that is abnormal for so long after its upgrade needs a person; nodes that restart are not. */
const LASTING = 5 * 60_000;

export interface JobWatcherOptions {
  readonly gateway: Gateway;
  readonly ids: Ids;
  readonly jobIds: JobIds;
  readonly clock: Clock;
  /** Whether this resource schedules upgrades for the maintenance window. */
  readonly delays: boolean;
}

/** Polls one upgrade of a StarRocks instance by its job. */
export class JobWatcher {
  readonly #options: JobWatcherOptions;
  readonly #center: TaskCenter;
  /** Since when the job has been missing. */
  #unseen: { readonly id: string; readonly since: number } | undefined;
  /** Since when the job has been waiting. */
  #waiting: { readonly id: string; readonly since: number } | undefined;
  /** Since when the instance has not worked after the completion of its job. */
  #unhealthySince: number | undefined;
  /** When this run started its jobs, in elapsed milliseconds of the clock. */
  readonly #startedAt = new Map<string, number>();

  constructor(options: JobWatcherOptions) {
    this.#options = options;
    this.#center = new TaskCenter(options.gateway);
  }

  /** Records a job that this run has started. */
  started(id: string): void {
    this.#startedAt.set(id, this.#options.clock.elapsed());
  }

  async inspect(task: Task): Promise<TaskStatus> {
    const { gateway, jobIds } = this.#options;
    const job = await readJob(gateway, jobIds, task.id);
    if (job === undefined) return this.#notSeen(task);
    this.#unseen = undefined;
    switch (jobStateOf(job.status)) {
      case "pending":
        return this.#pending(task, job);
      case "running":
        return this.#running(job);
      case "completed":
        return this.#settling(job);
      case "failed":
        return failed(job, job.fail_reason === "" ? "the service gives no reason" : job.fail_reason, REPAIR);
      case "canceled":
        return failed(job, "it was canceled", "Find out who canceled it, and why. Then run {apply} again.");
      case "unauthorized":
        return {
          kind: "running",
          message: "waits for approval at Huawei Cloud",
          awaits: awaitsApproval(task.id, job.status),
        };
      case "undocumented":
        return { kind: "running", message: `is in the undocumented state "${job.status}"` };
    }
  }

  /**
   * Waits briefly within the run, even if it does not wait for upgrades, because it must know whether there is a job.
   * The job counts as accepted until an upgrade would have started.
   * @throws Unreachable during that time
   */
  #notSeen(task: Task): TaskStatus {
    const { id } = task;
    const now = this.#options.clock.elapsed();
    if (this.#unseen?.id !== id) this.#unseen = { id, since: now };
    const unseen = now - this.#unseen.since;
    if (unseen < UNSEEN) throw new Unreachable(`job ${id} cannot be read yet`, { sent: true, responded: true });
    if (Math.max(unseen, this.#ageOf(task)) >= SLOW_START) return { kind: "gone" };
    return { kind: "running", message: "accepted, its job is not visible yet" };
  }

  /** Time since it was requested, in milliseconds; 0 where that is unknown. */
  #ageOf({ id, requestedAt = "" }: Task): number {
    const { clock } = this.#options;
    const started = this.#startedAt.get(id);
    if (started !== undefined) return clock.elapsed() - started;
    const sentAt = Date.parse(requestedAt);
    return Number.isNaN(sentAt) ? 0 : clock.now() - sentAt;
  }

  /** It waits for some seconds, or for the maintenance window. */
  async #pending({ id }: Task, job: Job): Promise<TaskStatus> {
    const { gateway, ids } = this.#options;
    const accepted: TaskStatus = { kind: "running", message: "accepted, not started yet" };
    if (!this.#options.delays && this.#startedAt.has(id)) return accepted;
    const row = await this.#scheduleOf(id);
    const window = row && windowOf(row);
    if (window !== undefined) return { kind: "scheduled", window };
    if (row === undefined && !this.#waitsUnlisted(job)) return accepted;
    const detail = await readStarRocks(gateway, ids);
    return { kind: "scheduled", window: anyWindow(detail === undefined ? "" : dailyWindow(detail), gateway.now) };
  }

  /**
   * It is undocumented whether scheduled StarRocks upgrades are listed. One that starts immediately does so within
   * minutes.
   */
  #waitsUnlisted({ id, name, created }: Job): boolean {
    const { delays, clock, gateway } = this.#options;
    if (this.#waiting?.id !== id) this.#waiting = { id, since: clock.elapsed() };
    const waited = clock.elapsed() - this.#waiting.since;
    const age = gateway.now - (timeOf(created) ?? gateway.now) - CLOCKS_APART;
    return delays || name === VERSION_UPGRADE || Math.max(waited, age) >= SLOW_START;
  }

  async #scheduleOf(id: string): Promise<ScheduleRow | undefined> {
    const { gateway, jobIds } = this.#options;
    for (const form of jobIds.forms(id)) {
      const [row] = await readSchedules(gateway, { jobId: form });
      if (row !== undefined) return jobStateOf(row.job_status) === "pending" ? row : undefined;
    }
    return undefined;
  }

  async #running({ id, process }: Job): Promise<TaskStatus> {
    const percent = percentOf(process);
    const remaining = await this.#center.remaining(id);
    const message = remaining === "" ? KIND : `${KIND}, ${remaining}`;
    return { kind: "running", message, ...(percent === undefined ? {} : { percent }) };
  }

  /** After a job has completed, its instance and nodes stay busy for a while, or need a person. */
  async #settling(job: Job): Promise<TaskStatus> {
    const detail = await readStarRocks(this.#options.gateway, this.#options.ids);
    if (detail === undefined) return { kind: "succeeded" };
    const busy = partsOf(detail).find(({ status }) => status !== "" && conditionOf(status) === "busy");
    const [action] = actionsOf(detail);
    const problem = healthProblemOf(detail);
    const why =
      (busy && `${busy.name || busy.id} is ${busy.status}`) ?? (action && `${action.action} still runs`) ?? problem;
    if (why === undefined) return { kind: "succeeded" };
    const { clock } = this.#options;
    if (why !== problem) this.#unhealthySince = undefined;
    else this.#unhealthySince ??= clock.elapsed();
    const lasted = clock.elapsed() - (this.#unhealthySince ?? clock.elapsed());
    if (lasted < LASTING) return { kind: "running", message: `the job is completed, ${why}` };
    return failed(job, `the job is completed, but ${why}, for ${formatDuration(lasted)} now`, REPAIR);
  }
}

const REPAIR =
  "Fix the cause. If the instance is unhealthy, contact Huawei Cloud support. Then run {apply} again: it starts from the current version.";

function failed({ name }: Job, reason: string, remedy: string): TaskStatus {
  return { kind: "failed", message: `${name === "" ? "its job" : name}: ${reason.replace(/\.$/, "")}.`, remedy };
}
