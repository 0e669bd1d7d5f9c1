import { formatDuration } from "../../base/sentences";
import type { ChangeControl } from "../control/control";
import { heldBy } from "../control/hold";
import type { Driver, Observation } from "../driver";
import { Refused, sending, Unreachable, UpgradeError } from "../errors";
import type { Policy } from "../policy";
import type { Request, RequestResult } from "../request";
import type { Runtime } from "../runtime";
import type { Task } from "../task";
import { count, lostResponse } from "../texts/sentences";
import { batchesOf, describeCall, type Unit } from "../unit";
import type { Upgrades } from "../upgrades/upgrades";
import { FRESH, type UnreachableBudget } from "./observer";
import { Watch } from "./pace";

type SendingDriver<O extends Observation> = Pick<
  Driver<O>,
  "title" | "mostPerRequest" | "compose" | "prepare" | "start" | "words"
>;

/** Units of one request. */
type Batch = readonly Unit[];

/** Sends the upgrade requests of a run, and records their results. */
export class Sender<O extends Observation> {
  readonly #driver: SendingDriver<O>;
  readonly #runtime: Runtime;
  readonly #budget: UnreachableBudget;
  readonly #control: ChangeControl;
  readonly #upgrades: Pick<Upgrades, "attempts" | "requested">;
  readonly #watch: Watch;
  readonly #unreachableBudget: number;
  /** When the first of the latest requests that did not reach the vendor was attempted. */
  #unsentSince: number | undefined;
  readonly #noted = new Set<string>();

  constructor(
    driver: SendingDriver<O>,
    control: ChangeControl,
    { unreachableBudget }: Pick<Policy, "unreachableBudget">,
    runtime: Runtime,
    budget: UnreachableBudget,
    upgrades: Pick<Upgrades, "attempts" | "requested">,
  ) {
    this.#driver = driver;
    this.#control = control;
    this.#runtime = runtime;
    this.#budget = budget;
    this.#upgrades = upgrades;
    this.#unreachableBudget = unreachableBudget;
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /**
   * Requests the upgrade of all units that one read is recent enough for; the others follow after the next read.
   * @returns the task, if the vendor reported one
   */
  async send(units: readonly Unit[], observation: O): Promise<Task | undefined> {
    const { clock, signal } = this.#runtime;
    const readAt = clock.elapsed();
    await this.#budget.retry(() => this.#control.readBackups(units));
    const holdOf = this.#control.judge();
    const free = units.filter((unit) => holdOf(unit) === undefined);
    if (free.length === 0) return undefined;
    const batches = await this.#prepare(
      batchesOf(this.#driver.mostPerRequest, free, (name) => this.#upgrades.attempts.limit(name)),
      observation,
    );
    let pauses = false;
    let task: Task | undefined;
    for (const batch of batches) {
      signal.throwIfAborted();
      if (clock.elapsed() - readAt > FRESH) break;
      const result = await this.#request(batch, observation).catch(heldBy);
      // A window may close between two requests: the next read shows which ones are held.
      if ("code" in result) break;
      if (result.kind === "accepted") task = result.task;
      pauses ||= result.kind === "refused" || result.kind === "unsent";
      if (result.kind === "lost" || result.kind === "unsent") break;
    }
    if (pauses) await this.#watch.pauseAfterRefusal();
    return task;
  }

  /** @returns those that can be sent; the others must be read again first */
  async #prepare(batches: readonly Batch[], observation: O): Promise<readonly Batch[]> {
    try {
      return (await this.#isPrepared(batches, observation)) ? batches : [];
    } catch (error) {
      this.#runtime.signal.throwIfAborted();
      if (!(error instanceof Refused)) throw error;
      this.#runtime.report({ message: `not started yet: ${error.message}` });
      if (batches.length === 1 || error.unread) {
        this.#unsentSince = undefined;
        this.#upgrades.attempts.refused(batches.flat(), error);
        await this.#watch.pauseAfterRefusal();
        return [];
      }
      // One of the batches was rejected: prepare each one alone to find out which.
      const ready: Batch[] = [];
      for (const batch of batches) ready.push(...(await this.#prepare([batch], observation)));
      return ready;
    }
  }

  /** Whether nothing was left to prepare. */
  async #isPrepared(batches: readonly Batch[], observation: O): Promise<boolean> {
    const requests = batches.map((batch) => this.#requestFor(batch));
    const done = await this.#budget.retry(async () => {
      try {
        return (await this.#driver.prepare?.(requests, observation)) ?? false;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        // A request that may have been received is not retried.
        if (error.sent) return error;
        this.#runtime.report({ message: `not started yet: ${error.message}` });
        throw error;
      }
    });
    if (done instanceof Unreachable) throw done;
    return !done;
  }

  /**
   * The only place that passes an upgrade request to a driver. It checks the hold here and again immediately before
   * sending, because logins and reads may come in between.
   * @throws Held, and every other error that means that nothing was sent and a retry would fail too
   */
  async #request(batch: Batch, observation: O): Promise<RequestResult> {
    const { clock, inform, report, signal, warn } = this.#runtime;
    const what = nameOf(batch, this.#driver);
    const notes = new Set(batch.flatMap(({ upgrade }) => [...(upgrade?.unchecked ?? []), ...(upgrade?.notes ?? [])]));
    for (const note of notes) if (!this.#noted.has(note)) warn(note);
    for (const note of notes) this.#noted.add(note);
    const sentAt = clock.elapsed();
    report({ message: `requesting ${what}` });
    const permit = () => this.#control.require(batch);
    permit();
    const outcome = await this.#attempt(() => this.#driver.start(this.#requestFor(batch), observation, permit));
    if (outcome.kind === "unsent" || outcome.kind === "refused") signal.throwIfAborted();
    // Recorded before anything else can end the run.
    if (outcome.kind === "refused") this.#upgrades.attempts.refused(batch, outcome.error);
    this.#upgrades.requested(batch, sentAt, outcome);
    if (outcome.kind === "lost") {
      signal.throwIfAborted();
      const upgrades = this.#driver.words === undefined ? "upgrade" : "upgrades";
      warn(`Searching for the ${upgrades}, because ${lostResponse(outcome.error)}.`);
    } else if (outcome.kind === "accepted") {
      const names = batch.length <= 3 ? batch.map(({ name }) => name).join(", ") : routeOf(batch);
      inform(outcome.task === undefined ? `requested the ${what}: ${names}` : `upgrade ${outcome.task.id} started`);
    } else report({ message: `not started yet: ${outcome.error.message}` });
    this.#giveUpUnsent(outcome, sentAt);
    return outcome;
  }

  async #attempt(start: () => Promise<Task | undefined>): Promise<RequestResult> {
    try {
      const task = await sending(start);
      if (task !== undefined) return { kind: "accepted", task };
      if (this.#driver.words !== undefined) return { kind: "accepted" };
      const error = new Unreachable("the vendor's response names no task", { sent: true, responded: true });
      return { kind: "lost", error };
    } catch (error) {
      if (error instanceof Refused) return { kind: "refused", error };
      if (error instanceof Unreachable) return { kind: error.sent ? "lost" : "unsent", error };
      this.#runtime.signal.throwIfAborted();
      throw error;
    }
  }

  /** @throws UpgradeError `unreachable` if no request has reached the vendor for too long: as long as for reads */
  #giveUpUnsent(result: RequestResult, sentAt: number): void {
    this.#unsentSince = result.kind === "unsent" ? (this.#unsentSince ?? sentAt) : undefined;
    if (result.kind !== "unsent" || this.#unsentSince === undefined) return;
    const stuck = this.#runtime.clock.elapsed() - this.#unsentSince;
    if (stuck < this.#unreachableBudget) return;
    throw new UpgradeError(
      "unreachable",
      `${this.#driver.title}: the upgrade request could not be sent for ${formatDuration(stuck)}: ${result.error.message}`,
      {
        remedy: "When the vendor can be reached, run {apply} again. Only the remaining upgrades are requested.",
        cause: result.error,
      },
    );
  }

  #requestFor(batch: Batch): Request {
    return this.#driver.compose(batch.flatMap(({ upgrade }) => upgrade?.step ?? []));
  }
}

function nameOf(batch: Batch, { words }: Pick<Driver, "words">): string {
  if (words !== undefined) return `${words.upgrade} of ${count(batch.length, words)}`;
  return batch.map(({ upgrade }) => (upgrade === undefined ? "" : describeCall(upgrade))).join(", ");
}

/** All units of one request have the same version. */
function routeOf([first]: Batch): string {
  return first === undefined ? "" : (first.upgrade?.route ?? "");
}
