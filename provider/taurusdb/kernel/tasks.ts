import type { Clock } from "../../core/runtime";
import type { Absent } from "../../core/unit";
import type { Gateway } from "../../huaweicloud/gateway";
import { jobStateOf, timeOf } from "../../huaweicloud/jobs";
import type { Freshness } from "../../huaweicloud/shared-read";
import type { Project } from "../project";
import { conditionOf, type Instance, type JobRow, type ScheduleRow } from "../schema";
import { hasEnded, isOfStarRocks, KERNEL_UPGRADE, readFailedJobs, readJobs, VERSION_UPGRADE } from "../tasks";

/** How long upgrades are polled without reading their instances, in milliseconds. */
const LONGEST = 5 * 60_000;
/**
 * While all awaited instances are busy, only one poll in this many reads their jobs: they fit half as many per page.
 */
const JOBS_TURN = 4;

/** The instances of an observation. */
export interface Found {
  readonly found: readonly Instance[];
  readonly absent: readonly Absent[];
}

/** An observation in which nothing remains but to wait. */
interface Awaited {
  readonly found: Found;
  /** Those that are awaited; each has an unfinished job. */
  readonly open: readonly Instance[];
  /** All kernel upgrades of the last hours in the project. */
  readonly jobs: readonly JobRow[];
}

/**
 * Polls upgrades through their jobs only: the first page of running jobs, with their total, shows whether any has
 * changed. After a change, and once every five minutes, everything is read again, because only that shows the result.
 */
export class Follower {
  readonly #clock: Clock;
  #awaited: Awaited | undefined;
  /** When the instances were last read, in elapsed milliseconds. */
  #readAt = 0;
  #waits = 0;
  /** Jobs that a page contradicted. If a full read confirms them, pages are unreliable in this region. */
  #doubted: string | undefined;
  /** Some regions may not filter the total, so their pages prove nothing. */
  #unfit = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param awaited undefined if a request is needed or nothing is awaited */
  read(awaited: Awaited | undefined): void {
    this.#awaited = awaited;
    this.#readAt = this.#clock.elapsed();
    const doubted = this.#doubted;
    this.#doubted = undefined;
    this.#unfit ||= doubted !== undefined && doubted === nameOf(awaited?.jobs ?? []);
  }

  forget(): void {
    this.#awaited = undefined;
  }

  /** The last observation, with the current progress of the jobs; undefined when everything must be read again. */
  async follow(project: Project, fresh: Freshness, signal: AbortSignal): Promise<Awaited | undefined> {
    const awaited = this.#awaited;
    if (awaited === undefined || this.#unfit || this.#clock.elapsed() - this.#readAt > LONGEST) return undefined;
    const running = awaited.jobs.filter(isRunning);
    const states = [...new Set(running.map(({ status }) => status))];
    if (states.length === 0 || states.some((state) => !isPlain(state))) return undefined;
    const pages = await Promise.all(states.map((state) => project.jobsIn(state).read(fresh, signal)));
    const now = new Map(pages.flatMap(({ jobs }) => jobs).map((row) => [row.job_id, row]));
    const known = new Map(running.map((row) => [row.job_id, row]));
    const same =
      pages.every(({ total }, at) => total === running.filter(({ status }) => status === states[at]).length) &&
      [...now.values()].every(({ job_id, status }) => known.get(job_id)?.status === status);
    if (!same) {
      this.#doubted = nameOf(awaited.jobs);
      return undefined;
    }
    this.#awaited = { ...awaited, jobs: awaited.jobs.map((row) => now.get(row.job_id) ?? row) };
    return this.#awaited;
  }

  /** The awaited jobs, if every one of their instances is still busy and at the same kernel. */
  stillBusy(found: readonly Instance[]): readonly JobRow[] | undefined {
    const awaited = this.#awaited;
    if (awaited === undefined || this.#doubted !== undefined || ++this.#waits % JOBS_TURN === 0) return undefined;
    const now = new Map(found.map((instance) => [instance.id, instance]));
    const same = ({ id, datastore }: Instance) => {
      const instance = now.get(id);
      return (
        conditionOf(instance?.status ?? "") === "busy" &&
        instance?.datastore.kernel_version === datastore.kernel_version
      );
    };
    return awaited.open.every(same) ? awaited.jobs : undefined;
  }
}

/** Upgrades that matter, although they are too old for the list of recent ones and have ended. */
export class OldJobs {
  readonly #gateway: Gateway;
  /** Those of this resource's instances that were listed, as last read, by id. */
  readonly #listed = new Map<string, JobRow>();
  /** Failed upgrades of the project; undefined while they are not needed. */
  #failed: readonly JobRow[] | undefined;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /**
   * Appends them to the jobs that the lists show.
   * @param open the instances whose upgrades matter
   * @param earlier whether an upgrade of an earlier run may have failed
   */
  async appendedTo(jobs: readonly JobRow[], open: readonly Instance[], earlier: boolean): Promise<readonly JobRow[]> {
    const ids = new Set(open.map(({ id }) => id));
    const isOpen = ({ instance_id }: JobRow) => ids.has(instance_id);
    for (const row of jobs.filter(isOpen)) this.#listed.set(row.job_id, row);
    const shown = new Set(jobs.map(({ job_id }) => job_id));
    const hidden = [...this.#listed.values()].filter((row) => isOpen(row) && !shown.has(row.job_id));
    for (const row of hidden) if (!hasEnded(row)) await this.#reread(row.job_id);
    if (earlier) this.#failed ??= await readFailedJobs(this.#gateway, KERNEL_UPGRADE);
    const old = [...this.#listed.values(), ...(this.#failed ?? [])].filter(isOpen);
    return unique([...jobs, ...old.sort((a, b) => createdAt(b) - createdAt(a))]);
  }

  async #reread(id: string): Promise<void> {
    const now = (await readJobs(this.#gateway, { jobId: id })).find(({ job_id }) => job_id === id);
    if (now === undefined) this.#listed.delete(id);
    else this.#listed.set(id, now);
  }
}

function createdAt({ created_time }: JobRow): number {
  return timeOf(created_time) ?? 0;
}

function unique(rows: readonly JobRow[]): readonly JobRow[] {
  const first = new Map<string, JobRow>();
  for (const row of rows) if (!first.has(row.job_id)) first.set(row.job_id, row);
  return [...first.values()];
}

/** Whether the service can filter jobs by this state. */
function isPlain(status: string): boolean {
  const state = jobStateOf(status);
  return state === "running" || state === "pending";
}

function nameOf(jobs: readonly JobRow[]): string {
  return jobs
    .filter(isRunning)
    .map(({ job_id, status }) => `${job_id} ${status}`)
    .join();
}

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

/** Appends the unfinished jobs that are not among the recent ones. */
export function withUnfinished(recent: readonly JobRow[], unfinished: readonly JobRow[]): readonly JobRow[] {
  return unique([...recent, ...unfinished]);
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
  return state === "running" || state === "pending" || state === "undocumented";
}
