import type { Driver } from "./driver";
import { Refused, sending, Unreachable } from "./errors";
import { Watch } from "./pace";
import { SOON_TRIES } from "./policy";
import type { Runtime } from "./runtime";

/**
 * The pause before the first cancellation of a run. Another resource that relies on a scheduled upgrade is only known
 * after the engine has processed it. The engine processes all resources of a program within moments, except those that
 * depend on one that is being updated. After the pause, the run decides again whether to cancel.
 */
export class CancelPause {
  readonly #milliseconds: number;
  readonly #runtime: Pick<Runtime, "clock" | "signal" | "report">;
  #taken = false;

  /** @param milliseconds 0 for no pause */
  constructor(milliseconds: number, runtime: Pick<Runtime, "clock" | "signal" | "report">) {
    this.#milliseconds = milliseconds;
    this.#runtime = runtime;
  }

  /** @returns whether it paused; then the caller must read the vendor again */
  async take(): Promise<boolean> {
    if (this.#taken || this.#milliseconds === 0) return false;
    this.#taken = true;
    const { clock, signal, report } = this.#runtime;
    report({ message: "confirming the cancellation" });
    await clock.sleep(this.#milliseconds, signal);
    return true;
  }
}

/** A scheduled upgrade to cancel. */
export interface Cancelable {
  readonly id: string;
  /** For messages. */
  readonly name: string;
}

/**
 * Requests the cancellation of scheduled upgrades. The only function that calls `Driver.cancel`.
 * @returns the ids that the vendor reports as canceled
 * @throws Unreachable or Refused
 */
export async function cancel(
  driver: Pick<Driver, "cancel">,
  tasks: readonly Cancelable[],
  { signal, inform, warn }: Runtime,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  if (driver.cancel === undefined) throw new Error("tasks are to be canceled at a vendor that cannot");
  const ids = tasks.map(({ id }) => id);
  const canceled = await sending(async (): Promise<readonly string[]> => (await driver.cancel?.(ids)) ?? []);
  for (const { id, name } of tasks) {
    if (canceled.includes(id)) inform(`canceled ${name}, which was scheduled for its maintenance window`);
  }
  const missing = ids.filter((id) => !canceled.includes(id));
  if (missing.length > 0) warn(`not canceled, may have started: ${missing.join(", ")}`);
  return canceled;
}

/** The cancellations of a run. The next read shows their result. */
export class Cancellation {
  readonly #driver: Pick<Driver, "cancel">;
  readonly #runtime: Runtime;
  readonly #pause: CancelPause;
  readonly #watch: Watch;
  readonly #tries = new Map<string, number>();

  constructor(driver: Pick<Driver, "cancel">, pause: CancelPause, runtime: Runtime) {
    this.#driver = driver;
    this.#runtime = runtime;
    this.#pause = pause;
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /** Tasks that the vendor did not cancel despite repeated requests. */
  get refused(): ReadonlySet<string> {
    return new Set([...this.#tries].flatMap(([task, tries]) => (tries > SOON_TRIES ? [task] : [])));
  }

  /**
   * Cancels the tasks. The first call only pauses and sends nothing, so that the caller can decide again.
   * @returns the ids that were canceled
   */
  async cancel(tasks: readonly Cancelable[]): Promise<readonly string[]> {
    if (await this.#pause.take()) return [];
    const canceled = await orNone(cancel(this.#driver, tasks, this.#runtime), tasks, this.#runtime);
    const left = tasks.filter(({ id }) => !canceled.includes(id));
    for (const { id } of left) this.#tries.set(id, (this.#tries.get(id) ?? 0) + 1);
    if (left.length > 0) await this.#watch.pauseAfterRefusal();
    return canceled;
  }
}

/** Empty after a rejection or a lost response: in both cases a read of the tasks shows the result. */
export async function orNone(
  canceled: Promise<readonly string[]>,
  tasks: readonly Cancelable[],
  { signal, warn }: Runtime,
): Promise<readonly string[]> {
  try {
    return await canceled;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
    warn(`${error.message}; checking again what is still scheduled: ${tasks.map(({ name }) => name).join(", ")}`);
    return [];
  }
}

/** Whether another resource relies, or may rely, on a scheduled upgrade. It is then kept, which is logged. */
export function isKept(
  name: string,
  { keepScheduled, warn }: Pick<Runtime, "keepScheduled" | "warn">,
  unit?: string,
): boolean {
  const reason = keepScheduled?.(unit);
  if (reason !== undefined) warn(`${name} stays scheduled: ${reason}`);
  return reason !== undefined;
}
