import type { Aftermath } from "./aftermath";
import { describeCall } from "./describe";
import type { Driver, Observation } from "./driver";
import { notYet, Refused, sending, Unreachable } from "./errors";
import type { Ledger } from "./ledger";
import { Watch } from "./pace";
import { MOST_ROUNDS, SOON_TRIES } from "./policy";
import type { Request } from "./request";
import type { Runtime } from "./runtime";
import type { Task } from "./task";
import type { Upgrade } from "./unit";

/** The one place that hands an upgrade request to a driver, and what is known of requests that started nothing. */
export class Submission<O extends Observation> {
  readonly #pin: Pick<Driver<O>, "compose" | "prepare" | "start">;
  readonly #runtime: Runtime;
  readonly #ledger: Ledger;
  readonly #aftermath: Aftermath;
  readonly #watch: Watch;
  readonly #noted = new Set<string>();
  #prepared = false;
  #refused: Refused | undefined;
  #tries = 0;
  #rounds = 0;

  constructor(
    pin: Pick<Driver<O>, "compose" | "prepare" | "start">,
    runtime: Runtime,
    ledger: Ledger,
    aftermath: Aftermath,
  ) {
    this.#pin = pin;
    this.#runtime = runtime;
    this.#ledger = ledger;
    this.#aftermath = aftermath;
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

  /** @returns whether the vendor has to be read again first */
  async prepare(call: Upgrade, seen: O): Promise<boolean> {
    if (this.#prepared || this.#pin.prepare === undefined) return false;
    this.#prepared = true;
    try {
      return await this.#pin.prepare([this.#request(call)], seen);
    } catch (error) {
      this.#runtime.signal.throwIfAborted();
      if (!notYet(error) || ++this.#tries > SOON_TRIES) throw error;
      this.#prepared = false;
      this.#runtime.report({ message: `not started yet: ${error.message}` });
      await this.#watch.pause();
      return true;
    }
  }

  /** Sends the request. Undefined when it was not accepted, or when nobody can say. */
  async start(call: Upgrade, seen: O): Promise<Task | undefined> {
    const request = this.#request(call);
    for (const note of call.notes ?? []) if (!this.#noted.has(note)) this.#runtime.warn(note);
    for (const note of call.notes ?? []) this.#noted.add(note);
    const startedAt = this.#ledger.now();
    this.#runtime.report({ message: `starting the upgrade ${describeCall(call)}` });
    let task: Task | undefined;
    try {
      task = await sending(() => this.#pin.start(request, seen));
      if (task === undefined) throw new Error("the vendor named no task");
    } catch (error) {
      await this.#notStarted(error, call, startedAt);
      return undefined;
    }
    this.#rounds += 1;
    this.#ledger.started(task, call, startedAt);
    this.#runtime.inform(`upgrade ${task.id} started: ${describeCall(call)}`);
    return task;
  }

  #request({ step }: Upgrade): Request {
    if (step === undefined) throw new Error("an upgrade was planned without a request");
    return this.#pin.compose([step]);
  }

  async #notStarted(error: unknown, call: Upgrade, startedAt: string): Promise<void> {
    if (error instanceof Unreachable && error.sent) {
      this.#ledger.lost(call, startedAt, error.task);
      this.#aftermath.lost(error);
      this.#runtime.signal.throwIfAborted();
      this.#runtime.warn(`The answer to the upgrade call was lost (${error.message}); looking for the upgrade.`);
      return;
    }
    this.#runtime.signal.throwIfAborted();
    // What it lacked may have to be brought there first.
    if (error instanceof Refused) [this.#refused, this.#prepared] = [error, false];
    else if (!(error instanceof Unreachable)) throw error;
    const patient = error instanceof Refused && error.refusal === "busy";
    if (!patient && ++this.#tries > SOON_TRIES) throw error;
    this.#runtime.report({ message: `not started yet: ${error.message}` });
    // A final refusal is looked into once, and never followed by another call.
    await (this.refusal === undefined ? this.#watch.pauseAfterRefusal() : this.#watch.pause());
  }
}
