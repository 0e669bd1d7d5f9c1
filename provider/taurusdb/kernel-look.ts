import type { Clock } from "../core/clock";
import type { Constraint, Standing } from "../core/constraint";
import { formatDuration } from "../core/duration";
import { Unreachable } from "../core/errors";
import type { Absent, FleetMember, FleetObservation } from "../core/fleet/fleet";
import type { Finding } from "../core/pin";
import { parseVersion, type Version } from "../core/version";
import type { Access } from "./access";
import { eachOf } from "./each";
import { readDatabaseVersion, readInstance } from "./instances";
import { canonicalJobId } from "./job-ids";
import { kernelMember, standingOf } from "./kernel-member";
import type { Project } from "./project";
import type { Instance, JobRow, ScheduleRow } from "./schema";
import type { Freshness } from "./shared";
import { conditionOf, jobStateOf, percentOf } from "./status";
import { readTaskDetail, remainingOf, VERSION_UPGRADE } from "./tasks";
import { nextWindow, windowOf } from "./window";

/** How old what other pins have read may be, in milliseconds. */
const FRESH = 5_000;
/** Reads of single instances that are under way at a time. */
const AT_ONCE = 8;
/** While everything that is waited for is busy, its jobs are read in one look of so many: they have half as many to a page. */
const JOBS_TURN = 4;

export interface KernelLookOptions {
  readonly access: Access;
  readonly ids: readonly string[];
  readonly constraint: Constraint;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the pre-check has against an instance at its present kernel. */
  readonly objectionTo: (instance: Instance) => Finding | undefined;
}

/** The instances of a look. */
interface Found {
  readonly found: readonly Instance[];
  readonly absent: readonly Absent[];
}

type Jobs = ReadonlyMap<string, JobRow>;

/** The lists of tasks by instance, each read at most once in a look. */
interface Rows {
  jobs(): Promise<Jobs>;
  schedules(): Promise<ReadonlyMap<string, ScheduleRow>>;
  /** Begins with those that will be wanted, most likely. */
  early(): void;
}

/** Looks at the instances of one pin, again and again; what does not change between two looks is read once. */
export class KernelLook {
  readonly #options: KernelLookOptions;
  /** What is offered, by instance and kernel. */
  readonly #offered = new Map<string, Version | undefined>();
  /** When the last look of these instances ended, by whichever pin, or the last call: what was read before is old. */
  #after = 0;
  /** What is shared with other pins, once it is known. */
  #project: Project | undefined;
  /** What the last look waited for, when nothing else was to be done. */
  #awaited: { readonly open: readonly Instance[]; readonly jobs: Jobs } | undefined;
  #waits = 0;
  #looks = 0;
  /** When the task centre thinks that it is over. */
  #endsAt: number | undefined;

  constructor(options: KernelLookOptions) {
    this.#options = options;
  }

  /** Something was changed: what was read before is old. */
  changed(): void {
    this.#after = this.#project?.moments.latest ?? 0;
    this.#offered.clear();
    this.#awaited = undefined;
  }

  /** @param scheduled whether tasks that wait for a window matter even where the pin holds */
  async look(scheduled: boolean): Promise<FleetObservation> {
    const { access, ids } = this.#options;
    const project = await access.project();
    this.#project = project;
    if (this.#looks === 0) this.#after = project.seenAt(ids);
    const fresh = { after: this.#after, within: FRESH };
    const { found, absent } = await this.#find(fresh);
    const rows = this.#rows(fresh, this.#stillBusy(found));
    // Beside the offers: before the first plan every round trip counts.
    if (found.some((instance) => this.#isOpen(instance))) rows.early();
    await this.#readOffers(found);
    const open = found.filter((instance) => this.#isOpen(instance));
    const jobs = open.length === 0 ? new Map<string, JobRow>() : await rows.jobs();
    const idle = open.filter(
      (instance) => conditionOf(instance.status) === "ready" && !isRunning(jobs.get(instance.id)),
    );
    const schedules = idle.length === 0 && !scheduled ? new Map<string, ScheduleRow>() : await rows.schedules();
    const waiting = open.length > 0 && !scheduled && open.every(({ id }) => isRunning(jobs.get(id)));
    this.#awaited = waiting ? { open, jobs } : undefined;
    const members = await eachOf(found, AT_ONCE, (instance) =>
      this.#member(instance, jobs.get(instance.id), schedules.get(instance.id)),
    );
    this.#after = project.saw(ids);
    this.#looks += 1;
    const outlook = await this.#outlook(open.flatMap(({ id }) => jobs.get(id) ?? []));
    const unreadable = members.indexOf(undefined);
    const known = members.filter((member) => member !== undefined);
    const strange = found[unreadable];
    return {
      members: known,
      absent,
      ...(outlook === undefined ? {} : { outlook }),
      ...(strange === undefined
        ? {}
        : { unknown: `the kernel of ${strange.id} is not told ("${strange.datastore.kernel_version}")` }),
    };
  }

  /** Of these tasks, those that still wait for their window, as the service writes their ids. */
  async pending(tasks: readonly string[]): Promise<string[]> {
    const { access, signal } = this.#options;
    const { moments, schedules } = await access.project();
    const rows = await schedules.read({ after: moments.latest, within: FRESH }, signal);
    return rows.map(({ job_id }) => job_id).filter((id) => tasks.includes(canonicalJobId(id)));
  }

  /** One that is not in the list may have slipped between two of its pages. */
  async #find(fresh: Freshness): Promise<Found> {
    const { access, ids, signal } = this.#options;
    const { instances } = await access.project();
    const listed = await instances.read(fresh, signal);
    const each = await eachOf(ids, AT_ONCE, async (id) => listed.get(id) ?? (await readInstance(access.gateway, id)));
    const projectId = await access.gateway.projectId();
    return {
      found: each.filter((instance) => instance !== undefined),
      absent: ids.flatMap((name, at) =>
        each[at] === undefined ? [{ name, finding: missing(projectId, access.place) }] : [],
      ),
    };
  }

  /** What an upgrade would lead to, where that matters. */
  async #readOffers(found: readonly Instance[]): Promise<void> {
    const { access, constraint } = this.#options;
    const asked = found.filter((instance) => {
      const matters = constraint.kind === "latest" || this.#standing(instance) === "behind";
      return matters && !this.#offered.has(offerKey(instance));
    });
    await eachOf(asked, AT_ONCE, async (instance) => {
      const told = await readDatabaseVersion(access.gateway, instance.id);
      this.#offered.set(offerKey(instance), parseVersion(told?.datastore.latest_kernel_version ?? ""));
    });
  }

  #standing(instance: Instance): Standing {
    const version = parseVersion(instance.datastore.kernel_version);
    const offered = this.#offered.get(offerKey(instance));
    return version === undefined ? "behind" : standingOf(version, offered, this.#options.constraint);
  }

  /** Whether something may be done, or to do, about it. */
  #isOpen(instance: Instance): boolean {
    return conditionOf(instance.status) === "busy" || this.#standing(instance) === "behind";
  }

  /** @param known jobs of an earlier look that will do */
  #rows(fresh: Freshness, known: Jobs | undefined): Rows {
    const jobs = once(async () => known ?? (await this.#jobs(fresh)));
    const schedules = once(() => this.#schedules(fresh));
    const early = () => {
      jobs().catch(() => undefined);
      if (this.#looks === 0) schedules().catch(() => undefined);
    };
    return { jobs, schedules, early };
  }

  /** The jobs that the last look waited for, when every instance of theirs is still busy and at the same kernel. */
  #stillBusy(found: readonly Instance[]): Jobs | undefined {
    const awaited = this.#awaited;
    if (awaited === undefined || ++this.#waits % JOBS_TURN === 0) return undefined;
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

  /** The newest kernel upgrade of each instance. */
  async #jobs(fresh: Freshness): Promise<Jobs> {
    const { access, signal } = this.#options;
    const rows = await (await access.project()).jobs.read(fresh, signal);
    const newest = new Map<string, JobRow>();
    for (const row of rows) {
      if (!newest.has(row.instance_id) || isRunning(row)) newest.set(row.instance_id, row);
    }
    return newest;
  }

  async #schedules(fresh: Freshness): Promise<ReadonlyMap<string, ScheduleRow>> {
    const { access, signal } = this.#options;
    const rows = await (await access.project()).schedules.read(fresh, signal);
    const pending = rows.filter((row) => row.job_name === VERSION_UPGRADE && jobStateOf(row.job_status) === "pending");
    return new Map(pending.map((row) => [row.instance_id, row]));
  }

  async #member(
    instance: Instance,
    job: JobRow | undefined,
    row: ScheduleRow | undefined,
  ): Promise<FleetMember | undefined> {
    const { constraint, objectionTo } = this.#options;
    const offered = this.#offered.get(offerKey(instance));
    const schedule =
      row === undefined ? undefined : { row, window: windowOf(row) ?? (await this.#nextWindow(instance)) };
    return kernelMember({ instance, offered, job, schedule, objection: objectionTo(instance) }, constraint);
  }

  /** What the task centre says of the one that is least far. */
  async #outlook(rows: readonly JobRow[]): Promise<string | undefined> {
    const { access, clock } = this.#options;
    const running = rows.filter((row) => row.show_detail === true && isRunning(row));
    const [last] = running.sort((a, b) => (percentOf(a.process) ?? 0) - (percentOf(b.process) ?? 0));
    if (last === undefined) return undefined;
    if ((await access.project()).detailTurn()) {
      const detail = await readTaskDetail(access.gateway, last).catch(unlessUnreachable);
      const seconds = detail === undefined ? undefined : remainingOf(detail);
      this.#endsAt = seconds === undefined ? undefined : clock.elapsed() + seconds * 1_000;
    }
    const left = (this.#endsAt ?? 0) - clock.elapsed();
    return left > 0 ? `about ${formatDuration(left)} left` : undefined;
  }

  async #nextWindow({ id }: Instance) {
    const detail = await readInstance(this.#options.access.gateway, id);
    const now = this.#options.clock.now();
    return nextWindow(detail?.maintenance_window ?? "", now) ?? { opens: iso(now), closes: iso(now + 24 * 3_600_000) };
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => (reading ??= read());
}

function isRunning(row: JobRow | undefined): boolean {
  if (row === undefined) return false;
  const state = jobStateOf(row.status);
  return state === "running" || state === "pending" || state === "strange";
}

/** The task centre is asked for the sake of the person who waits: it may be away. */
function unlessUnreachable(error: unknown): undefined {
  if (!(error instanceof Unreachable)) throw error;
}

function offerKey({ id, datastore }: Instance): string {
  return `${id} ${datastore.kernel_version}`;
}

function missing(projectId: string, place: string): Finding {
  return {
    code: "instance-missing",
    message: `There is no such instance in project ${projectId} at ${place}.`,
    remedy: "Check the id, `region` and `projectId`, or take it out of `instanceIds`.",
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
