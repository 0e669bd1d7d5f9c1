import type { ChangeControl } from "./control/control";
import { describeCall } from "./describe";
import type { Driver, Observation } from "./driver";
import { notYet, type Refused } from "./errors";
import { Watch } from "./pace";
import { MOST_ROUNDS, type Policy, SOON_TRIES } from "./policy";
import type { RecordStore } from "./record";
import type { Request } from "./request";
import type { Runtime } from "./runtime";
import { type Answer, send, UnsentBudget } from "./send";
import type { Settlement } from "./settlement";
import type { Task } from "./task";
import type { Unit, Upgrade } from "./unit";

/** The upgrade request of a run, and what is known of requests that started nothing. */
export class Submission<O extends Observation> {
  readonly #driver: Pick<Driver<O>, "title" | "tasks" | "words" | "compose" | "prepare" | "start">;
  readonly #control: ChangeControl;
  readonly #runtime: Runtime;
  readonly #record: RecordStore;
  readonly #settlement: Settlement;
  readonly #watch: Watch;
  readonly #unsent: UnsentBudget;
  readonly #noted = new Set<string>();
  #prepared = false;
  #refused: Refused | undefined;
  #tries = 0;
  #rounds = 0;

  constructor(
    driver: Pick<Driver<O>, "title" | "tasks" | "words" | "compose" | "prepare" | "start">,
    control: ChangeControl,
    policy: Policy,
    runtime: Runtime,
    record: RecordStore,
    settlement: Settlement,
  ) {
    this.#driver = driver;
    this.#control = control;
    this.#runtime = runtime;
    this.#record = record;
    this.#settlement = settlement;
    this.#unsent = new UnsentBudget(driver.title, policy);
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /** The refusal that the same request would meet again. */
  get refusal(): Refused | undefined {
    return this.#refused?.refusal === "final" ? this.#refused : undefined;
  }

  /** Whether no further request is sent: as many were accepted as one run may send. */
  get exhausted(): boolean {
    return this.#rounds >= MOST_ROUNDS;
  }

  /**
   * @returns whether the vendor has to be read again first
   * @throws Held before anything is written
   */
  async prepare(unit: Unit, call: Upgrade, seen: O): Promise<boolean> {
    this.#control.require([unit]);
    if (this.#prepared || this.#driver.prepare === undefined) return false;
    this.#prepared = true;
    try {
      return await this.#driver.prepare([this.#request(call)], seen);
    } catch (error) {
      this.#runtime.signal.throwIfAborted();
      if (!notYet(error) || ++this.#tries > SOON_TRIES) throw error;
      this.#prepared = false;
      this.#runtime.report({ message: `not started yet: ${error.message}` });
      await this.#watch.pause();
      return true;
    }
  }

  /**
   * Sends the request. Undefined when it was not accepted, or when nobody can say.
   * @throws Held
   */
  async start(unit: Unit, call: Upgrade, seen: O): Promise<Task | undefined> {
    const { inform, report, warn } = this.#runtime;
    const request = this.#request(call);
    for (const note of call.notes ?? []) if (!this.#noted.has(note)) warn(note);
    for (const note of call.notes ?? []) this.#noted.add(note);
    const sentAt = this.#runtime.clock.elapsed();
    report({ message: `requesting ${describeCall(call)}` });
    const sending = { request, units: [unit], observation: seen };
    const answer = await send(this.#driver, this.#control, sending, this.#runtime, (known) =>
      this.#note(known, call, sentAt),
    );
    if (answer.kind === "accepted") {
      if (answer.task !== undefined) inform(`upgrade ${answer.task.id} started`);
      return answer.task;
    }
    this.#unsent.note(answer, sentAt, this.#runtime.clock.elapsed());
    if (answer.kind === "lost") return undefined;
    const patient = answer.kind === "unsent" || answer.error.refusal === "busy";
    if (!patient && ++this.#tries > SOON_TRIES) throw answer.error;
    // A final refusal is looked into once, and never followed by another call.
    await (this.refusal === undefined ? this.#watch.pauseAfterRefusal() : this.#watch.pause());
    return undefined;
  }

  #note(answer: Answer, call: Upgrade, sentAt: number): void {
    if (answer.kind === "lost") {
      this.#record.lost(call, sentAt, answer.error.task);
      this.#settlement.lost(answer.error);
    }
    // What it lacked may have to be brought there first.
    if (answer.kind === "refused") [this.#refused, this.#prepared] = [answer.error, false];
    if (answer.kind !== "accepted" || answer.task === undefined) return;
    this.#rounds += 1;
    this.#record.started(answer.task, call, sentAt);
  }

  #request({ step }: Upgrade): Request {
    if (step === undefined) throw new Error("an upgrade was planned without a request");
    return this.#driver.compose([step]);
  }
}
