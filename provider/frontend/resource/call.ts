import type { Clock } from "../../core/clock";
import { UpgradeError } from "../../core/errors";

/**
 * Registers a listener for the cancellation of the run; it is called immediately if the run is already canceled.
 * Returns a function that removes it.
 */
export type OnCancel = (listener: () => void) => () => void;

/** One Pulumi operation on one resource, regardless of the protocol. */
export interface Call {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly urn: string;
  /** The user's limit for the operation, in milliseconds. */
  readonly limit?: number | undefined;
  readonly onCancel: OnCancel;
  /** Whether its permanent lines are shown with the name of the resource: `preview --diff` prints them without their resource. */
  readonly named?: true;
}

/** `taurusdb:KernelVersion "orders"` */
export function describeResource(type: string, urn: string): string {
  return `${type} "${resourceName(urn)}"`;
}

/** The name of a resource in its program; empty if the text is not a URN. A name may contain `::`. */
export function resourceName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** A failed operation, with a message for users. The state is not changed. */
export class Failure extends Error {
  override readonly name = "Failure";
}

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
