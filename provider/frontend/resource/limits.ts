import type { Clock } from "../../core/clock";
import { parseDuration } from "../../core/duration";
import { PinError } from "../../core/errors";
import { currentCall, onCancel } from "../dynamic/bridge";
import { type Properties, TIMEOUTS } from "./properties";

/** Everything from outside that can end a run, as one signal. */
export interface Limits {
  readonly signal: AbortSignal;
  /** Has to be called when the run is over. */
  release(): void;
}

/** Called when the engine is gone: for all runs of the process. */
const engineGone = new AbortController();

export function declareEngineGone(): void {
  engineGone.abort(new PinError("engine-gone", "The Pulumi engine is gone."));
}

/** Tells of ^C. Returns what stops it. */
export type OnCancel = (listener: () => void) => () => void;

/**
 * @param limit milliseconds until the run ends with `deadline`
 * @param whenCancelled how ^C is heard of; from the engine, if nothing is said
 */
export function limits(clock: Clock, limit: number, whenCancelled: OnCancel = onCancel): Limits {
  const controller = new AbortController();
  const over = new AbortController();
  const end = (reason: PinError) => controller.abort(reason);
  const stopListening = whenCancelled(() => end(new PinError("interrupted", "Interrupted.")));
  const gone = () => controller.abort(engineGone.signal.reason);
  if (engineGone.signal.aborted) gone();
  engineGone.signal.addEventListener("abort", gone, { signal: over.signal });
  clock.sleep(limit, over.signal).then(
    () => end(new PinError("deadline", "The time limit was reached.")),
    () => undefined,
  );
  return {
    signal: controller.signal,
    release: () => {
      over.abort();
      // Reads that nobody waited for end with the run.
      end(new PinError("interrupted", "The run is over."));
      stopListening();
    },
  };
}

/** Milliseconds for an operation: as the engine says, as the resource was given it, or the kind's default. */
export function timeLimit(operation: "create" | "update" | "delete", inputs: Properties, fallback: number): number {
  const seconds = currentCall()?.timeoutSeconds;
  if (seconds !== undefined) return seconds * 1_000;
  const timeouts = inputs[TIMEOUTS];
  const text: unknown =
    typeof timeouts === "object" && timeouts !== null ? Reflect.get(timeouts, operation) : undefined;
  return (typeof text === "string" ? parseDuration(text) : undefined) ?? fallback;
}
