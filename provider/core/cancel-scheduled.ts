import { PinError } from "./errors";
import { Watch } from "./pace";
import { SOON_TRIES } from "./policy";
import type { Runtime } from "./runtime";

/**
 * The pause before the first cancellation of a run. A resource that relies on a scheduled upgrade is known once the engine has come
 * to it, and the engine comes to all resources of a program within moments, except to those that depend on one that is being
 * updated. Whether the cancellation is still right is decided after the pause.
 */
export class CancelPause {
  readonly #milliseconds: number;
  readonly #runtime: Pick<Runtime, "clock" | "signal" | "report">;
  #taken = false;

  /** @param milliseconds 0 for none */
  constructor(milliseconds: number, runtime: Pick<Runtime, "clock" | "signal" | "report">) {
    this.#milliseconds = milliseconds;
    this.#runtime = runtime;
  }

  /** @returns whether it has paused, so that what was observed is to be observed again */
  async take(): Promise<boolean> {
    if (this.#taken || this.#milliseconds === 0) return false;
    this.#taken = true;
    const { clock, signal, report } = this.#runtime;
    report({ message: "confirming that a scheduled upgrade is to be canceled" });
    await clock.sleep(this.#milliseconds, signal);
    return true;
  }
}

/** The upgrades that a deleted resource scheduled, however its vendor keeps them. */
export interface ScheduledUpgrades {
  /** For messages. */
  readonly name: string;
  /** Ids of those that still wait for their window. Reads only. */
  waiting(): Promise<readonly string[]>;
  /** @returns the ids of which the vendor says that they were canceled; fewer when it refused, or its response was lost */
  cancel(ids: readonly string[]): Promise<readonly string[]>;
}

/**
 * Cancels them until none waits for its window any more. What has started, and what no longer exists, is left as it is.
 * @throws PinError when the vendor does not cancel them, or cannot be asked
 */
export async function cancelScheduled(
  title: string,
  scheduled: ScheduledUpgrades,
  { clock, signal, random, inform }: Runtime,
): Promise<void> {
  const watch = new Watch(clock, signal, random);
  for (let tries = 1; ; tries++) {
    const waiting = await scheduled.waiting();
    if (waiting.length === 0) {
      if (tries === 1) inform(`${scheduled.name} does not wait for its window any more; there is nothing to cancel`);
      return;
    }
    const canceled = await scheduled.cancel(waiting);
    if (canceled.length === waiting.length) return;
    if (tries > SOON_TRIES) {
      throw new PinError(
        "refused",
        `${title}: ${scheduled.name} could not be canceled and still waits for its window.`,
      );
    }
    await watch.pauseAfterRefusal();
  }
}
