import {
  type Evidence,
  evidenceBy,
  hasMoved,
  hasReached,
  isPending,
  type Reported,
  unseen,
} from "../decision/evidence";
import { describePlan } from "../decision/plan";
import type { Driver } from "../driver";
import type { Unreachable } from "../errors";
import { taskOf, type UpgradeRecord } from "../outcome";
import type { Policy } from "../policy";
import { isKept } from "../reconcile/cancel";
import { inspect, type TaskResult, type UnreachableBudget } from "../reconcile/observer";
import type { RequestResult } from "../request";
import type { Runtime } from "../runtime";
import { type Failure, nameOf, type Task, type TaskStatus } from "../task";
import { leftTask, lostResponse, resultUnknown, vanished } from "../texts/sentences";
import type { Unit } from "../unit";
import { differ } from "../version";
import { RecordStore } from "./record";
import { type Finish, Upgrades } from "./upgrades";

type InspectingDriver = Pick<Driver, "title" | "inspect" | "outlasts" | "reachesTarget">;

/** The upgrade of the only unit of a resource, for a vendor whose tasks are read by id. */
export class UpgradesById extends Upgrades {
  readonly record: RecordStore;
  readonly #driver: InspectingDriver;
  readonly #began: number;
  #reported: Reported | undefined;
  /** When the response to this run's request was lost, and why. */
  #lost: { readonly at: number; readonly cause: Unreachable } | undefined;

  constructor(
    driver: InspectingDriver,
    policy: Policy,
    runtime: Runtime,
    budget: Pick<UnreachableBudget, "retry">,
    remembered: UpgradeRecord | undefined,
  ) {
    super(policy, runtime, budget);
    this.#driver = driver;
    this.record = new RecordStore(runtime.clock, remembered);
    this.#began = runtime.clock.elapsed();
  }

  async seen(units: readonly Unit[]): Promise<boolean> {
    this.attempts.seen(units, this.#now);
    const [unit] = units;
    if (unit === undefined) return true;
    if (this.#reported?.status.kind === "running" || this.#reported?.status.kind === "scheduled")
      this.#reported = undefined;
    const task = unseen(this.record.upgrade, unit, (known) => this.#outlasts(known));
    const status = task && (await this.budget.retry(() => inspect(this.#driver, task)));
    if (task !== undefined && status !== undefined && !this.#note(unit, task, status)) return false;
    this.#close(unit);
    return true;
  }

  evidenceOf(unit: Unit): Evidence | undefined {
    const by = this.attempts.entry(unit.name) === undefined ? "earlier" : "run";
    if (this.#reported !== undefined) {
      const late = this.#now - this.#reported.since >= this.policy.settleTime;
      return evidenceBy(this.#reported, by, { pending: this.#isPending(unit), late });
    }
    const { upgrade, open } = this.record;
    if (upgrade === undefined || !open) return undefined;
    const invisible = { kind: "invisible", moved: false } as const;
    if (this.#lost !== undefined) {
      const { at, cause } = this.#lost;
      const waited = this.#now - at;
      const expired = waited >= this.policy.lostReplyWindow;
      // Once the unit is no longer behind, the only concern is that the request may still take effect.
      const by = unit.standing === "behind" ? "run" : "earlier";
      return { ...invisible, by, lost: true, expired, accepted: false, cause, waited };
    }
    if (upgrade.state !== "unknown") {
      // It is read as soon as no other operation on the unit is in progress.
      return unit.standing === "behind" ? { ...invisible, by, lost: false, expired: false, accepted: true } : undefined;
    }
    // A wait that starts with this run must finish in it: the next run would start over.
    const accepted = this.record.age > this.#now - this.#began;
    return { ...invisible, by: "earlier", lost: true, expired: this.#isLate, accepted };
  }

  owns(_: string, task: Pick<Task, "id">): boolean {
    return this.record.owns(task);
  }

  release(units: readonly Unit[]): void {
    for (const { activity } of units) {
      const reported = this.#reported?.status.kind === "scheduled" ? this.#reported.task : undefined;
      const task = activity?.kind === "scheduled" ? activity.task : reported;
      if (task === undefined || !this.record.owns(task) || !isKept(nameOf(task), this.runtime)) continue;
      this.record.release();
      if (reported !== undefined) this.#reported = undefined;
    }
  }

  canceled(tasks: readonly string[]): boolean {
    if (!tasks.includes(this.record.upgrade?.task ?? "")) return false;
    this.record.setState("withdrawn");
    this.#reported = undefined;
    return true;
  }

  running({ activity }: Unit): Task | undefined {
    if (this.#reported?.status.kind === "running") return this.#reported.task;
    if (activity?.kind !== "running") return undefined;
    const { task } = activity;
    const { upgrade } = this.record;
    // The requested version is more reliable than what a vendor reports later.
    return upgrade?.task === task.id ? { ...task, to: upgrade.to } : task;
  }

  joined(running: readonly Unit[]): void {
    for (const unit of running) {
      const { activity, from } = unit;
      const followed = this.#reported?.status.kind === "running" ? this.#reported.task : undefined;
      if (followed !== undefined) this.#mayContinue(followed, unit);
      else if (activity?.kind === "running") {
        const { task, rollingBack } = activity;
        const plan = { kind: "join", task, from, ...(rollingBack === true ? { rollingBack } : {}) } as const;
        if (this.record.found(task, from)) this.runtime.inform(describePlan(plan));
        this.#reported = undefined;
      }
      this.#lost = undefined;
    }
  }

  /** The vendor reports that the task of the record is in progress. */
  #mayContinue(task: Task, { standing, from }: Unit): void {
    if (this.record.upgrade?.state === "unknown") this.record.found(task, from);
    else this.record.setState("running");
    if (standing !== "behind" && this.policy.wait && !this.#outlasts(task))
      this.runtime.inform(`${nameOf(task)} has not ended; waiting for that`);
  }

  requested(units: readonly Unit[], sentAt: number, result: RequestResult): void {
    const [unit] = units;
    if (unit?.upgrade === undefined || result.kind === "refused" || result.kind === "unsent") return;
    const lost = result.kind === "lost" ? result.error : undefined;
    this.attempts.sent(units, sentAt, this.#now, lost);
    this.#reported = undefined;
    this.#lost = lost && { at: this.#now, cause: lost };
    if (result.kind === "lost") this.record.lost(unit.upgrade, sentAt, result.error.task);
    else if (result.task !== undefined) this.record.started(result.task, unit.upgrade, sentAt);
  }

  override followed(unit: Unit, task: Task, ending: TaskResult): boolean {
    this.#lost = undefined;
    const { activity, standing } = unit;
    const needed = standing === "behind" || activity?.kind === "running" || activity?.kind === "failed";
    // The result is not needed: the next read and the task itself show it.
    if (!needed && !this.#outlasts(task)) return false;
    if (ending.kind === "scheduled") this.record.scheduled(ending.window);
    else this.record.setState(ending.kind, "message" in ending ? ending.message : undefined);
    this.#reported = { task, status: ending, since: this.#now, final: true };
    return ending.kind !== "succeeded" && ending.kind !== "gone";
  }

  override failed({ from }: Unit, task: Task, failure: Failure): void {
    this.record.found(task, from, failure);
  }

  override reread(): void {
    this.#reported = undefined;
  }

  override reopened(): void {
    this.record.reopened();
    this.#reported = undefined;
  }

  finish({ units: [unit], scheduled, problems }: Finish): void {
    for (const { task, window } of scheduled.values()) {
      this.record.found(task, unit?.from ?? "");
      this.record.scheduled(window);
    }
    if (problems.size > 0 && this.#lost !== undefined) {
      this.record.setState("failed", `No upgrade appeared, and ${lostResponse(this.#lost.cause)}.`);
    }
  }

  get #now(): number {
    return this.runtime.clock.elapsed();
  }

  /** Whether a request with a lost response has had enough time to become visible. */
  get #isLate(): boolean {
    return this.record.age >= this.policy.lostReplyWindow;
  }

  #outlasts(task: Task): boolean {
    return this.#driver.outlasts?.(task) === true;
  }

  /** @returns whether the last read is still valid: after a task has completed, only another read shows its effect */
  #note(unit: Unit, task: Task, status: TaskStatus): boolean {
    const { upgrade } = this.record;
    const unneeded = unit.standing !== "behind";
    // A request with a lost response may still arrive: keep waiting as after any lost response.
    if (upgrade === undefined || (status.kind === "gone" && upgrade.state === "unknown")) return true;
    this.#lost = undefined;
    this.#reported = { task, status, since: this.#now, final: this.#outlasts(task) };
    switch (status.kind) {
      case "running":
        return true;
      case "scheduled":
        if (unneeded && !this.record.owns(task)) this.#leave(task, status);
        else this.record.scheduled(status.window);
        return true;
      case "succeeded":
        this.record.setState("succeeded");
        return unneeded && !this.#isPending(unit);
      case "failed":
      case "rolled-back":
        this.record.setState(status.kind, status.message);
        if (this.#reported.final) return true;
        this.runtime.inform(`The earlier upgrade ${task.id} to ${task.to} has ended: ${status.message}`);
        return false;
      case "gone":
        this.record.setState(unneeded && !this.#reported.final && hasMoved(upgrade, unit) ? "succeeded" : "gone");
        if (this.#reported.final) this.runtime.warn(resultUnknown(this.#driver.title, task));
        else if (!unneeded) this.runtime.warn(vanished(this.#driver.title, task).message);
        this.#reported = undefined;
        return true;
    }
  }

  /** A scheduled upgrade that is neither ours nor needed: it is not changed, and no longer expected. */
  #leave(task: Task, { window }: Extract<TaskStatus, { kind: "scheduled" }>): void {
    this.runtime.warn(leftTask(task, window));
    this.record.forget();
    this.#reported = undefined;
  }

  /** Closes the record when versions and time show that the upgrade is complete. */
  #close(unit: Unit): void {
    const { upgrade, open } = this.record;
    const { activity, standing } = unit;
    if (upgrade === undefined || activity?.kind === "running" || activity?.kind === "failed") return;
    if (standing === "behind") {
      const idle = activity === undefined || activity.kind === "blocked";
      if (idle && upgrade.state === "unknown" && this.#lost === undefined && this.#isLate) this.record.forget();
      return;
    }
    if (upgrade.state === "unknown" && (!differ(unit.at, upgrade.to) || this.#isLate)) {
      this.record.setState(hasMoved(upgrade, unit) ? "succeeded" : "gone");
    }
    if (upgrade.state === "running" && open && this.#reported === undefined && hasReached(upgrade, unit)) {
      this.record.setState("succeeded");
    }
    const reported = this.#reported;
    // The vendor has forgotten the task; the version shows that it succeeded.
    if (reported?.status.kind === "gone" && !this.#outlasts(reported.task) && hasMoved(upgrade, unit)) {
      this.record.setState("succeeded");
    }
    if (reported?.status.kind !== "succeeded" || !this.#isPending(unit)) return;
    if (this.#now - reported.since < this.policy.settleTime) return;
    const reason = `${nameOf(reported.task)} is reported as successful, but ${unit.at} still runs.`;
    this.record.setState("failed", reason);
    this.runtime.warn(reason);
    this.#reported = undefined;
  }

  /** Whether the version that the task upgrades to is not visible yet. */
  #isPending(unit: Unit): boolean {
    const { upgrade } = this.record;
    if (upgrade === undefined) return false;
    if (unit.standing === "behind") return this.#driver.reachesTarget(taskOf(upgrade), unit);
    return isPending(upgrade, unit);
  }
}
