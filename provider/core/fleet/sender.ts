import { batchesOf } from "../batches";
import type { ChangeControl } from "../control/control";
import { heldBy } from "../control/hold";
import type { FleetDriver, Observation } from "../driver";
import { Refused } from "../errors";
import { FRESH } from "../observer";
import { Watch } from "../pace";
import type { Policy } from "../policy";
import type { Request } from "../request";
import type { Runtime } from "../runtime";
import { type Answer, send, UnsentBudget } from "../send";
import type { Unit } from "../unit";
import type { UnreachableBudget } from "../unreachable-budget";
import type { Attempts } from "./attempts";
import type { FleetRecord } from "./record";
import type { ScheduledTasks } from "./scheduled-tasks";
import { count } from "./sentences";

type Asked<O extends Observation> = Pick<
  FleetDriver<O>,
  "title" | "tasks" | "mostPerRequest" | "compose" | "prepare" | "start" | "schedules" | "words"
>;

/** Members that one call names. */
type Batch = readonly Unit[];

interface Records {
  readonly attempts: Attempts;
  readonly record: FleetRecord;
  readonly schedule: ScheduledTasks;
}

/** Sends the upgrade requests of a run, and records them. */
export class Sender<O extends Observation> {
  readonly #driver: Asked<O>;
  readonly #runtime: Runtime;
  readonly #budget: UnreachableBudget;
  readonly #control: ChangeControl;
  readonly #records: Records;
  readonly #watch: Watch;
  readonly #unsent: UnsentBudget;

  constructor(
    driver: Asked<O>,
    control: ChangeControl,
    policy: Policy,
    runtime: Runtime,
    budget: UnreachableBudget,
    records: Records,
  ) {
    this.#driver = driver;
    this.#control = control;
    this.#runtime = runtime;
    this.#budget = budget;
    this.#records = records;
    this.#unsent = new UnsentBudget(driver.title, policy);
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /** Asks for the upgrade of all of them, as far as one look at them carries; what is left is for the next look. */
  async send(members: readonly Unit[], observation: O): Promise<void> {
    const { clock, signal } = this.#runtime;
    const lookedAt = clock.elapsed();
    await this.#budget.ask(() => this.#control.readBackups(members));
    const holdOf = this.#control.judge();
    const free = members.filter((member) => holdOf(member) === undefined);
    if (free.length === 0) return;
    const batches = await this.#prepare(
      batchesOf(this.#driver.mostPerRequest, free, (name) => this.#records.attempts.limit(name)),
      observation,
    );
    let patient = false;
    for (const batch of batches) {
      signal.throwIfAborted();
      if (clock.elapsed() - lookedAt > FRESH) break;
      const answer = await this.#call(batch, observation).catch(heldBy);
      // A window may close between two of them: the next observation shows which are held.
      if ("code" in answer) break;
      patient ||= answer.kind === "refused" || answer.kind === "unsent";
      if (answer.kind === "lost" || answer.kind === "unsent") break;
    }
    if (patient) await this.#watch.pauseAfterRefusal();
  }

  /** @returns those that can be sent; the others have to be looked at again first */
  async #prepare(batches: readonly Batch[], observation: O): Promise<readonly Batch[]> {
    try {
      const asked = await this.#budget.ask(
        async () =>
          (await this.#driver.prepare?.(
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

  async #call(batch: Batch, observation: O): Promise<Answer> {
    const { clock, inform, report } = this.#runtime;
    const { words } = this.#driver;
    const what = `${words.upgrade} of ${count(batch.length, words)}`;
    const sentAt = clock.elapsed();
    report({ message: `requesting ${what}` });
    const sending = { request: this.#requestFor(batch), units: batch, observation };
    const answer = await send(this.#driver, this.#control, sending, this.#runtime, (known) =>
      this.#note(known, batch, sentAt),
    );
    if (answer.kind === "accepted") {
      inform(`requested the ${what}: ${batch.length <= 3 ? batch.map(({ name }) => name).join(", ") : routeOf(batch)}`);
    }
    this.#unsent.note(answer, sentAt, clock.elapsed());
    return answer;
  }

  #requestFor(batch: Batch): Request {
    return this.#driver.compose(batch.flatMap(({ upgrade }) => upgrade?.step ?? []));
  }

  #note(answer: Answer, batch: Batch, sentAt: number): void {
    if (answer.kind === "accepted" || answer.kind === "lost") this.#book(batch, sentAt, answer.kind === "lost");
    if (answer.kind === "refused") this.#records.attempts.refused(batch, answer.error);
  }

  #refused(batch: readonly Unit[], refusal: Refused): void {
    this.#unsent.heard();
    this.#records.attempts.refused(batch, refusal);
  }

  #book(batch: readonly Unit[], sentAt: number, lost: boolean): void {
    const { attempts, record, schedule } = this.#records;
    const { schedules } = this.#driver;
    attempts.sent(batch, sentAt, this.#runtime.clock.elapsed(), lost);
    if (schedules) schedule.asked(batch);
    else schedule.forget(batch.map(({ name }) => name));
    record.asked(batch, sentAt, lost);
  }
}

/** Members of one call run the same version. */
function routeOf([first]: readonly Unit[]): string {
  return first === undefined ? "" : (first.upgrade?.route ?? "");
}
