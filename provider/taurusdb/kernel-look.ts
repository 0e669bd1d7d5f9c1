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

export interface KernelLookOptions {
  readonly access: Access;
  readonly ids: readonly string[];
  readonly constraint: Constraint;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the pre-check has against an instance at its present kernel. */
  readonly objectionTo: (instance: Instance) => Finding | undefined;
}

/** Looks at the instances of one pin, again and again; what does not change between two looks is read once. */
export class KernelLook {
  readonly #options: KernelLookOptions;
  /** What is offered, by instance and kernel. */
  readonly #offered = new Map<string, Version | undefined>();
  /** When the last look ended, or the last call: nothing that was read before counts. */
  #after = 0;
  /** What is shared with other pins, once it is known. */
  #project: Project | undefined;
  /** When the task centre thinks that it is over. */
  #endsAt: number | undefined;

  constructor(options: KernelLookOptions) {
    this.#options = options;
  }

  /** Something was changed: what was read before is old. */
  changed(): void {
    this.#after = this.#project?.moments.latest ?? 0;
    this.#offered.clear();
  }

  /** @param scheduled whether tasks that wait for a window matter even where the pin holds */
  async look(scheduled: boolean): Promise<FleetObservation> {
    const project = await this.#options.access.project();
    this.#project = project;
    const fresh = { after: this.#after, within: FRESH };
    const { found, absent } = await this.#find(fresh);
    await this.#readOffers(found);
    const open = found.filter((instance) => this.#isOpen(instance));
    const jobs = open.length === 0 ? new Map<string, JobRow>() : await this.#jobs(fresh);
    const idle = open.filter(
      (instance) => conditionOf(instance.status) === "ready" && !isRunning(jobs.get(instance.id)),
    );
    const schedules = idle.length === 0 && !scheduled ? new Map<string, ScheduleRow>() : await this.#schedules(fresh);
    const members = await eachOf(found, AT_ONCE, (instance) =>
      this.#member(instance, jobs.get(instance.id), schedules.get(instance.id)),
    );
    this.#after = project.moments.latest;
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
  async #find(fresh: Freshness): Promise<{ found: Instance[]; absent: Absent[] }> {
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

  /** The newest kernel upgrade of each instance. */
  async #jobs(fresh: Freshness): Promise<Map<string, JobRow>> {
    const { access, signal } = this.#options;
    const rows = await (await access.project()).jobs.read(fresh, signal);
    const newest = new Map<string, JobRow>();
    for (const row of rows) {
      if (!newest.has(row.instance_id) || isRunning(row)) newest.set(row.instance_id, row);
    }
    return newest;
  }

  async #schedules(fresh: Freshness): Promise<Map<string, ScheduleRow>> {
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
