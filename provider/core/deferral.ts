import type { Ledger } from "./ledger";
import type { UpgradeRecord } from "./outcome";
import type { Patience } from "./patience";
import type { Pin, Plan, Task } from "./pin";
import type { Runtime } from "./runtime";
import { scheduledByOthers } from "./sentences";
import { withdraw } from "./withdraw";

/** What is done about upgrades that wait for a window of the vendor's. Only those of our own are ever taken back. */
export class Deferral {
  readonly #pin: Pick<Pin, "title" | "inspect" | "withdraw" | "defers">;
  readonly #patience: Patience;
  readonly #runtime: Runtime;
  readonly #ledger: Ledger;

  constructor(
    pin: Pick<Pin, "title" | "inspect" | "withdraw" | "defers">,
    patience: Patience,
    runtime: Runtime,
    ledger: Ledger,
  ) {
    this.#pin = pin;
    this.#patience = patience;
    this.#runtime = runtime;
    this.#ledger = ledger;
  }

  /** The pin holds: an upgrade that it has scheduled is not wanted any more. */
  async drop(): Promise<void> {
    const { upgrade } = this.#ledger;
    if (upgrade?.state !== "deferred" || !this.#ledger.owns(taskOf(upgrade))) return;
    const status = await this.#patience.ask(() => this.#pin.inspect(taskOf(upgrade)));
    if (status.kind === "deferred") await this.#takeBack(taskOf(upgrade));
  }

  /** @returns whether the vendor says that it was taken back; when not, look again */
  async withdraw({ task, window }: Extract<Plan, { kind: "withdraw" }>): Promise<boolean> {
    if (!this.#ledger.owns(task)) throw scheduledByOthers(this.#pin.title, task, window);
    return this.#takeBack(task);
  }

  /** An upgrade that the looks do not show waits for a window. @returns whether it was taken back, as the pin wants none */
  async reconsider(task: Task): Promise<boolean> {
    return this.#pin.defers === false && this.#ledger.owns(task) && this.#takeBack(task);
  }

  async #takeBack(task: Task): Promise<boolean> {
    const done = await withdraw(this.#pin, task, this.#runtime);
    if (done) this.#ledger.ended("withdrawn");
    return done;
  }
}

function taskOf({ task, kind, to }: UpgradeRecord): Task {
  return { id: task, kind, to };
}
