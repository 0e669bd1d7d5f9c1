import type { Clock } from "./clock";
import type { Hold } from "./control/hold";
import type { Status, UpgradeRecord } from "./outcome";
import type { Failure, Task, Window } from "./task";
import type { Upgrade } from "./unit";

const OPEN = new Set<UpgradeRecord["state"]>(["running", "deferred", "unknown"]);

/** Whether the vendor has, or may have, something of the record still to do. */
export function isOpen({ state }: Pick<UpgradeRecord, "state">): boolean {
  return OPEN.has(state);
}

/**
 * When the request of a record was sent: milliseconds of `Clock.elapsed`. A time that lies ahead, or none, counts as now: a clock
 * that was ahead must not keep a later run waiting.
 */
export function sentAt({ startedAt }: UpgradeRecord, { now, elapsed }: Moment): number {
  const sent = Date.parse(startedAt);
  return elapsed - (Number.isNaN(sent) ? 0 : Math.max(now - sent, 0));
}

/** One moment, by both clocks. */
interface Moment {
  readonly now: number;
  readonly elapsed: number;
}

/**
 * The record of the upgrade that a run is about: what the state remembers, what was sent, and what the vendor shows.
 * `BatchRecord` keeps that of many units as one.
 */
export class RecordStore {
  /** What the state knew when the run began. */
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

  /** For how long its request has been sent, in milliseconds. */
  get age(): number {
    return this.#clock.elapsed() - this.#sentAt;
  }

  /** Whether the vendor has, or may have, an upgrade of ours. */
  get open(): boolean {
    return this.#upgrade !== undefined && isOpen(this.#upgrade);
  }

  /** How a run ends that was stopped. @param hold why an upgrade was not requested */
  stopped(hold: Hold | undefined): Status {
    if (!this.open) return hold === undefined ? "behind" : "held";
    return this.#upgrade?.state === "deferred" ? "deferred" : "upgrading";
  }

  /** Whether this tool started the task. */
  owns(task: Pick<Task, "id">): boolean {
    return this.#upgrade?.task === task.id && this.#upgrade.joined !== true;
  }

  /** A failed upgrade runs again. */
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

  /** The request was sent, and its response lost. @param task what it has started if it arrived, where that is known */
  lost(call: Upgrade, sentAt: number, task?: Task): void {
    const { id, kind, to } = task ?? { id: "unknown", kind: "upgrade", to: call.step?.to ?? call.route };
    this.#upgrade = { task: id, kind, from: call.from, to, startedAt: this.#sent(sentAt), state: "unknown" };
  }

  #sent(at: number): string {
    this.#sentAt = at;
    return this.dateOf(at);
  }

  /**
   * The vendor shows this upgrade. What is known of it already is kept.
   * @param failure why it failed, if it did
   * @returns whether it is news
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
      // What was asked for is known better than what a vendor can tell of it later.
      to: before?.task === task.id ? before.to : task.to,
      startedAt: before?.startedAt ?? this.now(),
      ...(before === undefined || before.joined ? { joined: true as const } : {}),
      state: "running",
    };
    this.ended(state, failure?.message);
    return true;
  }

  /** The upgrade waits for its window. */
  scheduled(window: Window): void {
    if (this.#upgrade !== undefined) this.#upgrade = { ...this.#upgrade, state: "deferred", window };
  }

  /** The upgrade has come to this state. @param reason of a failure */
  ended(state: UpgradeRecord["state"], reason?: string): void {
    if (this.#upgrade === undefined) return;
    const over = isOpen({ state }) ? {} : { finishedAt: this.now() };
    this.#upgrade = { ...this.#upgrade, state, ...over, ...(reason === undefined ? {} : { reason }) };
  }

  /** The upgrade is left to others: from now on it is none of ours. */
  release(): void {
    if (this.#upgrade !== undefined) this.#upgrade = { ...this.#upgrade, joined: true };
  }

  /** There is none after all. */
  forget(): void {
    this.#upgrade = undefined;
  }

  /** ISO 8601, UTC. */
  now(): string {
    return this.dateOf(this.#clock.elapsed());
  }

  /** By the clock as it stands now, which is the one that the next run compares with: ISO 8601, UTC. */
  protected dateOf(elapsed: number): string {
    return new Date(this.#clock.now() - (this.#clock.elapsed() - elapsed)).toISOString();
  }

  protected set(upgrade: UpgradeRecord): void {
    this.#upgrade = upgrade;
  }
}
