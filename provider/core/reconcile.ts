import { Confirmation } from "./confirmation";
import { type ChangeControl, controlOf } from "./control/control";
import { type Hold, heldBy } from "./control/hold";
import { awaitRelease, endHeld } from "./control/release";
import { describePlan } from "./describe";
import type { Driver, Observation } from "./driver";
import { asPinError, type PinError, Unreachable } from "./errors";
import { follow, inspect } from "./follow";
import { FRESH, Observer, type Sight } from "./observer";
import { type Outcome, type Status, taskOf, type UpgradeRecord } from "./outcome";
import { Watch } from "./pace";
import { type Plan, planOf } from "./plan";
import type { Policy } from "./policy";
import { RecordStore } from "./record";
import { Recovery } from "./recovery";
import type { Runtime } from "./runtime";
import { blocked, failed, forgotten, notUpgraded, refuseHopeless, rolledBack, stoppedWith, tooNew } from "./sentences";
import { Settlement } from "./settlement";
import { Submission } from "./submission";
import { describeWindow, type Failure, nameOf, type Task } from "./task";
import type { Unit, Upgrade } from "./unit";
import { Unneeded } from "./unneeded";
import { UnreachableBudget } from "./unreachable-budget";

/**
 * The one routine behind create, update, adopt, resume and retry:
 * observe → decide → (nothing | join | start) → wait → observe again → verify.
 *
 * It ends only when what was observed satisfies the pin (or is newer, and the policy lives with that), or with an
 * error in the outcome. It never throws.
 * @param remembered the last upgrade that the state knows of
 */
export async function reconcile<O extends Observation>(
  driver: Driver<O>,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<Outcome<O>> {
  const run = new Reconciliation(driver, policy, runtime, remembered);
  try {
    return run.outcome(await run.toTheEnd());
  } catch (error) {
    return run.failure(error);
  }
}

/** Whether what is seen has a reason already, or the status with which the run ends because of it. */
type Explained = "yes" | "no" | Status;

class Reconciliation<O extends Observation> {
  readonly #driver: Driver<O>;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #budget: UnreachableBudget;
  readonly #idle: Watch;
  readonly #observer: Observer<O>;
  #sight: Sight<O> | undefined;
  readonly #record: RecordStore;
  readonly #recovery: Recovery;
  readonly #settlement: Settlement;
  readonly #unneeded: Unneeded;
  readonly #confirmation: Confirmation;
  readonly #submission: Submission<O>;
  readonly #control: ChangeControl;
  #hold: Hold | undefined;

  constructor(driver: Driver<O>, policy: Policy, runtime: Runtime, remembered?: UpgradeRecord) {
    [this.#driver, this.#policy, this.#runtime] = [driver, policy, runtime];
    this.#record = new RecordStore(runtime.clock, remembered);
    this.#budget = new UnreachableBudget(driver.title, policy, runtime, this.#record.open);
    this.#observer = new Observer(driver, this.#budget, runtime.clock);
    this.#confirmation = new Confirmation(runtime.clock, policy.spacing);
    this.#control = controlOf(driver, policy, runtime);
    this.#recovery = new Recovery(driver, policy, this.#control, runtime, this.#record);
    this.#unneeded = new Unneeded(driver, policy, this.#budget, runtime, this.#record);
    this.#settlement = new Settlement(driver.title, policy, runtime, this.#record);
    this.#submission = new Submission(driver, this.#control, policy, runtime, this.#record, this.#settlement);
    this.#idle = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  async toTheEnd(): Promise<Status> {
    for (;;) {
      this.#sight = await this.#observer.observe(false);
      const plan = planOf(this.#driver, this.#sight.view);
      if (plan.kind !== "upgrade") this.#confirmation.forget();
      const unseen = await this.#unseen();
      if (unseen === "yes") continue;
      const status = unseen === "no" ? await this.#orHeld(() => this.#act(plan)) : unseen;
      if (status !== undefined) return status;
    }
  }

  /** What must not begin now ends the run or is waited for, as the rules say. */
  async #orHeld(act: () => Promise<Status | undefined>): Promise<Status | undefined> {
    this.#hold = undefined;
    const ended = await act().catch(heldBy);
    if (typeof ended !== "object") return ended;
    return (await this.#released(ended)) ? undefined : endHeld(this.#control, ended, this.#runtime);
  }

  /** Waits for the end of a hold, where that is asked for. @returns whether it may be over */
  #released(hold: Hold): Promise<boolean> {
    this.#confirmation.forget();
    this.#hold = hold;
    return awaitRelease(this.#control, [hold], this.#runtime);
  }

  get #last(): Sight<O> {
    if (this.#sight === undefined) throw new Error("nothing was read");
    return this.#sight;
  }

  get #unit(): Unit {
    const [unit] = this.#last.view.units;
    if (unit === undefined) throw new Error("no unit was read");
    return unit;
  }

  outcome(status: Status, error?: PinError): Outcome<O> {
    return {
      status,
      accepted: this.#record.open,
      ...this.#observer.outcome,
      ...(this.#record.upgrade === undefined ? {} : { upgrade: this.#record.upgrade }),
      ...(this.#hold === undefined ? {} : { hold: this.#hold }),
      ...(error === undefined ? {} : { error }),
    };
  }

  async failure(thrown: unknown): Promise<Outcome<O>> {
    const error = asPinError(thrown);
    const ended = error.code === "upgrade-failed" || error.code === "rolled-back";
    if (ended && !this.#runtime.signal.aborted) await this.#observer.glance();
    if (error.code === "newer" || error.code === "held") return this.outcome(error.code, error);
    if (ended) return this.outcome("failed", error);
    // What waits for its window and was not canceled is not wanted: the next run has to see to it before the window opens.
    const waits = error.code === "refused" && this.#record.upgrade?.state === "deferred";
    const status = waits ? "behind" : this.#record.stopped(this.#hold);
    return this.outcome(status, stoppedWith(error, this.#driver.title, this.#record, this.#hold));
  }

  async #act(plan: Plan): Promise<Status | undefined> {
    switch (plan.kind) {
      case "satisfied":
      case "newer": {
        const rest = await this.#unneeded.settle(plan.at);
        if (rest !== "settled") return rest === "look" ? undefined : rest;
        return plan.kind === "newer" ? this.#newer(plan) : "current";
      }
      case "failed":
        this.#record.found(plan.task, plan.from, plan.failure);
        await this.#afterFailure(plan.task, plan.failure, "earlier");
        return undefined;
      case "join":
        if (this.#record.found(plan.task, plan.from)) this.#runtime.inform(describePlan(plan));
        return this.#followOr({ ...plan.task, to: this.#record.upgrade?.to ?? plan.task.to });
      case "scheduled":
        if (this.#record.found(plan.task, plan.from)) this.#runtime.inform(describePlan(plan));
        this.#record.scheduled(plan.window);
        return "deferred";
      case "cancel":
        refuseHopeless(this.#driver.title, plan.upgrade);
        await this.#unneeded.cancel(plan);
        return undefined;
      case "wait":
        refuseHopeless(this.#driver.title, plan.upgrade);
        if (!this.#record.open && !this.#settlement.pending) this.#control.require([this.#unit]);
        this.#runtime.report({ message: `waiting for ${plan.name}` });
        await this.#idle.pause();
        return undefined;
      case "upgrade":
      case "held":
        return this.#ask(plan.upgrade);
      case "unknown":
        throw new Unreachable(plan.reason, { sent: true, heard: true });
    }
  }

  #newer(plan: Extract<Plan, { kind: "newer" }>): Status {
    if (this.#policy.onNewer === "fail") throw tooNew(this.#driver.title, plan);
    if (this.#policy.onNewer === "report") this.#runtime.warn(tooNew(this.#driver.title, plan).text);
    return "newer";
  }

  /** An upgrade is needed: everything that forbids to send the request now, then the request. */
  async #ask(call: Upgrade): Promise<Status | undefined> {
    const explained = await this.#explained(call);
    if (explained === "yes") return undefined;
    if (explained !== "no") return explained;
    const { observation: seen, at } = this.#last;
    const again = this.#confirmation.begun;
    const confirmed = this.#confirmation.note(at, [this.#unit]).size > 0;
    if (call.findings.length > 0 && again) throw blocked(this.#driver.title, call.findings);
    if (call.findings.length > 0) return undefined;
    this.#control.require([this.#unit]);
    if (!confirmed) {
      await this.#confirmation.pause(this.#runtime);
      return undefined;
    }
    this.#confirmation.forget();
    await this.#budget.ask(() => this.#control.readBackups([this.#unit]));
    if (this.#runtime.clock.elapsed() - at > FRESH) return undefined;
    if (await this.#submission.prepare(this.#unit, call, seen)) return undefined;
    const task = await this.#submission.start(this.#unit, call, seen);
    return task === undefined ? undefined : this.#followOr(task);
  }

  /** Whether the versions may be behind because of something that is still under way; throws when that is over. */
  async #explained(call: Upgrade): Promise<Explained> {
    if (await this.#settlement.explains(call)) return "yes";
    if (this.#submission.refusal !== undefined) throw this.#submission.refusal;
    const { upgrade } = this.#record;
    if (upgrade !== undefined && this.#submission.exhausted) throw notUpgraded(this.#driver.title, upgrade, call.from);
    return upgrade?.state === "running" || upgrade?.state === "deferred" ? this.#recall(upgrade) : "no";
  }

  /** An upgrade that goes on where no look reaches is asked for first, whatever the looks show. */
  async #unseen(): Promise<Explained> {
    const { upgrade, open } = this.#record;
    const known = open && upgrade !== undefined && this.#driver.outlasts?.(taskOf(upgrade)) === true;
    return known ? this.#recall(upgrade) : "no";
  }

  /** An upgrade is known that the look did not show. What has become of it? */
  async #recall(known: UpgradeRecord): Promise<Explained> {
    const task = taskOf(known);
    const status = await this.#budget.ask(() => inspect(this.#driver, task));
    // A call whose answer was lost may still arrive: then all that is done after a lost answer is done.
    if (status.kind === "gone" && known.state === "unknown") return "no";
    this.#settlement.found();
    switch (status.kind) {
      case "running":
        if (known.state === "unknown") this.#record.found(task, known.from);
        return (await this.#followOr(task)) ?? "yes";
      case "scheduled":
        this.#record.scheduled(status.window);
        return "deferred";
      case "succeeded":
        this.#record.ended("succeeded");
        if (!this.#driver.leadsToTarget(task, this.#unit)) return "no";
        this.#settlement.succeeded();
        return "yes";
      case "failed":
      case "rolled-back":
        this.#record.ended(status.kind, status.message);
        if (this.#driver.outlasts?.(task)) throw failed(this.#driver.title, task, status);
        this.#runtime.inform(`The earlier upgrade ${task.id} to ${task.to} has ended: ${status.message}`);
        return "no";
      case "gone":
        this.#record.ended("gone");
        if (this.#driver.outlasts?.(task)) this.#runtime.warn(forgotten(this.#driver.title, task));
        return "no";
    }
  }

  async #followOr(task: Task): Promise<Status | undefined> {
    return this.#policy.wait ? this.#follow(task) : "upgrading";
  }

  /** Waits for the end of the task, or for word that it waits for its window. What it achieved, only a look can tell. */
  async #follow(task: Task): Promise<Status | undefined> {
    this.#settlement.found();
    const ending = await follow(this.#driver, task, this.#budget, this.#runtime);
    if (ending.kind === "scheduled") {
      this.#record.scheduled(ending.window);
      this.#runtime.inform(`${nameOf(task)} waits for its window, ${describeWindow(ending.window)}`);
      return "deferred";
    }
    this.#record.ended(ending.kind, "message" in ending ? ending.message : undefined);
    switch (ending.kind) {
      case "succeeded":
        if (this.#driver.leadsToTarget(task, this.#unit)) this.#settlement.succeeded();
        return undefined;
      case "gone":
        this.#settlement.vanished();
        return undefined;
      case "failed":
        await this.#afterFailure(task, ending, "just now");
        return undefined;
      case "rolled-back":
        throw rolledBack(this.#driver.title, task, ending, this.#recovery.undone);
    }
  }

  /** A failed upgrade, as the policy says. One that this tool did not start is never operated on. */
  async #afterFailure(task: Task, failure: Failure, when: "just now" | "earlier"): Promise<void> {
    const sent = await this.#recovery.reopen(task, failure, when).catch(heldBy);
    if (sent === true) {
      this.#record.reopened();
      await this.#follow(task);
      return;
    }
    const hold = sent === false ? undefined : sent;
    if (hold !== undefined && (await this.#released(hold))) return;
    this.#hold = undefined;
    throw failed(this.#driver.title, task, this.#recovery.told(task, failure, hold));
  }
}
