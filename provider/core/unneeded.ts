import { Cancellation, CancelPause, isKept, notCanceled, type ScheduledUpgrades } from "./cancel";
import type { Driver } from "./driver";
import { follow, inspect } from "./follow";
import { type Status, taskOf, type UpgradeRecord } from "./outcome";
import { Watch } from "./pace";
import type { Plan } from "./plan";
import type { Policy } from "./policy";
import type { RecordStore } from "./record";
import type { Runtime } from "./runtime";
import { scheduledByOthers } from "./sentences";
import { describeWindow, nameOf, type Task, type TaskStatus, type Window } from "./task";
import type { UnreachableBudget } from "./unreachable-budget";
import { differ, parseVersion } from "./version";

type Canceling = Pick<Driver, "title" | "inspect" | "ownReads" | "lookAt" | "cancel">;

/** What is left of an upgrade of which the pin is not in need: nothing, something to look at again, or how the run ends. */
type Rest = "settled" | "look" | Status;

/**
 * What is done about an upgrade that waits for a window of the vendor's, or that is not wanted any more. Only those of our own
 * are ever canceled; what runs cannot be.
 */
export class Unneeded {
  readonly #driver: Canceling;
  readonly #policy: Policy;
  readonly #budget: UnreachableBudget;
  readonly #runtime: Runtime;
  readonly #record: RecordStore;
  readonly #watch: Watch;
  readonly #cancellation: Cancellation;
  /** Since when our task is reported as successful while what it came from still shows. */
  #succeeded: Watch | undefined;

  constructor(driver: Canceling, policy: Policy, budget: UnreachableBudget, runtime: Runtime, record: RecordStore) {
    this.#driver = driver;
    this.#policy = policy;
    this.#budget = budget;
    this.#runtime = runtime;
    this.#record = record;
    this.#watch = this.#newWatch();
    this.#cancellation = new Cancellation(driver, new CancelPause(policy.spacing, runtime), runtime);
  }

  /**
   * The target version or a newer one runs. An upgrade of the record that has not ended is canceled while it waits for its
   * window, and waited for once it runs: what it leads to may be past the pin.
   * @param at what runs
   * @throws PinError `refused` when it could not be canceled: it stays in the record
   */
  async settle(at: string): Promise<Rest> {
    const { upgrade } = this.#record;
    if (upgrade === undefined) return "settled";
    const moved = differ(at, upgrade.from);
    const arrived = !differ(at, upgrade.to);
    if (upgrade.state === "unknown") return this.#settleLost({ moved, arrived });
    if (!this.#record.open) return moved ? "settled" : this.#settleLate(upgrade, at);
    if (upgrade.state === "running" && moved && arrived) {
      this.#record.ended("succeeded");
      return "settled";
    }
    const task = taskOf(upgrade);
    const status = await this.#budget.ask(() => inspect(this.#driver, task));
    switch (status.kind) {
      case "scheduled":
        return this.#settleDeferred(task, status);
      case "running":
        return this.#settleRunning(task);
      case "succeeded":
        this.#record.ended("succeeded");
        // Versions cannot show an upgrade of arguments alone, nor one whose target is not told.
        if (moved || arrived || parseVersion(upgrade.to) === undefined) return "settled";
        this.#succeeded = this.#newWatch();
        return "look";
      case "failed":
      case "rolled-back":
        this.#record.ended(status.kind, status.message);
        this.#runtime.inform(`The earlier upgrade ${task.id} to ${task.to} has ended: ${status.message}`);
        return "look";
      case "gone":
        this.#record.ended(moved ? "succeeded" : "gone");
        return "settled";
    }
  }

  /**
   * An upgrade that shall not wait for its window. What has come of it, the next read tells.
   * @throws PinError when this resource did not schedule it, or the vendor does not cancel it
   */
  async cancel({ task, window }: Extract<Plan, { kind: "cancel" }>): Promise<void> {
    if (!this.#record.owns(task)) throw scheduledByOthers(this.#driver.title, task, window);
    await this.#cancel(task, window);
  }

  async #settleDeferred(task: Task, { window }: Extract<TaskStatus, { kind: "scheduled" }>): Promise<Rest> {
    if (!this.#record.owns(task)) {
      const whose = "which this resource did not schedule and does not need";
      this.#runtime.warn(
        `${nameOf(task)}, ${whose}, waits for its window, ${describeWindow(window)}; it was left alone.`,
      );
      this.#record.forget();
      return "settled";
    }
    if (isKept(nameOf(task), this.#runtime)) {
      this.#record.release();
      return "settled";
    }
    this.#record.scheduled(window);
    return (await this.#cancel(task, window)) ? "settled" : "look";
  }

  /** @returns whether the vendor says that it was canceled; when not, read again */
  async #cancel(task: Task, window: Window): Promise<boolean> {
    const canceled = await this.#cancellation.cancel([{ id: task.id, name: nameOf(task) }]);
    if (this.#cancellation.refused.has(task.id)) throw notCanceled(this.#driver.title, task, window);
    if (canceled.length === 0) return false;
    this.#record.ended("withdrawn");
    return true;
  }

  async #settleRunning(task: Task): Promise<Rest> {
    this.#record.ended("running");
    if (!this.#policy.wait) return "upgrading";
    this.#runtime.inform(`${nameOf(task)} has not ended; waiting for that`);
    // What became of it, the next look and the task itself tell.
    await follow(this.#driver, task, this.#budget, this.#runtime);
    return "look";
  }

  /** The versions may show a success a little later. */
  async #settleLate(upgrade: UpgradeRecord, at: string): Promise<Rest> {
    if (this.#succeeded === undefined) return "settled";
    if (this.#succeeded.waited < this.#policy.settleTime) {
      await this.#succeeded.pause();
      return "look";
    }
    this.#succeeded = undefined;
    const reason = `${nameOf(taskOf(upgrade))} is reported as successful, but ${at} still runs.`;
    this.#record.ended("failed", reason);
    this.#runtime.warn(reason);
    return "settled";
  }

  /** The task of a request whose response was lost may still show. */
  async #settleLost({ moved, arrived }: { readonly moved: boolean; readonly arrived: boolean }): Promise<Rest> {
    if (!arrived && this.#record.age < this.#policy.lostReplyWindow) {
      await this.#watch.pause();
      return "look";
    }
    this.#record.ended(moved ? "succeeded" : "gone");
    return "settled";
  }

  #newWatch(): Watch {
    const { clock, signal, random } = this.#runtime;
    return new Watch(clock, signal, random);
  }
}

/** What a resource that is upgraded as one has scheduled; undefined when that must not be canceled. */
export function scheduledTask(
  driver: Pick<Driver, "inspect">,
  upgrade: UpgradeRecord,
  budget: UnreachableBudget,
  runtime: Runtime,
): ScheduledUpgrades | undefined {
  const task = taskOf(upgrade);
  const name = nameOf(task);
  if (isKept(name, runtime)) return undefined;
  return {
    name,
    waiting: async () => {
      const { kind } = await budget.ask(() => inspect(driver, task));
      return kind === "scheduled" ? [{ id: task.id, name }] : [];
    },
  };
}
