import type { Clock } from "../../core/clock";
import { Unreachable } from "../../core/errors";
import type { Task, TaskStatus } from "../../core/task";
import type { Gateway } from "../../huaweicloud/gateway";
import type { JobIds } from "../../huaweicloud/jobs";
import { jobStateOf, percentOf, readJob, timeOf } from "../../huaweicloud/jobs";
import type { Job } from "../../huaweicloud/schema";
import type { ScheduleRow } from "../schema";
import { conditionOf } from "../schema";
import { readSchedules, TaskCenter, VERSION_UPGRADE } from "../tasks";
import { anyWindow, windowOf } from "../window";
import { KIND } from "./activity";
import { actionsOf, dailyWindow, type Ids, readStarRocks } from "./instance";

/** A job can be asked for only some seconds after it was made, sometimes a minute. So long nothing is said of it. */
const UNSEEN = 30_000;
/** An upgrade that is accepted to run at once starts within 2 to 5 minutes, and has a job by then. */
const SLOW_START = 5 * 60_000;
/** How far the server's clock may be off ours before it says so. */
const CLOCKS_APART = 15 * 60_000;

export interface JobWatcherOptions {
  readonly gateway: Gateway;
  readonly ids: Ids;
  readonly jobIds: JobIds;
  readonly clock: Clock;
  /** Whether upgrades of this resource are meant for the maintenance window. */
  readonly delays: boolean;
}

/** Watches one upgrade of a StarRocks instance by its job. */
export class JobWatcher {
  readonly #options: JobWatcherOptions;
  readonly #center: TaskCenter;
  /** Since when the job has not been found. */
  #unseen: { readonly id: string; readonly since: number } | undefined;
  /** Since when the job has been seen waiting. */
  #waiting: { readonly id: string; readonly since: number } | undefined;
  /** When this run has started jobs, in elapsed milliseconds of the clock. */
  readonly #startedAt = new Map<string, number>();

  constructor(options: JobWatcherOptions) {
    this.#options = options;
    this.#center = new TaskCenter(options.gateway);
  }

  /** A job that this run has started. */
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
        return this.#settling();
      case "failed":
        return failed(job, job.fail_reason === "" ? "the service gives no reason" : job.fail_reason);
      case "canceled":
        return failed(job, "it was canceled");
      case "unauthorized":
        return { kind: "running", message: "waits for approval at Huawei Cloud" };
      case "strange":
        return { kind: "running", message: `is in the undocumented state "${job.status}"` };
    }
  }

  /**
   * Waited for a while within the run, also in one that does not wait for upgrades: it has to know whether there is any. It
   * counts as accepted until an upgrade would have begun.
   * @throws Unreachable for that while
   */
  #notSeen(task: Task): TaskStatus {
    const { id } = task;
    const now = this.#options.clock.elapsed();
    if (this.#unseen?.id !== id) this.#unseen = { id, since: now };
    const unseen = now - this.#unseen.since;
    if (unseen < UNSEEN) throw new Unreachable(`job ${id} cannot be read yet`, { sent: true, heard: true });
    if (Math.max(unseen, this.#ageOf(task)) >= SLOW_START) return { kind: "gone" };
    return { kind: "running", message: "accepted, its job is not visible yet" };
  }

  /** How long ago it was asked for, in milliseconds; 0 where that is not known. */
  #ageOf({ id, askedAt = "" }: Task): number {
    const { clock } = this.#options;
    const started = this.#startedAt.get(id);
    if (started !== undefined) return clock.elapsed() - started;
    const asked = Date.parse(askedAt);
    return Number.isNaN(asked) ? 0 : clock.now() - asked;
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

  /** Whether scheduled StarRocks upgrades are listed is not documented; one that begins at once does so within minutes. */
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

  /** A completed job leaves its instance and nodes a while to come to rest. */
  async #settling(): Promise<TaskStatus> {
    const detail = await readStarRocks(this.#options.gateway, this.#options.ids);
    if (detail === undefined) return { kind: "succeeded" };
    const nodes = detail.groups.flatMap((group) => group.nodes);
    const restless = [detail, ...nodes].find(({ status }) => status !== "" && conditionOf(status) !== "ready");
    const [action] = actionsOf(detail);
    if (restless !== undefined) {
      return {
        kind: "running",
        message: `the job is completed, ${restless.name || restless.id} is ${restless.status}`,
      };
    }
    if (action !== undefined) return { kind: "running", message: `the job is completed, ${action.action} still runs` };
    return { kind: "succeeded" };
  }
}

function failed({ name }: Job, reason: string): TaskStatus {
  return {
    kind: "failed",
    message: `${name === "" ? "its job" : name}: ${reason.replace(/\.$/, "")}.`,
    remedy: "Nothing was upgraded. Fix the cause, then run {apply} again.",
  };
}
