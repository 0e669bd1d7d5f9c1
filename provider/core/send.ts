import type { ChangeControl } from "./control/control";
import type { Driver, Observation } from "./driver";
import { formatDuration } from "./duration";
import { Refused, sending, Unreachable, UpgradeError } from "./errors";
import type { Policy } from "./policy";
import type { Request } from "./request";
import type { Runtime } from "./runtime";
import type { Task } from "./task";
import type { Unit } from "./unit";

/** The result of a request. `lost`: it may have been received. `unsent`: it certainly was not. */
export type Answer =
  | { readonly kind: "accepted"; readonly task?: Task }
  | { readonly kind: "lost"; readonly error: Unreachable }
  | { readonly kind: "unsent"; readonly error: Unreachable }
  | { readonly kind: "refused"; readonly error: Refused };

/** An upgrade request and its units. */
export interface Sending<O extends Observation> {
  readonly request: Request;
  readonly units: readonly Unit[];
  readonly observation: O;
}

/**
 * The only function that passes an upgrade request to a driver. It checks the hold here and again immediately before
 * sending, because logins and reads may come in between.
 * @param note records the result, before anything else can end the run
 * @throws Held, and every other error that means that nothing was sent and a retry would fail too
 */
export async function send<O extends Observation>(
  driver: Pick<Driver<O>, "tasks" | "words" | "start">,
  control: Pick<ChangeControl, "require">,
  { request, units, observation }: Sending<O>,
  { signal, report, warn }: Pick<Runtime, "signal" | "report" | "warn">,
  note: (answer: Answer) => void,
): Promise<Answer> {
  const permit = () => control.require(units);
  permit();
  const answer = await attempt(() => driver.start(request, observation, permit), driver, signal);
  if (answer.kind === "unsent" || answer.kind === "refused") signal.throwIfAborted();
  note(answer);
  if (answer.kind === "lost") {
    signal.throwIfAborted();
    const what = driver.words === undefined ? "upgrade" : "upgrades";
    warn(`The response to the upgrade request was lost (${answer.error.message}). Searching for the ${what}.`);
  } else if (answer.kind !== "accepted") {
    report({ message: `not started yet: ${answer.error.message}` });
  }
  return answer;
}

/** How long the requests of a run may fail to reach the vendor: as long as for reads. */
export class UnsentBudget {
  readonly #title: string;
  readonly #limit: number;
  #since: number | undefined;

  constructor(title: string, { unreachableBudget }: Pick<Policy, "unreachableBudget">) {
    this.#title = title;
    this.#limit = unreachableBudget;
  }

  /** The vendor has received something. */
  heard(): void {
    this.#since = undefined;
  }

  /**
   * Records the result of a request.
   * @param sentAt when it was attempted, and `now`: milliseconds of `Clock.elapsed`
   * @throws UpgradeError `unreachable` if none has been received for too long
   */
  note(answer: Answer, sentAt: number, now: number): void {
    if (answer.kind !== "unsent") {
      this.heard();
      return;
    }
    this.#since ??= sentAt;
    const stuck = now - this.#since;
    if (stuck < this.#limit) return;
    throw new UpgradeError(
      "unreachable",
      `${this.#title}: the upgrade request could not be sent for ${formatDuration(stuck)}: ${answer.error.message}`,
      {
        remedy: "When the vendor can be reached, run {apply} again. Only the remaining upgrades are requested.",
        cause: answer.error,
      },
    );
  }
}

async function attempt(
  start: () => Promise<Task | undefined>,
  { tasks }: Pick<Driver, "tasks">,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const task = await sending(start);
    if (task !== undefined) return { kind: "accepted", task };
    if (tasks === "by-list") return { kind: "accepted" };
    return { kind: "lost", error: new Unreachable("the vendor's response names no task", { sent: true, heard: true }) };
  } catch (error) {
    if (error instanceof Refused) return { kind: "refused", error };
    if (error instanceof Unreachable) return { kind: error.sent ? "lost" : "unsent", error };
    signal.throwIfAborted();
    throw error;
  }
}
