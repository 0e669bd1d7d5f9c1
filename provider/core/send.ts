import type { ChangeControl } from "./control/control";
import type { Driver, Observation } from "./driver";
import { Refused, sending, Unreachable } from "./errors";
import type { Request } from "./request";
import type { Runtime } from "./runtime";
import type { Task } from "./task";
import type { Unit } from "./unit";

/** What a request came to. `lost`: it may have been received. `unsent`: it certainly was not. */
export type Answer =
  | { readonly kind: "accepted"; readonly task?: Task }
  | { readonly kind: "lost"; readonly error: Unreachable }
  | { readonly kind: "unsent"; readonly error: Unreachable }
  | { readonly kind: "refused"; readonly error: Refused };

/** An upgrade request with the units that it was composed of. */
export interface Sending<O extends Observation> {
  readonly request: Request;
  readonly units: readonly Unit[];
  readonly observation: O;
}

/**
 * The only function that hands an upgrade request to a driver. Whether it may be sent now is judged here once more.
 * @param note keeps what the request came to: called before anything else can end the run
 * @throws Held, and whatever else says for certain that nothing was sent, and that the same would happen again
 */
export async function send<O extends Observation>(
  driver: Pick<Driver<O>, "tasks" | "words" | "start">,
  control: Pick<ChangeControl, "require">,
  { request, units, observation }: Sending<O>,
  { signal, report, warn }: Pick<Runtime, "signal" | "report" | "warn">,
  note: (answer: Answer) => void,
): Promise<Answer> {
  control.require(units);
  const answer = await attempt(driver, request, observation, signal);
  if (answer.kind === "unsent" || answer.kind === "refused") signal.throwIfAborted();
  note(answer);
  if (answer.kind === "lost") {
    signal.throwIfAborted();
    const what = driver.words === undefined ? "upgrade" : "upgrades";
    warn(`The response to the upgrade request was lost (${answer.error.message}). Looking for the ${what}.`);
  } else if (answer.kind !== "accepted") {
    report({ message: `not started yet: ${answer.error.message}` });
  }
  return answer;
}

async function attempt<O extends Observation>(
  driver: Pick<Driver<O>, "tasks" | "start">,
  request: Request,
  observation: O,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const task = await sending(() => driver.start(request, observation));
    if (task !== undefined) return { kind: "accepted", task };
    if (driver.tasks === "by-list") return { kind: "accepted" };
    return { kind: "lost", error: new Unreachable("the vendor named no task", { sent: true, heard: true }) };
  } catch (error) {
    if (error instanceof Refused) return { kind: "refused", error };
    if (error instanceof Unreachable) return { kind: error.sent ? "lost" : "unsent", error };
    signal.throwIfAborted();
    throw error;
  }
}
