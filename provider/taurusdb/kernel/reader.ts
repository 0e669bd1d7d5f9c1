import { once } from "../../base/once";
import { formatDuration } from "../../base/sentences";
import type { Observation } from "../../core/driver";
import { Missing } from "../../core/errors";
import type { Requested } from "../../core/request";
import type { Clock } from "../../core/runtime";
import type { Absent, Finding, Unit, View } from "../../core/unit";
import { type Constraint, parseVersion, type Standing } from "../../core/version";
import { canonicalJobId, percentOf } from "../../huaweicloud/jobs";
import type { Freshness } from "../../huaweicloud/shared-read";
import type { Access, Project } from "../project";
import { conditionOf, type Instance, type JobRow, type ScheduleRow } from "../schema";
import { anyWindow, remainingSeconds, windowOf } from "../tasks";
import { eachInstance, isUnreported, type Offer, readInstance } from "./instances";
import { Follower, type Found, isRunning, jobsOf, OldJobs, schedulesOf, withUnfinished } from "./tasks";
import { kernelUnit, standingOf } from "./unit";

/** Maximum age of reads by other resources, in milliseconds. */
export const FRESH = 5_000;
/** The same for upgrades that were accepted hours ago. */
const FRESH_OLD = 60_000;

/** An observation of the instances. */
export interface KernelObservation extends Observation, View {}

export interface KernelReaderOptions {
  readonly access: Access;
  readonly ids: readonly string[];
  readonly constraint: Constraint;
  /** Whether upgrades are requested for the maintenance window. */
  readonly schedules: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The pre-check's finding against an instance at its current kernel. */
  readonly objectionTo: (instance: Instance) => Finding | undefined;
}

/** The lists of tasks, each read at most once per observation. */
interface Rows {
  jobs(): Promise<readonly JobRow[]>;
  unfinished(): Promise<readonly JobRow[]>;
  schedules(): Promise<readonly ScheduleRow[]>;
  /** Starts the reads that are most likely needed. */
  early(): void;
}

/** Polls the instances of one resource. Data that does not change between two polls is read once. */
export class KernelReader {
  readonly #options: KernelReaderOptions;
  readonly #follower: Follower;
  readonly #old: OldJobs;
  /**
   * When the last observation of these instances, by any resource, or the last request ended. Older reads are stale.
   */
  #after = 0;
  /** The same at the first observation. */
  #opened = 0;
  /** Accepted upgrades by instance, and until when they may not be visible, in elapsed milliseconds. */
  readonly #accepted = new Map<string, number>();
  /** Shared with other resources, once it is known. */
  #project: Project | undefined;
  #polls = 0;
  /** The end estimated by the task center. */
  #endsAt: number | undefined;

  constructor(options: KernelReaderOptions) {
    this.#options = options;
    this.#follower = new Follower(options.clock);
    this.#old = new OldJobs(options.access.gateway);
  }

  /** Something was changed: earlier reads are stale. */
  changed(): void {
    this.#after = this.#project?.moments.latest ?? 0;
    this.#follower.forget();
  }

  /**
   * The upgrade of these instances was accepted. It becomes visible seconds later, so until then one later read is
   * enough.
   */
  accepted(ids: readonly string[]): void {
    const until = this.#options.clock.elapsed() + FRESH;
    for (const id of ids) this.#accepted.set(id, until);
  }

  /** The service has refused to upgrade these instances: their offers are read again. */
  refused(units: readonly Requested[], isLatest: boolean): void {
    const [only, ...others] = units;
    if (isLatest && only !== undefined && others.length === 0) this.#project?.offers.isLatest(only.unit, only.from);
    this.#project?.offers.forget(units.map(({ unit }) => unit));
  }

  /** @param scheduled whether pending or running tasks matter even for up-to-date instances */
  async read(scheduled: boolean): Promise<KernelObservation> {
    const { access, ids } = this.#options;
    const project = await access.project();
    this.#project = project;
    if (this.#polls === 0) this.#after = this.#opened = project.polls.of(ids);
    const fresh = { after: this.#after, within: FRESH };
    const { signal } = this.#options;
    const followed = scheduled ? undefined : await this.#follower.follow(project, fresh, signal);
    const seen = followed?.found ?? (await this.#find(fresh, project));
    const { found, absent } = seen;
    const rows = this.#rows(fresh, followed?.jobs ?? this.#follower.stillBusy(found));
    // In parallel with the offers: before the first plan, every round trip counts.
    const concerned = (instance: Instance) => scheduled || this.#isOpen(instance);
    if (found.some(concerned)) rows.early();
    await this.#readOffers(found, project);
    const open = found.filter(concerned);
    const recent = open.length === 0 ? [] : await rows.jobs();
    const running = jobsOf(recent);
    const unseen = open.filter(({ id }) => !isRunning(running.get(id)));
    const idle = unseen.some(({ status }) => conditionOf(status) !== "busy");
    const [unfinished, pending] = await Promise.all([
      unseen.length > 0 ? rows.unfinished() : [],
      idle || scheduled ? rows.schedules() : [],
    ]);
    const jobs = jobsOf(await this.#old.appendedTo(withUnfinished(recent, unfinished), open, scheduled));
    const schedules = schedulesOf(pending);
    const awaited = open.length > 0 && !scheduled && open.every(({ id }) => isRunning(running.get(id)));
    if (followed === undefined) this.#follower.read(awaited ? { found: seen, open, jobs: recent } : undefined);
    const all = await eachInstance(found, (instance) =>
      this.#unit(instance, jobs.get(instance.id), schedules.get(instance.id)),
    );
    const moment = project.polls.note(ids);
    // Before a decision, the next observation reads again: two reads must agree.
    if (open.length === 0 || !open.every(({ id }) => this.#wasAccepted(id))) this.#after = moment;
    this.#polls += 1;
    const estimate = await this.#estimate(open.flatMap(({ id }) => jobs.get(id) ?? []));
    const units = all.filter((unit) => unit !== undefined);
    return {
      members: units.flatMap(({ members }) => members),
      units,
      absent,
      estimate,
      unknown: this.#unknownOf(found),
      missing: found.length > 0 ? undefined : missingFrom(absent),
    };
  }

  #wasAccepted(id: string): boolean {
    return this.#options.clock.elapsed() < (this.#accepted.get(id) ?? 0);
  }

  /** Of these tasks, those still scheduled for their maintenance window, by the ids that the service uses. */
  async pending(tasks: readonly string[]): Promise<string[]> {
    const { access, signal } = this.#options;
    const { moments, schedules } = await access.project();
    const rows = await schedules.read({ after: moments.latest, within: FRESH }, signal);
    return rows.map(({ job_id }) => job_id).filter((id) => tasks.includes(canonicalJobId(id)));
  }

  /** An instance that is not in the list may have been missed between two of its pages. */
  async #find(fresh: Freshness, { instances, offers }: Project): Promise<Found> {
    const { access, ids, signal } = this.#options;
    const listed = await instances.read(fresh, signal);
    const each = await eachInstance(ids, async (id) => {
      const instance = listed.get(id) ?? (await readInstance(access.gateway, id));
      return instance && offers.withKernel(access.gateway, instance);
    });
    const projectId = await access.gateway.projectId();
    return {
      found: each.filter((instance) => instance !== undefined),
      absent: ids.flatMap((name, at) =>
        each[at] === undefined ? [{ name, finding: missing(projectId, access.place) }] : [],
      ),
    };
  }

  /** The targets of upgrades, where they matter. */
  async #readOffers(found: readonly Instance[], { offers }: Project): Promise<void> {
    const { access, constraint } = this.#options;
    const isBehind = (instance: Instance) => this.#standing(instance) === "behind";
    const matters = (instance: Instance) => constraint.kind === "latest" || isBehind(instance);
    await offers.read(access.gateway, found.filter(matters), isBehind);
  }

  #offerTo(instance: Instance): Offer | undefined {
    return this.#project?.offers.of(instance);
  }

  /** Why no decision is possible, as a sentence. */
  #unknownOf(found: readonly Instance[]): string | undefined {
    const unreadable = found.find(({ datastore }) => parseVersion(datastore.kernel_version) === undefined);
    if (unreadable !== undefined) {
      return `the service reports no valid kernel version of ${unreadable.id} ("${unreadable.datastore.kernel_version}")`;
    }
    if (this.#options.constraint.kind !== "latest") return undefined;
    const unreported = found.find((instance) => isUnreported(this.#offerTo(instance)));
    return unreported && `the service does not report whether a newer kernel is offered to ${unreported.id}`;
  }

  #standing(instance: Instance): Standing {
    const version = parseVersion(instance.datastore.kernel_version);
    if (version === undefined) return "behind";
    return standingOf(version, this.#offerTo(instance), this.#options.constraint);
  }

  /** Whether the instance has an upgrade in progress or may need one. */
  #isOpen(instance: Instance): boolean {
    return conditionOf(instance.status) === "busy" || this.#standing(instance) === "behind";
  }

  /** @param known jobs of an earlier observation that are still valid */
  #rows(fresh: Freshness, known: readonly JobRow[] | undefined): Rows {
    const { access, signal } = this.#options;
    const jobs = once(async () => known ?? (await access.project()).jobs.read(fresh, signal));
    const old = { after: this.#opened, within: FRESH_OLD };
    const unfinished = once(async () => (await access.project()).unfinished.read(old, signal));
    const schedules = once(async () => (await access.project()).schedules.read(fresh, signal));
    const early = () => {
      // An error is thrown where the rows are used.
      jobs().catch(() => undefined);
      if (this.#polls > 0) return;
      unfinished().catch(() => undefined);
      schedules().catch(() => undefined);
    };
    return { jobs, unfinished, schedules, early };
  }

  async #unit(instance: Instance, job: JobRow | undefined, row: ScheduleRow | undefined): Promise<Unit | undefined> {
    const { constraint, schedules, objectionTo } = this.#options;
    const offer = this.#offerTo(instance);
    const schedule =
      row === undefined ? undefined : { row, window: windowOf(row) ?? (await this.#nextWindow(instance)) };
    return kernelUnit({ instance, offer, job, schedule, objection: objectionTo(instance) }, constraint, schedules);
  }

  /** The task center's estimate for the upgrade with the least progress. */
  async #estimate(rows: readonly JobRow[]): Promise<string | undefined> {
    const { access, clock, signal } = this.#options;
    const running = rows.filter((row) => row.show_detail === true && isRunning(row));
    const [last] = running.sort((a, b) => (percentOf(a.process) ?? 0) - (percentOf(b.process) ?? 0));
    if (last === undefined) return undefined;
    if ((await access.project()).detailTurn()) {
      const seconds = await remainingSeconds(access.gateway, last);
      signal.throwIfAborted();
      this.#endsAt = seconds === undefined ? undefined : clock.elapsed() + seconds * 1_000;
    }
    const left = (this.#endsAt ?? 0) - clock.elapsed();
    return left >= 1_000 ? `about ${formatDuration(left)} left` : undefined;
  }

  async #nextWindow({ id }: Instance) {
    const detail = await readInstance(this.#options.access.gateway, id);
    return anyWindow(detail?.maintenance_window ?? "", this.#options.access.gateway.now);
  }
}

/** None of the instances exists: neither the project's list nor a read of the instance returned one. */
function missingFrom(absent: readonly Absent[]): Missing | undefined {
  const [first] = absent;
  if (first === undefined) return undefined;
  const { message, remedy } = first.finding;
  const names = absent.map(({ name }) => name).join(", ");
  return new Missing(`${names}: ${message}`, { remedy, certain: true });
}

function missing(projectId: string, place: string): Finding {
  return {
    code: "instance-missing",
    message: `The instance does not exist in project ${projectId} at ${place}.`,
    remedy: "Check the id, `region` and `projectId`, or remove it from `instanceIds`.",
  };
}
