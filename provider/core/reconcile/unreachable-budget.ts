import { Unreachable, UpgradeError } from "../errors";
import type { Policy } from "../policy";
import type { Runtime } from "../runtime";
import { formatDuration } from "../texts/duration";
import { Watch } from "./pace";

type Budgets = Pick<Policy, "unreachableBudget" | "firstContact">;

/**
 * Retries while the server is unreachable. That is normal while agents and databases restart during their own upgrade.
 * The budget counts from the last response.
 */
export class UnreachableBudget {
  readonly #runtime: Runtime;
  readonly #policy: Budgets;
  readonly #title: string;
  readonly #watch: Watch;
  #heard: boolean;
  #answeredAt: number;

  /** @param expected whether an upgrade is already in progress, so that a restart is the likely cause */
  constructor(title: string, policy: Budgets, runtime: Runtime, expected: boolean) {
    this.#title = title;
    this.#policy = policy;
    this.#runtime = runtime;
    this.#heard = expected;
    this.#answeredAt = runtime.clock.elapsed();
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /**
   * The result of `question`. All errors except `Unreachable` are thrown immediately.
   * @throws UpgradeError `unreachable` when the budget is used up, or the signal's reason
   */
  async ask<A>(question: () => Promise<A>): Promise<A> {
    const { clock, signal } = this.#runtime;
    for (;;) {
      signal.throwIfAborted();
      try {
        const answer = await question();
        this.#heard = true;
        this.#answeredAt = clock.elapsed();
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Unreachable)) throw error;
        this.#heard ||= error.heard;
        this.#giveUpOver(error);
        await this.#watch.pauseInSilence();
      }
    }
  }

  get silence(): number {
    return this.#runtime.clock.elapsed() - this.#answeredAt;
  }

  #giveUpOver(error: Unreachable): void {
    const budget = this.#heard ? this.#policy.unreachableBudget : this.#policy.firstContact;
    if (this.silence >= budget) {
      throw new UpgradeError(
        "unreachable",
        `${this.#title} could not be read for ${formatDuration(this.silence)}: ${error.message}`,
        {
          remedy: "Nothing was undone. Once it responds again, run {apply} again to resume.",
          cause: error,
        },
      );
    }
    this.#runtime.report({ message: "no response", silent: this.silence, detail: `retrying: ${error.message}` });
  }
}
