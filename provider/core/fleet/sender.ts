import { batchesOf } from "../batches";
import type { Observation, SetDriver } from "../driver";
import { formatDuration } from "../duration";
import { PinError, Refused, sending, Unreachable } from "../errors";
import { Watch } from "../pace";
import type { Patience } from "../patience";
import type { Policy } from "../policy";
import type { Request } from "../request";
import type { Runtime } from "../runtime";
import { count } from "../sentences-of-many";
import type { Unit } from "../unit";
import type { FleetRecord } from "./record";
import type { Schedule } from "./schedule";
import type { Tally } from "./tally";

/** Calls that follow from one look are sent within so many milliseconds of it. */
const FRESH = 60_000;

type Asked<O extends Observation> = Pick<
  SetDriver<O>,
  "title" | "mostPerRequest" | "compose" | "prepare" | "start" | "schedules" | "words"
>;

/** Members that one call names. */
type Batch = readonly Unit[];

/** What a call came to. `refused`: it had no effect. `unsent`: it did not get there. */
type Answer = "accepted" | "refused" | "lost" | "unsent";

interface Books {
  readonly tally: Tally;
  readonly record: FleetRecord;
  readonly schedule: Schedule;
}

/** Sends the calls of a run, and books what was sent. */
export class Sender<O extends Observation> {
  readonly #pin: Asked<O>;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #patience: Patience;
  readonly #books: Books;
  readonly #watch: Watch;
  /** Since when no call has got there. */
  #stuckSince: number | undefined;

  constructor(pin: Asked<O>, policy: Policy, runtime: Runtime, patience: Patience, books: Books) {
    this.#pin = pin;
    this.#policy = policy;
    this.#runtime = runtime;
    this.#patience = patience;
    this.#books = books;
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /** Asks for the upgrade of all of them, as far as one look at them carries; what is left is for the next look. */
  async send(members: readonly Unit[], observation: O): Promise<void> {
    const { clock, signal } = this.#runtime;
    const lookedAt = clock.elapsed();
    const batches = await this.#prepare(
      batchesOf(this.#pin.mostPerRequest, members, (name) => this.#books.tally.limit(name)),
      observation,
    );
    let patient = false;
    for (const batch of batches) {
      signal.throwIfAborted();
      if (clock.elapsed() - lookedAt > FRESH) break;
      const answer = await this.#call(batch, observation);
      patient ||= answer === "refused" || answer === "unsent";
      if (answer === "lost" || answer === "unsent") break;
    }
    if (patient) await this.#watch.pauseAfterRefusal();
  }

  /** @returns those that can be sent; the others have to be looked at again first */
  async #prepare(batches: readonly Batch[], observation: O): Promise<readonly Batch[]> {
    try {
      const asked = await this.#patience.ask(
        async () =>
          (await this.#pin.prepare?.(
            batches.map((batch) => this.#requestFor(batch)),
            observation,
          )) ?? false,
      );
      return asked ? [] : batches;
    } catch (error) {
      this.#runtime.signal.throwIfAborted();
      if (!(error instanceof Refused)) throw error;
      this.#runtime.report({ message: `not started yet: ${error.message}` });
      if (batches.length === 1 || error.unread) {
        this.#refused(batches.flat(), error);
        await this.#watch.pauseAfterRefusal();
        return [];
      }
      // One of the batches was refused: each is tried alone, to learn which.
      const ready: Batch[] = [];
      for (const batch of batches) ready.push(...(await this.#prepare([batch], observation)));
      return ready;
    }
  }

  async #call(batch: readonly Unit[], observation: O): Promise<Answer> {
    const { clock, inform, report } = this.#runtime;
    const { words } = this.#pin;
    const what = `the ${words.upgrade} of ${count(batch.length, words)}`;
    const request = this.#requestFor(batch);
    const sentAt = clock.elapsed();
    report({ message: `asking for ${what}` });
    try {
      await sending(() => this.#pin.start(request, observation));
    } catch (error) {
      return this.#failed(error, batch, sentAt);
    }
    this.#stuckSince = undefined;
    this.#book(batch, sentAt, false);
    inform(`asked for ${what}: ${batch.length <= 3 ? batch.map(({ name }) => name).join(", ") : routeOf(batch)}`);
    return "accepted";
  }

  #requestFor(batch: Batch): Request {
    return this.#pin.compose(batch.flatMap(({ upgrade }) => upgrade?.step ?? []));
  }

  #failed(error: unknown, batch: readonly Unit[], sentAt: number): Answer {
    const { signal, warn, report } = this.#runtime;
    const lost = error instanceof Unreachable && error.sent;
    if (lost) this.#book(batch, sentAt, true);
    signal.throwIfAborted();
    if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
    if (lost) {
      warn(`The answer to the upgrade call was lost (${error.message}); looking for the upgrades.`);
      this.#stuckSince = undefined;
      return "lost";
    }
    report({ message: `not started yet: ${error.message}` });
    if (error instanceof Unreachable) {
      this.#giveUpOver(error, sentAt);
      return "unsent";
    }
    this.#refused(batch, error);
    return "refused";
  }

  #refused(batch: readonly Unit[], refusal: Refused): void {
    this.#stuckSince = undefined;
    this.#books.tally.refused(batch, refusal);
  }

  #book(batch: readonly Unit[], sentAt: number, lost: boolean): void {
    const { tally, record, schedule } = this.#books;
    const { schedules } = this.#pin;
    tally.sent(batch, sentAt, this.#runtime.clock.elapsed(), lost);
    if (schedules) schedule.asked(batch);
    else schedule.forget(batch.map(({ name }) => name));
    record.asked(batch, sentAt, lost);
  }

  #giveUpOver(cause: Unreachable, sentAt: number): void {
    this.#stuckSince ??= sentAt;
    const stuck = this.#runtime.clock.elapsed() - this.#stuckSince;
    if (stuck < this.#policy.unreachableBudget) return;
    throw new PinError(
      "unreachable",
      `${this.#pin.title}: the upgrade call could not be sent for ${formatDuration(stuck)}: ${cause.message}`,
      { remedy: "Once the vendor can be reached, run `pulumi up`: it asks only for what is left.", cause },
    );
  }
}

/** Members of one call run the same version. */
function routeOf([first]: readonly Unit[]): string {
  return first === undefined ? "" : (first.upgrade?.route ?? "");
}
