import type { Unreachable } from "./errors";
import { Watch } from "./pace";
import type { Policy } from "./policy";
import type { RecordStore } from "./record";
import type { Runtime } from "./runtime";
import { notUpgraded, unconfirmed, vanished } from "./sentences";
import type { Upgrade } from "./unit";

/**
 * What an upgrade call leaves open after it: an answer that was lost, versions that do not show a success yet, a task
 * that nobody knows any more. While one of them may explain why the versions are behind, nothing is called.
 */
export class Settlement {
  readonly #title: string;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #record: RecordStore;
  /** Since when the answer to the upgrade call is missing, and why. */
  #lost: { watch: Watch; cause: Unreachable } | undefined;
  /** The task that this run waited for is no longer known to the vendor. */
  #vanished = false;
  /** Since when our task is reported as successful. */
  #succeeded: Watch | undefined;
  /** An earlier run lost the response to its request; waits since this run knows. */
  #lostEarlier: Watch | undefined;

  constructor(title: string, policy: Policy, runtime: Runtime, record: RecordStore) {
    this.#title = title;
    this.#policy = policy;
    this.#runtime = runtime;
    this.#record = record;
    this.#lostEarlier = record.upgrade?.state === "unknown" ? this.#watch() : undefined;
  }

  /** The response to the upgrade request was lost. */
  lost(cause: Unreachable): void {
    this.#lost = { watch: this.#watch(), cause };
  }

  /** A task is known after all. */
  found(): void {
    this.#lost = undefined;
    this.#lostEarlier = undefined;
  }

  /** A task that goes to a version which satisfies the pin is reported as successful. */
  succeeded(): void {
    this.#succeeded = this.#watch();
  }

  /** The task that this run waited for is no longer known. */
  vanished(): void {
    this.#vanished = true;
  }

  /** Whether the versions may still be behind because of a task that this run has waited for. */
  get pending(): boolean {
    return this.#vanished || this.#succeeded !== undefined;
  }

  /**
   * Whether the versions may be behind for now because of what came before; waits a little when they may.
   * @throws PinError when that has taken too long
   */
  async explains(call: Upgrade): Promise<boolean> {
    const { upgrade } = this.#record;
    if (upgrade !== undefined && this.#vanished) throw vanished(this.#title, upgrade);
    if (upgrade !== undefined && this.#succeeded !== undefined) {
      if (this.#succeeded.waited >= this.#policy.settleTime) throw notUpgraded(this.#title, upgrade, call.from);
      await this.#succeeded.pause();
      return true;
    }
    if (this.#lost === undefined) return this.#explainedByEarlier();
    const { watch, cause } = this.#lost;
    if (watch.waited >= this.#policy.lostReplyWindow) {
      this.#record.forget();
      throw unconfirmed(this.#title, watch.waited, cause);
    }
    await watch.pause();
    return true;
  }

  /** A request of an earlier run may still show. Once its time is over, this run sends its own. */
  async #explainedByEarlier(): Promise<boolean> {
    if (this.#lostEarlier === undefined) return false;
    if (this.#record.age < this.#policy.lostReplyWindow) {
      await this.#lostEarlier.pause();
      return true;
    }
    this.#lostEarlier = undefined;
    this.#record.forget();
    return false;
  }

  #watch(): Watch {
    const { clock, signal, random } = this.#runtime;
    return new Watch(clock, signal, random);
  }
}
