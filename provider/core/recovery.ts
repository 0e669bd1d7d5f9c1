import { Refused, sending, Unreachable } from "./errors";
import type { Failure, Pin, Task, Way } from "./pin";
import type { Policy } from "./policy";
import type { Runtime } from "./runtime";

/** What is done about an upgrade of ours that failed: at most one operator, once in a run. */
export class Recovery {
  readonly #pin: Pick<Pin, "operate">;
  readonly #policy: Pick<Policy, "onFailure">;
  readonly #runtime: Runtime;
  #operated = false;
  #undone: Failure | undefined;

  constructor(pin: Pick<Pin, "operate">, policy: Pick<Policy, "onFailure">, runtime: Runtime) {
    this.#pin = pin;
    this.#policy = policy;
    this.#runtime = runtime;
  }

  /** The failure for which a rollback was asked. */
  get undone(): Failure | undefined {
    return this.#undone;
  }

  /**
   * Re-opens the task as the policy says. RETRY is for a failure that an earlier run has told of: whoever runs `up` again
   * has had the chance to mend the cause.
   * @returns whether it was asked for; what came of it, the task tells
   */
  async reopen(task: Task, failure: Failure, when: "just now" | "earlier"): Promise<boolean> {
    const way = this.#policy.onFailure;
    if (way === "report" || this.#operated || this.#pin.operate === undefined) return false;
    if (way === "retry" && when === "just now") return false;
    if (failure.ways?.includes(way) !== true) return false;
    this.#operated = true;
    this.#undone = way === "rollback" ? failure : undefined;
    this.#runtime.warn(`upgrade ${task.id} failed, sending ${way.toUpperCase()}: ${failure.message}`);
    await this.#send(task, way);
    return true;
  }

  /** Refused or lost: either way the task itself tells what is so. */
  async #send(task: Task, way: Way): Promise<void> {
    try {
      await sending(async () => this.#pin.operate?.(task, way));
    } catch (error) {
      this.#runtime.signal.throwIfAborted();
      if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
      this.#runtime.warn(`${error.message}; looking at upgrade ${task.id}`);
    }
  }
}
