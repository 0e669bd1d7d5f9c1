import { PinError } from "./errors";
import { Watch } from "./pace";
import { SOON_TRIES } from "./policy";
import type { Runtime } from "./runtime";

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
