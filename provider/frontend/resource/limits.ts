import type { Clock } from "../../core/clock";
import { UpgradeError } from "../../core/errors";
import type { OnCancel } from "./call";

/** All external reasons to end a run, as one signal. */
export interface Limits {
  readonly signal: AbortSignal;
  /** Must be called when the run ends. */
  release(): void;
}

/**
 * @param limit milliseconds until the run ends with `deadline`
 * @param gone aborted when Pulumi's engine has died
 */
export function limits(clock: Clock, limit: number, onCancel: OnCancel, gone?: AbortSignal): Limits {
  const controller = new AbortController();
  const over = new AbortController();
  const end = (reason: UpgradeError) => controller.abort(reason);
  const stopListening = onCancel(() => end(new UpgradeError("interrupted", "Interrupted.")));
  const follow = () => end(new UpgradeError("engine-gone", "The Pulumi engine is gone."));
  if (gone?.aborted === true) follow();
  gone?.addEventListener("abort", follow, { signal: over.signal });
  clock.sleep(limit, over.signal).then(
    () => end(new UpgradeError("deadline", "The time limit was reached.")),
    () => undefined,
  );
  return {
    signal: controller.signal,
    release: () => {
      over.abort();
      // Ends reads that are still in progress.
      end(new UpgradeError("interrupted", "The run is over."));
      stopListening();
    },
  };
}
