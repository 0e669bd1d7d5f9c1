import { describeCall, describePlan } from "./describe";
import { asPinError, type PinError, Refused, Unreachable } from "./errors";
import { follow } from "./follow";
import { Ledger } from "./ledger";
import { Lookout } from "./lookout";
import type { Outcome, Status, UpgradeRecord } from "./outcome";
import { Watch } from "./pace";
import { Patience } from "./patience";
import type { Failure, Observation, Pin, Plan, Task, UpgradeCall } from "./pin";
import { type Policy, SOON_TRIES } from "./policy";
import { Recovery } from "./recovery";
import type { Runtime } from "./runtime";
import {
  blocked,
  failed,
  newerNote,
  notUpgraded,
  rolledBack,
  stoppedWith,
  tooNew,
  unconfirmed,
  vanished,
} from "./sentences";

/**
 * The one routine behind create, update, adopt, resume and retry:
 * observe → decide → (nothing | join | start) → wait → observe again → verify.
 *
 * It ends only when what was observed satisfies the pin (or is newer, and the policy lives with that), or with an
 * error in the outcome. It never throws.
 *
 * @param remembered the last upgrade that the state knows of
 */
export async function reconcile<O extends Observation>(
  pin: Pin<O>,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<Outcome<O>> {
  const run = new Reconciliation(pin, policy, runtime, remembered);
  try {
    return run.outcome(await run.toTheEnd());
  } catch (error) {
    return run.failure(error);
  }
}

/** Whether what is seen has a reason already; `running`: one that is not waited for. */
type Explained = "yes" | "running" | "no";

class Reconciliation<O extends Observation> {
  readonly #pin: Pin<O>;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #patience: Patience;
  readonly #idle: Watch;
  readonly #lookout: Lookout<O>;
  readonly #ledger: Ledger;
  readonly #recovery: Recovery;
  /**
   * The last look already asked for the upgrade. The call is sent only after two looks in a row that both do: the
   * second starts after the first has ended, so an upgrade that was finishing meanwhile shows in one of them.
   */
  #askedBefore = false;
  #prepared = false;
  #refused: Refused | undefined;
  #tries = 0;
  /** Since when the answer to the upgrade call is missing, and why. */
  #lost: { watch: Watch; cause: Unreachable } | undefined;
  /** The task that this run waited for is no longer known to the vendor. */
  #vanished = false;
  /** Since when our task is reported as successful. */
  #succeeded: Watch | undefined;

  constructor(pin: Pin<O>, policy: Policy, runtime: Runtime, remembered?: UpgradeRecord) {
    this.#pin = pin;
    this.#policy = policy;
    this.#runtime = runtime;
    this.#ledger = new Ledger(runtime.clock, remembered);
    this.#patience = new Patience(pin.title, policy, runtime, this.#ledger.accepted);
    this.#lookout = new Lookout(pin, this.#patience);
    this.#recovery = new Recovery(pin, policy, runtime);
    this.#idle = this.#watch();
  }

  async toTheEnd(): Promise<Status> {
    for (;;) {
      const plan = await this.#lookout.look();
      const status = await this.#act(plan);
      this.#askedBefore &&= plan.kind === "upgrade";
      if (status !== undefined) return status;
    }
  }

  outcome(status: Status, error?: PinError): Outcome<O> {
    return {
      status,
      accepted: this.#ledger.accepted,
      ...(this.#lookout.seen === undefined ? {} : { observation: this.#lookout.seen }),
      ...(this.#ledger.upgrade === undefined ? {} : { upgrade: this.#ledger.upgrade }),
      ...(error === undefined ? {} : { error }),
    };
  }

  async failure(thrown: unknown): Promise<Outcome<O>> {
    const error = asPinError(thrown);
    const ended = error.code === "upgrade-failed" || error.code === "rolled-back";
    if (ended && !this.#runtime.signal.aborted) await this.#lookout.glance();
    if (error.code === "newer") return this.outcome("newer", error);
    if (ended) return this.outcome("failed", error);
    return this.outcome(
      this.#ledger.accepted ? "upgrading" : "behind",
      stoppedWith(error, this.#pin.title, this.#ledger.upgrade),
    );
  }

  async #act(plan: Plan): Promise<Status | undefined> {
    switch (plan.kind) {
      case "satisfied":
        if (this.#ledger.accepted) this.#ledger.ended("succeeded");
        return "current";
      case "newer":
        return this.#newer(plan);
      case "failed":
        this.#ledger.found(plan.task, plan.from, "failed");
        await this.#afterFailure(plan.task, plan.failure, "earlier");
        return undefined;
      case "join":
        if (this.#ledger.found(plan.task, plan.from, "running")) this.#runtime.inform(describePlan(plan));
        return this.#followOr(plan.task);
      case "wait":
        this.#refuseHopeless(plan.call);
        this.#runtime.report({ message: `waiting for ${plan.name} to end` });
        await this.#idle.pause();
        return undefined;
      case "upgrade":
        return this.#ask(plan.call);
      case "unknown":
        throw new Unreachable(plan.reason, { sent: true, heard: true });
    }
  }

  #newer(plan: Extract<Plan, { kind: "newer" }>): Status {
    if (this.#policy.onNewer === "fail") throw tooNew(this.#pin.title, plan);
    if (this.#policy.onNewer === "report") this.#runtime.warn(newerNote(this.#pin.title, plan));
    return "newer";
  }

  /** An upgrade is asked for: everything that forbids to send the call now, then the call. */
  async #ask(call: UpgradeCall): Promise<Status | undefined> {
    const explained = await this.#explained(call);
    if (explained !== "no") return explained === "running" ? "upgrading" : undefined;
    if (!this.#askedBefore) {
      this.#askedBefore = true;
      return undefined;
    }
    this.#askedBefore = false;
    if (call.findings.length > 0) throw blocked(this.#pin.title, call.findings);
    if (await this.#prepare(call)) return undefined;
    const task = await this.#start(call);
    return task === undefined ? undefined : this.#followOr(task);
  }

  /** Whether the versions may be behind because of something that is still under way; throws when that is over. */
  async #explained(call: UpgradeCall): Promise<Explained> {
    const { settleTime, lostReplyWindow } = this.#policy;
    const { upgrade } = this.#ledger;
    if (upgrade !== undefined && this.#vanished) throw vanished(this.#pin.title, upgrade);
    if (upgrade !== undefined && this.#succeeded !== undefined) {
      if (this.#succeeded.waited >= settleTime) throw notUpgraded(this.#pin.title, upgrade, call.from);
      await this.#succeeded.pause();
      return "yes";
    }
    if (this.#lost !== undefined) {
      const { watch, cause } = this.#lost;
      if (watch.waited >= lostReplyWindow) {
        this.#ledger.forget();
        throw unconfirmed(this.#pin.title, watch.waited, cause);
      }
      await watch.pause();
      return "yes";
    }
    if (this.#refused?.refusal === "final") throw this.#refused;
    return upgrade?.state === "running" ? this.#recall(upgrade) : "no";
  }

  /** The state remembers an upgrade that the look did not show. What has become of it? */
  async #recall(remembered: UpgradeRecord): Promise<Explained> {
    const task: Task = { id: remembered.task, kind: remembered.kind, to: remembered.to };
    const status = await this.#patience.ask(() => this.#pin.inspect(task));
    switch (status.kind) {
      case "running":
        return (await this.#followOr(task)) === undefined ? "yes" : "running";
      case "succeeded":
        this.#ledger.ended("succeeded");
        if (this.#pin.satisfiedBy(task.to)) this.#succeeded = this.#watch();
        return this.#succeeded === undefined ? "no" : "yes";
      case "failed":
      case "rolled-back":
        this.#ledger.ended(status.kind);
        this.#runtime.inform(`The earlier upgrade ${task.id} to ${task.to} has ended: ${status.message}`);
        return "no";
      case "gone":
        this.#ledger.ended("gone");
        return "no";
    }
  }

  async #prepare(call: UpgradeCall): Promise<boolean> {
    const { seen } = this.#lookout;
    if (this.#prepared || seen === undefined || this.#pin.prepare === undefined) return false;
    this.#prepared = true;
    return this.#pin.prepare(call, seen);
  }

  /** The one write. Undefined when it was not accepted, or when nobody can say. */
  async #start(call: UpgradeCall): Promise<Task | undefined> {
    const { seen } = this.#lookout;
    if (seen === undefined) throw new Error("an upgrade was planned without a look");
    const startedAt = this.#ledger.now();
    this.#runtime.report({ message: `starting the upgrade ${describeCall(call)}` });
    try {
      const task = await this.#pin.start(call, seen);
      this.#ledger.started(task, call, startedAt);
      this.#runtime.inform(`upgrade ${task.id} started: ${describeCall(call)}`);
      return task;
    } catch (error) {
      await this.#notStarted(error, call, startedAt);
      return undefined;
    }
  }

  async #notStarted(error: unknown, call: UpgradeCall, startedAt: string): Promise<void> {
    if (error instanceof Unreachable && error.sent) {
      this.#ledger.lost(call, startedAt);
      this.#lost = { watch: this.#watch(), cause: error };
      this.#runtime.signal.throwIfAborted();
      this.#runtime.warn(`The answer to the upgrade call was lost (${error.message}); looking for the upgrade.`);
      return;
    }
    this.#runtime.signal.throwIfAborted();
    if (error instanceof Refused) this.#refused = error;
    else if (!(error instanceof Unreachable)) throw error;
    const patient = error instanceof Refused && error.refusal === "busy";
    if (!patient && ++this.#tries > SOON_TRIES) throw error;
    this.#runtime.report({ message: `not started yet: ${error.message}` });
    await this.#idle.pause();
  }

  async #followOr(task: Task): Promise<Status | undefined> {
    if (!this.#policy.wait) return "upgrading";
    await this.#follow(task);
    return undefined;
  }

  /** Waits for the end of the task. What it achieved, only the next look can tell. */
  async #follow(task: Task): Promise<void> {
    this.#lost = undefined;
    const ending = await follow(this.#pin, task, this.#patience, this.#runtime);
    this.#ledger.ended(ending.kind);
    switch (ending.kind) {
      case "succeeded":
        if (this.#pin.satisfiedBy(task.to)) this.#succeeded = this.#watch();
        return;
      case "gone":
        this.#vanished = true;
        return;
      case "failed":
        return this.#afterFailure(task, ending, "just now");
      case "rolled-back":
        throw rolledBack(this.#pin.title, task, ending, this.#recovery.undone);
    }
  }

  /** A failed upgrade, as the policy says. One that this tool did not start is never operated on. */
  async #afterFailure(task: Task, failure: Failure, when: "just now" | "earlier"): Promise<void> {
    const reopened = this.#ledger.owns(task) && (await this.#recovery.reopen(task, failure, when));
    if (!reopened) throw failed(this.#pin.title, task, failure);
    this.#ledger.reopened();
    await this.#follow(task);
  }

  #refuseHopeless(call: UpgradeCall): void {
    const hopeless = call.findings.filter((finding) => finding.property !== undefined);
    if (hopeless.length > 0) throw blocked(this.#pin.title, hopeless);
  }

  #watch(): Watch {
    return new Watch(this.#runtime.clock, this.#runtime.signal, this.#runtime.random);
  }
}
