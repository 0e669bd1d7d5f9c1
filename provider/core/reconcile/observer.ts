import { formatDuration } from "../../base/sentences";
import type { Driver, Observation } from "../driver";
import { Unreachable, UpgradeError } from "../errors";
import type { Outcome } from "../outcome";
import type { Policy } from "../policy";
import type { Clock, Runtime } from "../runtime";
import { nameOf, type Task, type TaskStatus } from "../task";
import { some } from "../texts/sentences";
import type { View } from "../unit";
import { Stall, Watch } from "./pace";

type Observed<O extends Observation> = Pick<Driver<O>, "units" | "observe" | "view">;

/** One complete read and its interpretation. */
export interface CompleteRead<O extends Observation = Observation> {
  readonly observation: O;
  readonly view: View;
  /** When the read began: milliseconds of `Clock.elapsed`. */
  readonly at: number;
}

type Seen<O extends Observation> = Pick<CompleteRead<O>, "observation" | "view">;

/** Maximum age of the observation behind a request when it is sent, in milliseconds. */
export const FRESH = 60_000;

/** Reads the vendor and keeps the last complete observation. */
export class Observer<O extends Observation> {
  readonly #driver: Observed<O>;
  readonly #budget: UnreachableBudget;
  readonly #clock: Clock;
  #seen: Seen<O> | undefined;

  constructor(driver: Observed<O>, budget: UnreachableBudget, clock: Clock) {
    this.#driver = driver;
    this.#budget = budget;
    this.#clock = clock;
  }

  /** The last complete read. */
  get seen(): Seen<O> | undefined {
    return this.#seen;
  }

  /** The last complete read, as part of an outcome. */
  get outcome(): Pick<Outcome<O>, "observation" | "units"> {
    return this.#seen === undefined ? {} : { observation: this.#seen.observation, units: this.#seen.view.units };
  }

  /**
   * One complete read, retried within the budget.
   * @param scheduled whether to read tasks that are scheduled or in progress even for units that are up to date
   */
  observe(scheduled: boolean): Promise<CompleteRead<O>> {
    return this.#budget.retry(async () => {
      const at = this.#clock.elapsed();
      const observation = await this.#driver.observe(scheduled);
      const view = this.#driver.view(observation);
      const missing = view.unknown ?? unreported(this.#driver.units, view);
      if (missing !== undefined) throw new Unreachable(missing, { sent: true, responded: true });
      this.#seen = { observation, view };
      return { observation, view, at };
    });
  }

  /** Reads the current version once after a failure, if possible. The reported error remains the original failure. */
  async readOnce(): Promise<void> {
    try {
      const observation = await this.#driver.observe(false);
      const view = this.#driver.view(observation);
      if (observation.unknown === undefined) this.#seen = { observation, view };
    } catch {
      // Keep the previous observation.
    }
  }
}

/** The missing units, as a sentence, if the vendor does not report every unit. */
export function unreported(names: readonly string[], { units, absent }: View): string | undefined {
  const reported = new Set([...units, ...absent].map(({ name }) => name));
  const missing = names.filter((name) => !reported.has(name));
  return missing.length === 0 ? undefined : `no version was reported for ${some(missing)}`;
}

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
  #responded: boolean;
  #respondedAt: number;

  /** @param expected whether an upgrade is already in progress, so that a restart is the likely cause */
  constructor(title: string, policy: Budgets, runtime: Runtime, expected: boolean) {
    this.#title = title;
    this.#policy = policy;
    this.#runtime = runtime;
    this.#responded = expected;
    this.#respondedAt = runtime.clock.elapsed();
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /**
   * The result of `question`. All errors except `Unreachable` are thrown immediately.
   * @throws UpgradeError `unreachable` when the budget is used up, or the signal's reason
   */
  async retry<A>(read: () => Promise<A>): Promise<A> {
    const { clock, signal } = this.#runtime;
    for (;;) {
      signal.throwIfAborted();
      try {
        const result = await read();
        this.#responded = true;
        this.#respondedAt = clock.elapsed();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Unreachable)) throw error;
        this.#responded ||= error.responded;
        this.#giveUpOver(error);
        await this.#watch.pauseWhileUnreachable();
      }
    }
  }

  get unreachableFor(): number {
    return this.#runtime.clock.elapsed() - this.#respondedAt;
  }

  #giveUpOver(error: Unreachable): void {
    const budget = this.#responded ? this.#policy.unreachableBudget : this.#policy.firstContact;
    if (this.unreachableFor >= budget) {
      throw new UpgradeError(
        "unreachable",
        `${this.#title} could not be read for ${formatDuration(this.unreachableFor)}: ${error.message}`,
        {
          remedy: "Nothing was undone. Once it responds again, run {apply} again to resume.",
          cause: error,
        },
      );
    }
    this.#runtime.report({
      message: "no response",
      unreachableFor: this.unreachableFor,
      detail: `retrying: ${error.message}`,
    });
  }
}

/** How a task ended. Its effect is only known after a read of the members. */
export type TaskResult = Exclude<TaskStatus, { kind: "running" }>;

/**
 * Waits for the end of a task and reports its progress.
 * @throws UpgradeError `blocked` when the task waits for a person
 */
export async function follow(
  driver: Pick<Driver, "inspect" | "ownReads" | "inspectHint" | "title">,
  task: Task,
  budget: UnreachableBudget,
  runtime: Runtime,
): Promise<TaskResult> {
  const { clock, signal, random, report } = runtime;
  const watch = new Watch(clock, signal, random, driver.ownReads);
  const stall = new Stall(runtime, nameOf(task), driver.inspectHint?.(task));
  for (;;) {
    const status = await budget.retry(() => inspect(driver, task));
    if (status.kind !== "running") return status;
    if (status.awaits !== undefined) {
      const { message, remedy } = status.awaits;
      throw new UpgradeError("blocked", `${driver.title}: ${nameOf(task)} does not continue. ${message}`, { remedy });
    }
    report(stall.seen(status));
    await watch.pause(status.percent);
  }
}

export async function inspect(driver: Pick<Driver, "inspect">, task: Task): Promise<TaskStatus> {
  if (driver.inspect === undefined) throw new Error("a task is to be read from a vendor that only lists tasks");
  return driver.inspect(task);
}
