import type { Driver, FleetDriver } from "../driver";
import { Refused, sending, Unreachable, UpgradeError } from "../errors";
import { taskOf, type UpgradeRecord } from "../outcome";
import { SOON_TRIES } from "../policy";
import type { Runtime } from "../runtime";
import { nameOf } from "../task";
import { count, some } from "../texts/sentences";
import type { View } from "../unit";
import { ScheduledTasks } from "../upgrades/scheduled-tasks";
import { inspect, type UnreachableBudget, unreported } from "./observer";
import { Watch } from "./pace";

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
async function cancel(
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
  /** Tasks that the vendor has confirmed as canceled, and that its lists may still show. */
  readonly #canceled = new Set<string>();

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
    const requested = tasks.filter(({ id }) => !this.#canceled.has(id));
    const canceled =
      requested.length === 0
        ? []
        : await orNone(cancel(this.#driver, requested, this.#runtime), requested, this.#runtime);
    for (const id of canceled) this.#canceled.add(id);
    const left = tasks.filter(({ id }) => !canceled.includes(id));
    for (const { id } of left) this.#tries.set(id, (this.#tries.get(id) ?? 0) + 1);
    if (left.length > 0) await this.#watch.pauseAfterRefusal();
    return canceled;
  }
}

/** Empty after a rejection or a lost response: in both cases a read of the tasks shows the result. */
async function orNone(
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

/** The upgrades that a deleted resource scheduled. */
export interface ScheduledUpgrades {
  /** For messages. */
  readonly name: string;
  /** Those that are still scheduled. Reads only. */
  waiting(): Promise<readonly Cancelable[]>;
}

/**
 * Cancels them until none is scheduled any more. Tasks that have started or no longer exist are not changed.
 * @throws UpgradeError if the vendor does not cancel them or is unreachable
 */
export async function cancelScheduled(
  driver: Pick<Driver, "title" | "cancel">,
  { name, waiting }: ScheduledUpgrades,
  runtime: Runtime,
): Promise<void> {
  const watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  for (let tries = 1; ; tries++) {
    const tasks = await waiting();
    if (tasks.length === 0) {
      if (tries === 1) runtime.inform(`${name} is no longer scheduled; there is nothing to cancel`);
      return;
    }
    const canceled = await orNone(cancel(driver, tasks, runtime), tasks, runtime);
    if (canceled.length === tasks.length) return;
    if (tries > SOON_TRIES) {
      throw new UpgradeError(
        "refused",
        `${driver.title}: ${name} could not be canceled and is still scheduled for its maintenance window.`,
      );
    }
    await watch.pauseAfterRefusal();
  }
}

/** The scheduled upgrade of a resource with one unit; undefined if it must not be canceled. */
export function scheduledTask(
  driver: Pick<Driver, "inspect">,
  upgrade: UpgradeRecord,
  budget: Pick<UnreachableBudget, "retry">,
  runtime: Runtime,
): ScheduledUpgrades | undefined {
  const task = taskOf(upgrade);
  const name = nameOf(task);
  if (isKept(name, runtime)) return undefined;
  return {
    name,
    waiting: async () => {
      const { kind } = await budget.retry(() => inspect(driver, task));
      return kind === "scheduled" ? [{ id: task.id, name }] : [];
    },
  };
}

type Canceling = Pick<FleetDriver, "cancel" | "units" | "words">;

/** A scheduled upgrade of one of many units. */
function cancelable(id: string, unit: string, { words }: Pick<FleetDriver, "words">): Cancelable {
  return { id, name: `${words.upgrade} ${id} of ${unit}` };
}

/**
 * Cancels what this resource scheduled for units that it no longer names. Those units are not read, so the vendor's
 * response is trusted. Repeated requests are harmless.
 * @param pause taken before the first request; missing if it was already taken
 * @returns whether anything was canceled
 */
export async function cancelFormer(
  driver: Canceling,
  schedule: ScheduledTasks,
  budget: Pick<UnreachableBudget, "retry">,
  runtime: Runtime,
  pause?: CancelPause,
): Promise<boolean> {
  const { clock, signal, random, warn } = runtime;
  if (schedule.others(driver.units).length > 0) await pause?.take();
  keep(schedule, schedule.others(driver.units), driver, runtime);
  const former = schedule.others(driver.units);
  const unseen = former.filter((unit) => schedule.unseen(unit));
  if (unseen.length > 0) {
    warn(
      `A ${driver.words.upgrade} may be scheduled at ${some(unseen)}: it was requested and has not appeared. Check this at the vendor.`,
    );
  }
  const watch = new Watch(clock, signal, random);
  let left = former.flatMap((unit) => schedule.idsOf([unit]).map((id) => cancelable(id, unit, driver)));
  let any = false;
  for (let tries = 1; left.length > 0; tries++) {
    try {
      const requested = left;
      const canceled = await budget.retry(() => cancel(driver, requested, runtime));
      any ||= canceled.length > 0;
      // Tasks missing from the response may still be scheduled: repeat the request until the response is empty.
      if (canceled.length === 0) break;
      left = left.filter(({ id }) => !canceled.includes(id));
    } catch (error) {
      if (!(error instanceof Refused) || (error.refusal !== "final" && tries >= SOON_TRIES)) throw error;
      if (error.refusal === "final") {
        warn(`Not canceled: ${error.message}`);
        break;
      }
      await watch.pauseAfterRefusal();
    }
  }
  schedule.forget(former);
  return any;
}

/** The scheduled upgrades of a resource with many units; undefined if none may be canceled. */
export function scheduledInFleet(
  driver: FleetDriver,
  upgrade: UpgradeRecord,
  budget: Pick<UnreachableBudget, "retry">,
  runtime: Runtime,
): ScheduledUpgrades | undefined {
  const schedule = new ScheduledTasks(upgrade);
  keep(schedule, Object.keys(schedule.tasks), driver, runtime);
  if (schedule.size === 0) return undefined;
  return {
    name: `the ${driver.words.upgrade} of ${count(schedule.size, driver.words)}`,
    waiting: async () => {
      // A failed update may have left tasks of units that the resource no longer names.
      await cancelFormer(driver, schedule, budget, runtime);
      const { units } = await budget.retry(() => viewAll(driver));
      return units.flatMap(({ name, activity }) =>
        activity?.kind === "scheduled" && schedule.owns(name, activity.task)
          ? [cancelable(activity.task.id, name, driver)]
          : [],
      );
    },
  };
}

/** Scheduled upgrades that other resources rely on, or may rely on, are released and kept, which is logged. */
export function keep(
  schedule: ScheduledTasks,
  units: readonly string[],
  { words }: Pick<FleetDriver, "words">,
  runtime: Pick<Runtime, "keepScheduled" | "warn">,
): void {
  for (const unit of units) {
    if (!schedule.has(unit)) continue;
    const [id] = schedule.idsOf([unit]);
    if (isKept(`${words.upgrade} ${id === undefined ? "" : `${id} `}of ${unit}`, runtime, unit))
      schedule.forget([unit]);
  }
}

/** Every unit, even with an unknown version: the version only matters for an upgrade. */
async function viewAll(driver: FleetDriver): Promise<View> {
  const view = driver.view(await driver.observe(true));
  const missing = unreported(driver.units, view);
  if (missing !== undefined) throw new Unreachable(missing, { sent: true, responded: true });
  return view;
}
