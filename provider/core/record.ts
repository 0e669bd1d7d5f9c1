import type { Clock } from "./clock";
import type { Hold } from "./control/hold";
import type { Status, UpgradeRecord } from "./outcome";
import type { Failure, Task, Window } from "./task";
import type { Upgrade } from "./unit";

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

  /** The status of a run that was stopped. @param hold why an upgrade was not requested */
  stopped(hold: Hold | undefined): Status {
    if (!this.open) return hold === undefined ? "behind" : "held";
    return this.#upgrade?.state === "deferred" ? "deferred" : "upgrading";
  }

  /** Whether this tool started the task. */
  owns(task: Pick<Task, "id">): boolean {
    return this.#upgrade?.task === task.id && this.#upgrade.joined !== true;
  }

  /** A failed upgrade is in progress again. */
  reopened(): void {
    if (this.#upgrade === undefined) return;
    const { finishedAt: _over, reason: _mended, ...rest } = this.#upgrade;
    this.#upgrade = { ...rest, state: "running" };
  }

  /** The request was accepted. @param sentAt when it was sent: milliseconds of `Clock.elapsed` */
  started(task: Task, call: Upgrade, sentAt: number): void {
    const startedAt = this.#sent(sentAt);
    this.#upgrade = { task: task.id, kind: task.kind, from: call.from, to: task.to, startedAt, state: "running" };
  }

  /** The request was sent, and its response lost. @param task the task it started if it arrived, if known */
  lost(call: Upgrade, sentAt: number, task?: Task): void {
    const { id, kind, to } = task ?? { id: "unknown", kind: "upgrade", to: call.step?.to ?? call.route };
    this.#upgrade = { task: id, kind, from: call.from, to, startedAt: this.#sent(sentAt), state: "unknown" };
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
    const before = known !== undefined && (known.task === task.id || known.state === "unknown") ? known : undefined;
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
    this.ended(state, failure?.message);
    return true;
  }

  /** The upgrade is scheduled for its window. */
  scheduled(window: Window): void {
    if (this.#upgrade !== undefined) this.#upgrade = { ...this.#upgrade, state: "deferred", window };
  }

  /** The upgrade has reached this state. @param reason of a failure */
  ended(state: UpgradeRecord["state"], reason?: string): void {
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
