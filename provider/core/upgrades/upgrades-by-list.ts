import { type Evidence, inferred } from "../decision/evidence";
import type { FleetDriver } from "../driver";
import type { UpgradeRecord } from "../outcome";
import type { Policy } from "../policy";
import { type CancelPause, cancelFormer, keep } from "../reconcile/cancel";
import type { UnreachableBudget } from "../reconcile/observer";
import type { RequestResult } from "../request";
import type { Runtime } from "../runtime";
import type { Task } from "../task";
import { leftScheduled, some } from "../texts/sentences";
import type { Unit, Waiting } from "../unit";
import { type Earlier, earlierOf, failedSince, hasUpgraded } from "./earlier";
import { BatchRecord } from "./record";
import { ScheduledTasks } from "./scheduled-tasks";
import { type Finish, Upgrades } from "./upgrades";

type ListingDriver = Pick<FleetDriver, "title" | "units" | "schedules" | "words" | "cancel">;

/** The upgrades of many units, for a vendor that lists tasks with what they upgrade. */
export class UpgradesByList extends Upgrades {
  readonly record: BatchRecord;
  readonly #driver: ListingDriver;
  readonly #earlier: Earlier | undefined;
  readonly #schedule: ScheduledTasks;
  /** Units whose failure since the last run was already reported. */
  readonly #reported = new Set<string>();
  /** Units whose scheduled upgrade other resources rely on, which was logged. */
  readonly #kept = new Set<string>();
  /** Tasks that the vendor has confirmed as canceled, and that its lists may still show. */
  readonly #canceled = new Set<string>();

  constructor(
    driver: ListingDriver,
    policy: Policy,
    runtime: Runtime,
    budget: Pick<UnreachableBudget, "retry">,
    remembered: UpgradeRecord | undefined,
  ) {
    super(policy, runtime, budget);
    this.#driver = driver;
    this.#earlier = earlierOf(remembered, runtime.clock, policy.settleTime);
    this.#schedule = new ScheduledTasks(remembered);
    // In state "deferred", only the upgrades in `tasks` were requested.
    const accepted = driver.schedules && this.#earlier?.unitsUnknown !== true ? "deferred" : "running";
    this.record = new BatchRecord(runtime.clock, driver.words, this.#schedule, accepted, remembered);
  }

  override readsTasks(first: boolean): boolean {
    const earlier = this.#earlier;
    if (this.#schedule.size > 0) return true;
    // An upgrade that another resource, person or tool has scheduled.
    if (first && this.record.open && this.record.upgrade?.joined === true) return true;
    if (earlier === undefined || earlier.completed) return false;
    const { settleTime, lostReplyWindow } = this.policy;
    return first || this.runtime.clock.elapsed() - earlier.calledAt < Math.max(settleTime, lostReplyWindow);
  }

  async seen(units: readonly Unit[]): Promise<boolean> {
    this.attempts.seen(units, this.runtime.clock.elapsed());
    this.#schedule.seen(units);
    return true;
  }

  evidenceOf(unit: Unit, at: number): Evidence | undefined {
    return inferred(unit, {
      now: at,
      attempts: this.attempts,
      earlier: this.#earlier,
      schedule: this.#schedule,
      times: this.policy,
    });
  }

  owns(unit: string, task: Pick<Task, "id" | "createdAt">): boolean {
    return this.#schedule.owns(unit, task) || this.#canceled.has(task.id);
  }

  release(units: readonly Unit[]): void {
    const scheduled = units.filter(({ activity }) => activity?.kind === "scheduled");
    const ours = scheduled.map(({ name }) => name).filter((name) => this.#schedule.has(name));
    keep(this.#schedule, ours, this.#driver, this.runtime);
    for (const name of ours) if (!this.#schedule.has(name)) this.#kept.add(name);
  }

  override cancelFormer(pause: CancelPause): Promise<boolean> {
    return cancelFormer(this.#driver, this.#schedule, this.budget, this.runtime, pause);
  }

  canceled(tasks: readonly string[]): boolean {
    this.#schedule.drop(tasks);
    for (const task of tasks) this.#canceled.add(task);
    return false;
  }

  running({ activity }: Unit): Task | undefined {
    return activity?.kind === "running" ? activity.task : undefined;
  }

  joined(running: readonly Unit[]): void {
    this.record.joined(running);
  }

  requested(units: readonly Unit[], sentAt: number, result: RequestResult): void {
    if (result.kind === "refused" || result.kind === "unsent") return;
    const lost = result.kind === "lost" ? result.error : undefined;
    this.attempts.sent(units, sentAt, this.runtime.clock.elapsed(), lost);
    if (this.#driver.schedules) this.#schedule.requested(units);
    else this.#schedule.forget(units.map(({ name }) => name));
    this.record.requested(units, sentAt, lost !== undefined);
  }

  /** Reports failures that an earlier run did not report. Only once, although requests may be sent several times. */
  override reportEarlier(units: readonly Unit[]): void {
    const earlier = this.#earlier;
    if (earlier === undefined || earlier.completed) return;
    const unreported = units.filter(({ name }) => this.attempts.entry(name) === undefined && !this.#reported.has(name));
    const failed = failedSince(earlier, unreported);
    if (failed.size === 0) return;
    for (const name of failed.keys()) this.#reported.add(name);
    this.runtime.warn(`Upgrades failed since the last run, and are requested again: ${some([...failed.values()])}`);
  }

  finish({ units, scheduled, problems, canceled }: Finish): void {
    const waiting = new Map<string, Waiting>([...scheduled, ...this.#stillOurs(units)]);
    this.#leave(units);
    if (waiting.size > 0) this.record.scheduledUnits(waiting, units);
    else if (this.record.open && !units.some(isAccepted))
      this.record.setState(problems.size > 0 ? "failed" : this.#goodEnd(units, canceled));
  }

  /** Scheduled upgrades that are neither ours nor needed: they are not changed, and no longer expected. */
  #leave(units: readonly Unit[]): void {
    const left = unneededOfOthers(units, (name, task) => this.owns(name, task) || this.#kept.has(name));
    if (left.size === 0) return;
    this.runtime.warn(leftScheduled(left, this.#driver.words));
    if (this.record.upgrade?.joined === true) this.record.forget();
  }

  override left(): void {
    const scheduled = Object.values(this.record.remembered?.tasks ?? {});
    const canceled = scheduled.length > 0 && scheduled.every((task) => this.#canceled.has(task));
    if (canceled && this.attempts.size === 0 && this.record.open) this.record.setState("withdrawn");
    this.record.left(this.attempts);
  }

  /** The result of the recorded upgrades when every unit is up to date, or held. */
  #goodEnd(units: readonly Unit[], canceled: boolean): "succeeded" | "withdrawn" | "gone" {
    if (this.attempts.size > 0) return "succeeded";
    if (canceled) return "withdrawn";
    const { upgrade } = this.record;
    return upgrade !== undefined && hasUpgraded(this.#earlier, units, upgrade) ? "succeeded" : "gone";
  }

  /** Scheduled tasks of ours, needed or not. */
  #stillOurs(units: readonly Unit[]): (readonly [string, Waiting])[] {
    return units.flatMap(({ name, activity }) =>
      activity?.kind === "scheduled" && this.owns(name, activity.task) ? [[name, activity] as const] : [],
    );
  }
}

/** Scheduled upgrades of units that are not outdated, which this resource did not schedule. */
export function unneededOfOthers(
  units: readonly Unit[],
  owns: (unit: string, task: Task) => boolean,
): ReadonlyMap<string, Waiting> {
  return new Map(
    units.flatMap(({ name, standing, activity }) =>
      activity?.kind === "scheduled" && standing !== "behind" && !owns(name, activity.task)
        ? [[name, activity] as const]
        : [],
    ),
  );
}

/** Whether an accepted upgrade of it waits for action by a person. */
function isAccepted({ activity }: Unit): boolean {
  return activity?.kind === "blocked" && activity.task !== undefined;
}
