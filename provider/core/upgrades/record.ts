import type { Hold } from "../control/hold";
import type { FleetWords } from "../driver";
import type { Status, UpgradeRecord } from "../outcome";
import { CLAIM } from "../policy";
import type { Clock } from "../runtime";
import { BATCH, type Failure, spanOf, type Task, type Window } from "../task";
import { count } from "../texts/sentences";
import { lowestOf, type Unit, type Upgrade, type Waiting } from "../unit";
import { compareVersions, formatVersion, lowestVersion, parseVersion, type Version } from "../version";
import type { Attempts } from "./attempts";
import type { ScheduledTasks } from "./scheduled-tasks";

const OPEN = new Set<UpgradeRecord["state"]>(["running", "deferred", "unknown"]);

/** Whether the upgrade of the record is, or may be, incomplete at the vendor. */
export function isOpen({ state }: Pick<UpgradeRecord, "state">): boolean {
  return OPEN.has(state);
}

/**
 * When the request of a record was sent: milliseconds of `Clock.elapsed`. A missing time or one in the future counts as
 * now, so that a clock that was ahead does not keep a later run waiting.
 */
export function sentAt({ startedAt }: UpgradeRecord, { now, elapsed }: Moment): number {
  const sent = Date.parse(startedAt);
  return elapsed - (Number.isNaN(sent) ? 0 : Math.max(now - sent, 0));
}

/** One moment, on both clocks. */
interface Moment {
  readonly now: number;
  readonly elapsed: number;
}

/**
 * The upgrade record of a run: from the state, from requests that were sent, and from what the vendor reports.
 * `BatchRecord` combines the upgrades of many units in one record.
 */
export class RecordStore {
  /** The upgrade in the state when the run began. */
  readonly remembered: UpgradeRecord | undefined;
  readonly #clock: Clock;
  #upgrade: UpgradeRecord | undefined;
  #sentAt: number;

  constructor(clock: Clock, remembered: UpgradeRecord | undefined) {
    this.#clock = clock;
    this.remembered = remembered;
    this.#upgrade = remembered;
    const moment = { now: clock.now(), elapsed: clock.elapsed() };
    this.#sentAt = remembered === undefined ? moment.elapsed : sentAt(remembered, moment);
  }

  get upgrade(): UpgradeRecord | undefined {
    return this.#upgrade;
  }

  /** How long ago its request was sent, in milliseconds. */
  get age(): number {
    return this.#clock.elapsed() - this.#sentAt;
  }

  /** Whether the vendor has accepted, or may have accepted, our upgrade request. */
  get open(): boolean {
    return this.#upgrade !== undefined && isOpen(this.#upgrade);
  }

  /**
   * The status of a run that was stopped. A scheduled upgrade counts as `upgrading`: the run may have been about to
   * cancel it, so the next one must read it.
   * @param hold why an upgrade was not requested
   */
  stopped(hold: Hold | undefined): Status {
    if (this.open) return "upgrading";
    return hold === undefined ? "behind" : "held";
  }

  /** The status of a run that ends with a hold. */
  get heldStatus(): Status {
    if (!this.open) return "held";
    return this.#upgrade?.state === "deferred" ? "deferred" : "upgrading";
  }

  /** Whether this tool started the task. */
  owns(task: Pick<Task, "id">): boolean {
    return this.#upgrade?.task === task.id && this.#upgrade.joined !== true;
  }

  /** A failed upgrade is in progress again. */
  reopened(): void {
    if (this.#upgrade === undefined) return;
    const { finishedAt: _finishedAt, reason: _reason, ...rest } = this.#upgrade;
    this.#upgrade = { ...rest, state: "running" };
  }

  /** The request was accepted. @param sentAt when it was sent: milliseconds of `Clock.elapsed` */
  started(task: Task, upgrade: Upgrade, sentAt: number): void {
    const startedAt = this.#sent(sentAt);
    this.#upgrade = { task: task.id, kind: task.kind, from: upgrade.from, to: task.to, startedAt, state: "running" };
  }

  /** The request was sent, and its response lost. @param task the task it started if it arrived, if known */
  lost(upgrade: Upgrade, sentAt: number, task?: Task): void {
    const { id, kind, to } = task ?? { id: "unknown", kind: "upgrade", to: upgrade.step?.to ?? upgrade.route };
    this.#upgrade = { task: id, kind, from: upgrade.from, to, startedAt: this.#sent(sentAt), state: "unknown" };
  }

  #sent(at: number): string {
    this.#sentAt = at;
    return this.dateOf(at);
  }

  /**
   * The vendor reports this upgrade. What is already known about it is kept.
   * @param failure why it failed, if it did
   * @returns whether it was unknown before
   */
  found(task: Task, from: string, failure?: Failure): boolean {
    const state = failure === undefined ? "running" : "failed";
    const known = this.#upgrade;
    if (known?.task === task.id && known.state === state) return false;
    const lost = known?.state === "unknown" && this.age < CLAIM;
    const before = known?.task === task.id || lost ? known : undefined;
    this.#upgrade = {
      task: task.id,
      kind: task.kind,
      from: before?.from ?? from,
      // The requested version is more reliable than what a vendor reports later.
      to: before?.task === task.id ? before.to : task.to,
      startedAt: before?.startedAt ?? this.now(),
      ...(before === undefined || before.joined ? { joined: true as const } : {}),
      state: "running",
    };
    this.setState(state, failure?.message);
    return true;
  }

  /** The upgrade is scheduled for its window. */
  scheduled(window: Window): void {
    if (this.#upgrade !== undefined) this.#upgrade = { ...this.#upgrade, state: "deferred", window };
  }

  /** The upgrade has reached this state. @param reason of a failure */
  setState(state: UpgradeRecord["state"], reason?: string): void {
    if (this.#upgrade === undefined) return;
    const over = isOpen({ state }) ? {} : { finishedAt: this.now() };
    this.#upgrade = { ...this.#upgrade, state, ...over, ...(reason === undefined ? {} : { reason }) };
  }

  /** The upgrade now belongs to another resource. */
  release(): void {
    if (this.#upgrade !== undefined) this.#upgrade = { ...this.#upgrade, joined: true };
  }

  /** There is no upgrade. */
  forget(): void {
    this.#upgrade = undefined;
  }

  /** ISO 8601, UTC. */
  now(): string {
    return this.dateOf(this.#clock.elapsed());
  }

  /** By the current wall clock, which the next run also uses: ISO 8601, UTC. */
  protected dateOf(elapsed: number): string {
    return new Date(this.#clock.now() - (this.#clock.elapsed() - elapsed)).toISOString();
  }

  protected set(upgrade: UpgradeRecord): void {
    this.#upgrade = upgrade;
  }
}

/** Records the upgrades that a run requested or found in progress: the upgrades of all members as one. */
export class BatchRecord extends RecordStore {
  readonly #words: FleetWords;
  readonly #schedule: ScheduledTasks;
  readonly #accepted: "running" | "deferred";
  readonly #requested = new Map<string, Unit>();

  /** @param accepted the state of accepted requests whose task is not visible yet */
  constructor(
    clock: Clock,
    words: FleetWords,
    schedule: ScheduledTasks,
    accepted: "running" | "deferred",
    remembered: UpgradeRecord | undefined,
  ) {
    super(clock, remembered);
    this.#words = words;
    this.#schedule = schedule;
    this.#accepted = accepted;
  }

  /** Includes the scheduled tasks, if any. */
  override get upgrade(): UpgradeRecord | undefined {
    if (super.upgrade === undefined) return undefined;
    const { tasks: _, ...upgrade } = super.upgrade;
    return this.open && this.#schedule.size > 0 ? { ...upgrade, tasks: this.#schedule.tasks } : upgrade;
  }

  /** @param sentAt when the request was sent: milliseconds of `Clock.elapsed` */
  requested(members: readonly Unit[], sentAt: number, lost: boolean): void {
    const before = this.#requested.size === 0 ? undefined : this.upgrade;
    for (const member of members) this.#requested.set(member.name, { ...member, ...this.#versionAtFirst(member.name) });
    this.set({
      ...this.#about([...this.#requested.values()]),
      startedAt: before?.startedAt ?? this.dateOf(sentAt),
      state: lost || before?.state === "unknown" ? "unknown" : this.#accepted,
    });
  }

  /** Upgrades are in progress that this tool did not request. */
  joined(members: readonly Unit[]): void {
    if (this.open || members.length === 0) return;
    this.set({ ...this.#about(members), startedAt: this.now(), joined: true, state: "running" });
  }

  /** These are scheduled for their maintenance windows. */
  scheduledUnits(waiting: ReadonlyMap<string, Waiting>, units: readonly Unit[]): void {
    const all = [...waiting];
    const first = all[0]?.[1];
    if (first === undefined) return;
    const ours = new Set(all.flatMap(([name, { task }]) => (this.#schedule.owns(name, task) ? [name] : [])));
    this.#schedule.forget(this.#schedule.others(ours));
    const { id, kind, to } = first.task;
    const many = all.length > 1;
    const named = { task: many ? BATCH : id, kind: many ? this.#kindOf(all.length) : kind };
    const from = lowestOf(units.filter(({ name }) => waiting.has(name)));
    const found = { ...named, from, to, startedAt: this.now() };
    const {
      joined: _,
      state: __,
      ...before
    } = (this.open ? this.upgrade : undefined) ?? { ...found, state: "deferred" };
    this.set({
      ...before,
      ...(ours.size === 0 ? { joined: true as const } : {}),
      window: spanOf(all.map(([, { window }]) => window)),
      state: "deferred",
    });
  }

  /** All of them have completed: none is scheduled any more. */
  override setState(state: UpgradeRecord["state"]): void {
    if (this.upgrade === undefined) return;
    const { window: _, ...rest } = this.upgrade;
    this.set(rest);
    super.setState(state);
  }

  /** The run ends early. The next run first waits for the latest request whose task was never seen. */
  left({ requested }: Attempts): void {
    if (this.upgrade === undefined || !this.open || this.#requested.size === 0) return;
    const unseen = requested.filter(({ shown }) => !shown);
    const newest = Math.max(...unseen.map(({ sentAt }) => sentAt));
    const { startedAt, state } = this.upgrade;
    const confirmed = state === "unknown" && unseen.every(({ lost }) => lost === undefined);
    this.set({
      ...this.upgrade,
      startedAt: unseen.length === 0 ? startedAt : this.dateOf(newest),
      state: confirmed ? this.#accepted : state,
    });
  }

  /** A member that is requested several times keeps the version of the first request. */
  #versionAtFirst(name: string): Partial<Unit> {
    const first = this.#requested.get(name);
    return first === undefined ? {} : { from: first.from };
  }

  #kindOf(members: number): string {
    return `${this.#words.upgrade} of ${count(members, this.#words)}`;
  }

  #about(members: readonly Unit[]): Pick<UpgradeRecord, "task" | "kind" | "from" | "to"> {
    const lowest = lowestVersion(members.flatMap(({ from }) => parseVersion(from) ?? []));
    return {
      task: BATCH,
      kind: this.#kindOf(members.length),
      from: lowest === undefined ? "" : formatVersion(lowest),
      to: highestTarget(members),
    };
  }
}

function highestTarget(members: readonly Unit[]): string {
  let highest: Version | undefined;
  for (const { upgrade } of members) {
    const version = parseVersion(upgrade?.step?.to ?? "");
    if (version !== undefined && (highest === undefined || compareVersions(version, highest) > 0)) highest = version;
  }
  return highest === undefined ? "newest" : formatVersion(highest);
}
