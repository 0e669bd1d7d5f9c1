import type { Clock } from "../../core/clock";
import { jobStateOf } from "../../huaweicloud/jobs";
import type { Freshness } from "../../huaweicloud/shared-read";
import type { Project } from "../project";
import { conditionOf, type Instance, type JobRow } from "../schema";
import { isRunning } from "./tasks";

/** For how long upgrades are followed without reading their instances, in milliseconds. */
const LONGEST = 5 * 60_000;
/** While everything that is waited for is busy, its jobs are read in one look of so many: they have half as many to a page. */
const JOBS_TURN = 4;

/** What a look has seen when nothing was to be done but wait. */
export interface Awaited<F> {
  /** The instances of the resource. */
  readonly found: F;
  /** Those that are waited for; each has a job that has not ended. */
  readonly open: readonly Instance[];
  /** All kernel upgrades of the last hours in the project. */
  readonly jobs: readonly JobRow[];
}

/**
 * Follows upgrades by their jobs alone: the first page of those that run, with their number, shows whether any has moved. When one
 * has, and once in five minutes, everything is read again: only that says what came of it.
 */
export class Follower<F> {
  readonly #clock: Clock;
  #awaited: Awaited<F> | undefined;
  /** When the instances were last read, in elapsed milliseconds. */
  #readAt = 0;
  #waits = 0;
  /** The jobs that did not fit a page of them. */
  #doubted: string | undefined;
  /** Some region may not count what it was asked for: there a page shows nothing. */
  #unfit = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param awaited undefined where there is something to be done, or nothing to wait for */
  read(awaited: Awaited<F> | undefined): void {
    this.#awaited = awaited;
    this.#readAt = this.#clock.elapsed();
    const doubted = this.#doubted;
    this.#doubted = undefined;
    this.#unfit ||= doubted !== undefined && doubted === nameOf(awaited?.jobs ?? []);
  }

  forget(): void {
    this.#awaited = undefined;
  }

  /** What was seen last, with the progress that the jobs have made; undefined when everything has to be read again. */
  async follow(project: Project, fresh: Freshness, signal: AbortSignal): Promise<Awaited<F> | undefined> {
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
    return { ...awaited, jobs: awaited.jobs.map((row) => now.get(row.job_id) ?? row) };
  }

  /** The jobs that were waited for, when every instance of theirs is still busy and at the same kernel. */
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

/** Whether the service can be asked for jobs in this state. */
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
