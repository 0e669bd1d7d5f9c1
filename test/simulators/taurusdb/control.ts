import type { Clock } from "../shell/clock";
import { type BackupSpec, makeBackup } from "./backups";
import { advance, endJob, plan, planEnd } from "./engine";
import { GatewayControl } from "./gatewaycontrol";
import { IdentityControl } from "./identity";
import { latestKernel } from "./kernel";
import { type InstanceSpec, makeInstance, makeStarRocks, type StarRocksSpec } from "./making";
import { DEFAULTS } from "./options";
import type { Conditions, InstanceState, RegionFeature, RegionState, Script, StarRocksState } from "./state";
import { percentAt } from "./status";
import type { Switches } from "./switches";
import { isOver, type JobState } from "./task";
import { reschedule } from "./tasks";
import type { Timings } from "./timings";
import { windowOf } from "./window";
import { regionOf, type World } from "./world";

/** The upgrades of a script: a TaurusDB or StarRocks id, by default the next upgrade of any; once by default. */
export interface UpgradeChoice {
  readonly instance?: string;
  readonly times?: number;
}

/** What happens to the cloud from outside its API. Everything takes effect at the current time of the clock. */
export class CloudControl {
  /** Accounts, users, keys and tokens. */
  readonly iam: IdentityControl;
  /** Failing and throttled calls, unreachable hosts, the service's clock. */
  readonly gateway: GatewayControl;
  readonly #world: World;
  readonly #clock: Clock;

  constructor(world: World, clock: Clock) {
    this.#world = world;
    this.#clock = clock;
    this.iam = new IdentityControl(world, clock);
    this.gateway = new GatewayControl(world);
  }

  /** A TaurusDB instance; without a project in the first one. */
  addInstance(spec: Partial<InstanceSpec> = {}): InstanceState {
    const { state, instances, random } = this.#world;
    const whole: InstanceSpec = {
      id: `${random.hex(32)}in07`,
      name: `db${state.instances.length + 1}`,
      projectId: DEFAULTS.projectId,
      kernel: "2.0.69.250900",
      ...spec,
    };
    const instance = makeInstance(whole, this.#catchUp());
    state.instances.push(instance);
    instances.set(instance.id, instance);
    return instance;
  }

  /** A full backup of an instance; by default it is complete and has just ended. */
  addBackup(instance: string, spec: BackupSpec = {}): void {
    const { id } = this.instance(instance);
    const { state, random } = this.#world;
    state.backups = [...(state.backups ?? []), makeBackup(`${random.hex(32)}br07`, id, spec, this.#catchUp())];
  }

  /** A StarRocks instance, by default beside the default TaurusDB instance. */
  addStarRocks(spec: Partial<StarRocksSpec> = {}): StarRocksState {
    const { state, starRocks, random } = this.#world;
    const id = `${random.hex(32)}in17`;
    const parent = spec.parent ?? this.instance();
    const name = `sr${state.starRocks.length + 1}`;
    const made = makeStarRocks({ id, name, kernel: "3.1.6.0", ...spec, parent }, this.#catchUp());
    state.starRocks.push(made);
    starRocks.set(made.id, made);
    return made;
  }

  /** Deletes a TaurusDB instance with its StarRocks instances, or a StarRocks instance. */
  removeInstance(id: string): void {
    const { state, instances, starRocks } = this.#world;
    this.#catchUp();
    const gone = new Set([id, ...state.starRocks.filter((one) => one.parent === id).map((one) => one.id)]);
    state.instances = state.instances.filter((one) => !gone.has(one.id));
    state.starRocks = state.starRocks.filter((one) => !gone.has(one.id));
    for (const each of gone) {
      instances.delete(each);
      starRocks.delete(each);
    }
  }

  /** Offers a newer kernel: to every instance of a region (default: the first), or to one instance only. */
  offer(kernel: string, { region, instance }: { region?: string; instance?: string } = {}): void {
    this.#catchUp();
    if (instance !== undefined) this.#subject(instance).offered = kernel;
    else {
      const id = `87620726-6802-46c0-9028-${this.#world.random.hex(12)}`;
      this.#region(region).kernels.push({ id, version: "8.0.22", kernel });
    }
  }

  offerStarRocks(kernel: string, { region }: { region?: string } = {}): void {
    this.#catchUp();
    const id = `0a6fe5d3-2c0c-4f7f-8ee0-${this.#world.random.hex(12)}`;
    this.#region(region).starRocksKernels.push({ id, kernel });
  }

  /** Drift: changes the kernel of a TaurusDB or StarRocks instance outside the API. */
  setKernel(kernel: string, id: string = DEFAULTS.instanceId): void {
    this.#catchUp();
    this.#subject(id).kernel = kernel;
  }

  /** A v3 status, for `ms` milliseconds or for good: FROZEN, BACKING UP, STORAGE FULL, SWITCHOVER … */
  setStatus(status: string, { instance, ms }: { readonly instance?: string; readonly ms?: number } = {}): void {
    const now = this.#catchUp();
    const subject = this.#subject(instance ?? DEFAULTS.instanceId);
    subject.status = status;
    subject.statusUntil = ms === undefined ? null : now + ms;
  }

  /** Forbids upgrades of an instance, or allows them again. */
  deny(id: string = DEFAULTS.instanceId, denied = true): void {
    this.#catchUp();
    this.#subject(id).denied = denied;
  }

  setConditions(conditions: Partial<Conditions>, id: string = DEFAULTS.instanceId): void {
    this.#catchUp();
    Object.assign(this.instance(id).conditions, conditions);
  }

  /** Running synchronization tasks of a StarRocks instance. */
  setSyncTasks(tasks: number, id: string): void {
    this.#catchUp();
    const found = this.#world.starRocks.get(id);
    if (found === undefined) throw new Error(`there is no StarRocks instance ${id}`);
    found.syncTasks = tasks;
  }

  /** "18:00", UTC: the window lasts four hours. */
  setWindow(start: string, id: string = DEFAULTS.instanceId): void {
    const end = `${String((Number(start.slice(0, 2)) + 4) % 24).padStart(2, "0")}:00`;
    const window = windowOf(start, end);
    if (window === undefined) throw new Error(`a window cannot start at ${start}`);
    const subject = this.#subject(id);
    subject.window = window;
    reschedule(this.#world, subject, this.#catchUp());
  }

  /** "Apply Upgrade" in the console: ends the last round of an old kernel (TaurusDB facts §3.1, scenario 2). */
  applyUpgrade(id: string = DEFAULTS.instanceId): void {
    const now = this.#catchUp();
    const instance = this.instance(id);
    if (instance.preparation !== "toBeConfirmed") throw new Error(`no upgrade of ${id} waits to be confirmed`);
    instance.kernel = latestKernel(regionOf(this.#world, instance.projectId), instance);
    instance.preparation = "none";
    instance.updatedAt = now;
  }

  /** Makes an upgrade fail at some percent (default 50). */
  fail({ percent = 50, reason, ...choice }: UpgradeChoice & { percent?: number; reason?: string } = {}): void {
    this.#script({ what: "fail", percent, reason: reason ?? "The upgrade failed and was rolled back." }, choice);
  }

  /** Makes an upgrade hang at some percent (default 50). */
  hang({ percent = 50, ...choice }: UpgradeChoice & { percent?: number } = {}): void {
    this.#script({ what: "hang", percent, reason: "" }, choice);
  }

  /** Drops an accepted upgrade: no job, no state. */
  vanish(choice: UpgradeChoice = {}): void {
    this.#script({ what: "vanish", percent: 0, reason: "" }, choice);
  }

  /** Makes an upgrade complete at an outdated version: `to`, or the previous one. */
  fallBehind({ to, ...choice }: UpgradeChoice & { to?: string } = {}): void {
    this.#script({ what: "fallBehind", percent: 0, reason: "", ...(to === undefined ? {} : { to }) }, choice);
  }

  /** Makes an upgrade complete and leave its instance FAILED; StarRocks reports that as abnormal. */
  damage(choice: UpgradeChoice = {}): void {
    this.#script({ what: "damage", percent: 0, reason: "" }, choice);
  }

  /** Makes an upgrade wait as "Unauthorized" until `approve` or `cancelJob`. */
  awaitApproval(choice: UpgradeChoice = {}): void {
    this.#script({ what: "awaitApproval", percent: 0, reason: "" }, choice);
  }

  approve(jobId?: string): void {
    const now = this.#catchUp();
    const job = this.job(jobId);
    if (job.status !== "Unauthorized") throw new Error(`job ${job.id} is ${job.status}, not Unauthorized`);
    job.status = "Pending";
    plan(this.#world, job, [{ at: now + this.#world.state.timings.startMs, step: "start" }]);
    advance(this.#world, now);
  }

  /** Resumes a hung job (default: the last). */
  unhang(jobId?: string): void {
    const now = this.#catchUp();
    const job = this.job(jobId);
    if (job.hungAt === null) throw new Error(`job ${job.id} does not hang`);
    const done = Math.floor((job.runMs * percentAt(job, now)) / 100);
    job.hungAt = null;
    job.startedAt = now - done;
    planEnd(this.#world, job, now, job.startedAt + job.runMs);
    advance(this.#world, now);
  }

  /** Ends a job (default: the last) as failed, now. */
  failJob(reason: string, jobId?: string): void {
    const now = this.#catchUp();
    const job = this.job(jobId);
    if (isOver(job.status)) throw new Error(`job ${job.id} is over`);
    job.failReason = reason;
    endJob(this.#world, job, now, "Failed");
  }

  /** Ends a job (default: the last) as canceled, now. */
  cancelJob(jobId?: string): void {
    const now = this.#catchUp();
    const job = this.job(jobId);
    if (isOver(job.status)) throw new Error(`job ${job.id} is over`);
    endJob(this.#world, job, now, "Canceled");
  }

  /** Overrides the status of a job (default: the last), such as "Unknown"; null removes the override. */
  showStatus(status: string | null, jobId?: string): void {
    this.#catchUp();
    this.job(jobId).shownStatus = status;
  }

  setFeatures(features: readonly RegionFeature[], region?: string): void {
    this.#region(region).features = [...features];
  }

  setSwitches(switches: Partial<Switches>): void {
    this.#catchUp();
    Object.assign(this.#world.state.switches, switches);
  }

  /** For jobs that are accepted from now on. */
  setTimings(timings: Partial<Timings>): void {
    this.#catchUp();
    this.#world.state.timings = { ...this.#world.state.timings, ...timings };
  }

  instance(id: string = DEFAULTS.instanceId): InstanceState {
    const found = this.#world.instances.get(id);
    if (found === undefined) throw new Error(`there is no instance ${id}`);
    return found;
  }

  /** A job by its id, or the last that was accepted. */
  job(id?: string): JobState {
    const found = id === undefined ? this.#world.state.jobs.at(-1) : this.#world.jobs.get(id);
    if (found === undefined) throw new Error(id === undefined ? "there is no job yet" : `there is no job ${id}`);
    return found;
  }

  #catchUp(): number {
    const now = this.#clock.now();
    advance(this.#world, now);
    return now;
  }

  #subject(id: string): InstanceState | StarRocksState {
    return this.#world.starRocks.get(id) ?? this.instance(id);
  }

  #region(name?: string): RegionState {
    const { regions } = this.#world.state;
    const found = name === undefined ? regions[0] : regions.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no region ${name ?? ""}`);
    return found;
  }

  #script(script: Omit<Script, "left" | "instance">, { instance, times = 1 }: UpgradeChoice): void {
    this.#catchUp();
    if (instance !== undefined) this.#subject(instance);
    this.#world.state.scripts.push({ ...script, ...(instance === undefined ? {} : { instance }), left: times });
  }
}
