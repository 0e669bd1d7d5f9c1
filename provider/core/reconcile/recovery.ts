import { sentences } from "../../base/sentences";
import type { ChangeControl, Reopened } from "../control/control";
import { type Hold, reopeningRemedyFor } from "../control/hold";
import type { Driver } from "../driver";
import { Refused, sending, Unreachable, type UpgradeError } from "../errors";
import type { Policy } from "../policy";
import type { Permit } from "../request";
import type { Runtime } from "../runtime";
import { type Failure, nameOf, type Operator, type Task } from "../task";
import type { Unit } from "../unit";
import type { RecordStore } from "../upgrades/record";
import { UnreachableBudget } from "./observer";

/** Handles a failed upgrade of ours: at most one operator, once in a run. */
export class Recovery {
  readonly #driver: Pick<Driver, "title" | "reopen">;
  readonly #policy: Pick<Policy, "onFailure" | "firstContact">;
  readonly #control: Pick<ChangeControl, "discardBackups" | "tryBackups" | "require">;
  readonly #runtime: Runtime;
  readonly #record: Pick<RecordStore, "owns" | "upgrade" | "reopened">;
  #operated = false;
  #warned = false;
  #rollbackCause: Failure | undefined;

  constructor(
    driver: Pick<Driver, "title" | "reopen">,
    policy: Pick<Policy, "onFailure" | "firstContact">,
    control: Pick<ChangeControl, "discardBackups" | "tryBackups" | "require">,
    runtime: Runtime,
    record: Pick<RecordStore, "owns" | "upgrade" | "reopened">,
  ) {
    this.#driver = driver;
    this.#policy = policy;
    this.#control = control;
    this.#runtime = runtime;
    this.#record = record;
  }

  /** The failure for which a rollback was requested. */
  get rollbackCause(): Failure | undefined {
    return this.#rollbackCause;
  }

  /**
   * Reopens the task according to the policy, if this tool started it. RETRY is sent only for a failure that an earlier
   * run reported, so that the user could fix the cause first.
   * @returns whether it was sent; the task shows the result
   * @throws Held
   */
  async reopen(unit: Unit, task: Task, failure: Failure, when: "just now" | "earlier"): Promise<boolean> {
    const operator = this.#operatorFor(task, failure);
    if (operator === undefined || this.#operated || (operator === "retry" && when === "just now")) return false;
    const reopened = reopenedBy(this.#record, task);
    // A backup may have begun since the upgrade was requested.
    this.#control.discardBackups();
    await this.#control.tryBackups([unit], reopened, (read) => this.#backupBudget().retry(read));
    this.#runtime.signal.throwIfAborted();
    const permit = () => this.#control.require([unit], reopened);
    permit();
    this.#runtime.warn(`upgrade ${task.id} failed, sending ${operator.toUpperCase()}: ${failure.message}`);
    await this.#send(task, operator, permit);
    this.#operated = true;
    this.#rollbackCause = operator === "rollback" ? failure : undefined;
    return true;
  }

  /** Reports a failure, once, before the run waits: it may end for another reason. */
  warn({ text }: UpgradeError): void {
    if (!this.#warned) this.#runtime.warn(text);
    this.#warned = true;
  }

  /** The failure that ends the run, with the next run's operator. @param hold why this run has not sent it */
  reported(task: Task, failure: Failure, hold?: Hold): Failure {
    const allowed = this.#operatorFor(task, failure);
    if (allowed === undefined) return failure;
    if (hold !== undefined) {
      const held = `${allowed.toUpperCase()}, which \`onFailure\` requests, is held: ${hold.message}.`;
      return { ...failure, remedy: sentences(failure.remedy, held, reopeningRemedyFor(hold)) };
    }
    const what = allowed === "retry" ? "retries" : "rolls back";
    const next = `\`onFailure\` is "${allowed}": the next {apply} ${what} ${nameOf(task)}.`;
    return { ...failure, remedy: sentences(failure.remedy, next) };
  }

  /** Agents restart in their upgrade; a cluster whose database is down reports no backups at all. */
  #backupBudget(): UnreachableBudget {
    const { firstContact } = this.#policy;
    const policy = { firstContact, unreachableBudget: firstContact };
    return new UnreachableBudget(this.#driver.title, policy, this.#runtime, false);
  }

  #operatorFor(task: Task, failure: Failure): Operator | undefined {
    return this.#record.owns(task) ? operatorAfter(this.#driver, this.#policy.onFailure, failure) : undefined;
  }

  /** After a rejection or a lost response, the state of the task is read. */
  async #send(task: Task, operator: Operator, permit: Permit): Promise<void> {
    try {
      await sending(async () => this.#driver.reopen?.(task, operator, permit));
    } catch (error) {
      if (error instanceof Unreachable && error.sent) this.#record.reopened();
      this.#runtime.signal.throwIfAborted();
      if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
      this.#runtime.warn(`${error.message}; reading upgrade ${task.id}`);
    }
  }
}

/** A task of ours, with the time of its request. */
export function reopenedBy({ upgrade }: Pick<RecordStore, "upgrade">, task: Task): Reopened {
  return upgrade === undefined ? task : { ...task, requestedAt: upgrade.startedAt };
}

/** The operator that the policy sends after a failure of our own upgrade, if the vendor accepts it. */
export function operatorAfter(
  driver: Pick<Driver, "reopen">,
  onFailure: Policy["onFailure"],
  { operators }: Pick<Failure, "operators">,
): Operator | undefined {
  if (onFailure === "report" || driver.reopen === undefined) return undefined;
  return operators?.includes(onFailure) === true ? onFailure : undefined;
}
