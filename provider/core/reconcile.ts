import { describeCall } from "./describe";
import { PinError, Refused, Unreachable } from "./errors";
import type { Outcome, Status, UpgradeRecord } from "./outcome";
import { Watch } from "./pace";
import { Patience } from "./patience";
import type { Observation, Pin, Plan, Task, UpgradeCall } from "./pin";
import { type Policy, SOON_TRIES } from "./policy";
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

class Reconciliation<O extends Observation> {
  readonly #pin: Pin<O>;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #patience: Patience;
  readonly #idle: Watch;
  #seen: O | undefined;
  #upgrade: UpgradeRecord | undefined;
  /**
   * The last look already asked for the upgrade. The call is sent only after two looks in a row that both do: the
   * second starts after the first has ended, so an upgrade that was finishing meanwhile shows in one of them.
   */
  #askedBefore = false;
  #refused: Refused | undefined;
  #tries = 0;
  /** Since when the answer to the upgrade call is missing, and why. */
  #lost: { watch: Watch; cause: Unreachable } | undefined;
  /** Since when our task is reported as successful. */
  #succeeded: Watch | undefined;
  #gone = false;

  constructor(pin: Pin<O>, policy: Policy, runtime: Runtime, remembered?: UpgradeRecord) {
    this.#pin = pin;
    this.#policy = policy;
    this.#runtime = runtime;
    this.#upgrade = remembered;
    this.#patience = new Patience(pin.title, policy, runtime, this.#accepted);
    this.#idle = this.#watch();
  }

  async toTheEnd(): Promise<Status> {
    for (;;) {
      const plan = await this.#look();
      const status = await this.#act(plan);
      this.#askedBefore &&= plan.kind === "upgrade";
      if (status !== undefined) return status;
    }
  }

  outcome(status: Status, error?: PinError): Outcome<O> {
    return {
      status,
      accepted: this.#accepted,
      ...(this.#seen === undefined ? {} : { observation: this.#seen }),
      ...(this.#upgrade === undefined ? {} : { upgrade: this.#upgrade }),
      ...(error === undefined ? {} : { error }),
    };
  }

  async failure(thrown: unknown): Promise<Outcome<O>> {
    const error = asPinError(thrown);
    const ended = error.code === "upgrade-failed" || error.code === "rolled-back";
    if (ended) await this.#lastLook();
    if (error.code === "newer") return this.outcome("newer", error);
    if (ended) return this.outcome("failed", error);
    return this.outcome(this.#accepted ? "upgrading" : "behind", stoppedWith(error, this.#pin.title, this.#upgrade));
  }

  /** Whether the vendor has, or may have, an upgrade of ours. */
  get #accepted(): boolean {
    return this.#upgrade?.state === "running" || this.#upgrade?.state === "unknown";
  }

  async #act(plan: Plan): Promise<Status | undefined> {
    switch (plan.kind) {
      case "satisfied":
        if (this.#accepted) this.#record("succeeded");
        return "current";
      case "newer":
        return this.#newer(plan);
      case "failed":
        this.#join(plan.task, plan.from);
        this.#record("failed");
        throw failed(this.#pin.title, plan.task, plan.failure);
      case "join":
        this.#join(plan.task, plan.from);
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

  /** One complete look, however long it takes within the budget. */
  async #look(): Promise<Plan> {
    return this.#patience.ask(async () => {
      const observation = await this.#pin.observe();
      const plan = this.#pin.plan(observation);
      if (plan.kind === "unknown") throw new Unreachable(plan.reason, { sent: true, heard: true });
      if (observation.unknown === undefined) this.#seen = observation;
      return plan;
    });
  }

  /** Members after a failure, if they can be had at once; the failure itself is what is told. */
  async #lastLook(): Promise<void> {
    if (this.#runtime.signal.aborted) return;
    try {
      const observation = await this.#pin.observe();
      if (observation.unknown === undefined) this.#seen = observation;
    } catch {
      // What was seen before stays.
    }
  }

  #newer(plan: Extract<Plan, { kind: "newer" }>): Status {
    if (this.#policy.onNewer === "fail") throw tooNew(this.#pin.title, plan);
    if (this.#policy.onNewer === "report") this.#runtime.warn(newerNote(this.#pin.title, plan));
    return "newer";
  }

  /** An upgrade is asked for: everything that forbids to send the call now, then the call. */
  async #ask(call: UpgradeCall): Promise<Status | undefined> {
    if (await this.#explained(call)) return undefined;
    if (!this.#askedBefore) {
      this.#askedBefore = true;
      return undefined;
    }
    this.#askedBefore = false;
    if (call.findings.length > 0) throw blocked(this.#pin.title, call.findings);
    const task = await this.#start(call);
    return task === undefined ? undefined : this.#followOr(task);
  }

  /** Whether the versions may be behind because of something that is still under way; throws when that is over. */
  async #explained(call: UpgradeCall): Promise<boolean> {
    const { settleTime, lostReplyWindow } = this.#policy;
    if (this.#upgrade !== undefined && this.#gone) throw vanished(this.#pin.title, this.#upgrade);
    if (this.#upgrade !== undefined && this.#succeeded !== undefined) {
      if (this.#succeeded.waited >= settleTime) throw notUpgraded(this.#pin.title, this.#upgrade, call.from);
      await this.#succeeded.pause();
      return true;
    }
    if (this.#lost !== undefined) {
      const { watch, cause } = this.#lost;
      if (watch.waited >= lostReplyWindow) {
        this.#upgrade = undefined;
        throw unconfirmed(this.#pin.title, watch.waited, cause);
      }
      await watch.pause();
      return true;
    }
    if (this.#refused?.refusal === "final") throw this.#refused;
    return this.#upgrade?.state === "running" && this.#recall(this.#upgrade);
  }

  /** The state remembers an upgrade that the look did not show. What has become of it? */
  async #recall(remembered: UpgradeRecord): Promise<boolean> {
    const task: Task = { id: remembered.task, kind: remembered.kind, to: remembered.to };
    const status = await this.#patience.ask(() => this.#pin.inspect(task));
    switch (status.kind) {
      case "running":
        await this.#follow(task);
        return true;
      case "succeeded":
        this.#record("succeeded");
        if (this.#pin.satisfiedBy(task.to)) this.#succeeded = this.#watch();
        return this.#succeeded !== undefined;
      case "failed":
      case "rolled-back":
        this.#record(status.kind);
        this.#runtime.inform(`The earlier upgrade ${task.id} to ${task.to} has ended: ${status.message}`);
        return false;
      case "gone":
        this.#upgrade = undefined;
        return false;
    }
  }

  /** The one write. Undefined when it was not accepted, or when nobody can say. */
  async #start(call: UpgradeCall): Promise<Task | undefined> {
    if (this.#seen === undefined) throw new Error("an upgrade was planned without a look");
    const startedAt = this.#now();
    this.#runtime.report({ message: `starting the upgrade ${describeCall(call)}` });
    try {
      const task = await this.#pin.start(call, this.#seen);
      this.#upgrade = { task: task.id, kind: task.kind, from: call.from, to: task.to, startedAt, state: "running" };
      this.#runtime.inform(`upgrade ${task.id} started: ${describeCall(call)}`);
      return task;
    } catch (error) {
      await this.#notStarted(error, {
        task: "unknown",
        kind: "upgrade",
        from: call.from,
        to: call.route,
        startedAt,
        state: "unknown",
      });
      return undefined;
    }
  }

  async #notStarted(error: unknown, lost: UpgradeRecord): Promise<void> {
    if (error instanceof Unreachable && error.sent) {
      this.#upgrade = lost;
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
    const watch = this.#watch();
    this.#lost = undefined;
    for (;;) {
      const status = await this.#patience.ask(() => this.#pin.inspect(task));
      switch (status.kind) {
        case "running":
          this.#runtime.report(status);
          await watch.pause(status.percent);
          continue;
        case "succeeded":
          this.#record("succeeded");
          this.#succeeded = this.#watch();
          return;
        case "gone":
          this.#record("unknown");
          this.#gone = true;
          return;
        case "failed":
          this.#record("failed");
          throw failed(this.#pin.title, task, status);
        case "rolled-back":
          this.#record("rolled-back");
          throw rolledBack(this.#pin.title, task, status);
      }
    }
  }

  #join(task: Task, from: string): void {
    if (this.#upgrade?.task === task.id && this.#upgrade.state === "running") return;
    const known = this.#upgrade?.task === task.id || this.#upgrade?.state === "unknown" ? this.#upgrade : undefined;
    const startedAt = known?.startedAt ?? this.#now();
    this.#upgrade = {
      task: task.id,
      kind: task.kind,
      from: known?.from ?? from,
      to: task.to,
      startedAt,
      state: "running",
    };
    this.#runtime.inform(`joins running upgrade ${task.id} (${task.kind} to ${task.to})`);
  }

  #refuseHopeless(call: UpgradeCall): void {
    const hopeless = call.findings.filter((finding) => finding.property !== undefined);
    if (hopeless.length > 0) throw blocked(this.#pin.title, hopeless);
  }

  #record(state: UpgradeRecord["state"]): void {
    if (this.#upgrade === undefined) return;
    const ended = state === "running" || state === "unknown" ? {} : { finishedAt: this.#now() };
    this.#upgrade = { ...this.#upgrade, state, ...ended };
  }

  #now(): string {
    return new Date(this.#runtime.clock.now()).toISOString();
  }

  #watch(): Watch {
    return new Watch(this.#runtime.clock, this.#runtime.signal, this.#runtime.random);
  }
}

function asPinError(thrown: unknown): PinError {
  if (thrown instanceof PinError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new PinError("unexpected", message, { cause: thrown });
}
