import type { ScheduledUpgrades } from "./cancel-scheduled";
import { describeWindow, nameOf } from "./describe";
import type { Driver } from "./driver";
import { PinError, Refused, sending, Unreachable } from "./errors";
import { inspect } from "./follow";
import type { UpgradeRecord } from "./outcome";
import type { Patience } from "./patience";
import type { Runtime } from "./runtime";
import type { Task, Window } from "./task";

type Withdrawing = Pick<Driver, "cancel">;

/** The upgrade that a record is about, as the vendor is asked for it. */
export function taskOf({ task, kind, to, startedAt }: UpgradeRecord): Task {
  return { id: task, kind, to, askedAt: startedAt };
}

/**
 * Takes back an upgrade that waits for its window.
 * @returns whether the vendor has confirmed it; false when it refused or its answer was lost: then look again
 */
export async function withdraw(pin: Withdrawing, task: Task, { signal, inform, warn }: Runtime): Promise<boolean> {
  if (pin.cancel === undefined) throw new Error("a task is to be withdrawn from a vendor that cannot");
  try {
    await sending(async () => pin.cancel?.([task.id]));
    inform(`took back ${nameOf(task)}, which waited for its window`);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
    warn(`${error.message}; looking at ${nameOf(task)}`);
    return false;
  }
}

/** The vendor has not taken it back, however often it was asked. */
export function notTakenBack(title: string, task: Task, window: Window): PinError {
  return new PinError(
    "refused",
    `${title}: ${nameOf(task)} could not be taken back. It is not wanted any more, and waits for its window, ${describeWindow(window)}.`,
    { remedy: "Cancel it at the vendor before its window opens, or try again." },
  );
}

/** What a resource that is upgraded as one has scheduled; undefined when that must not be canceled. */
export function scheduledTask(
  pin: Pick<Driver, "inspect" | "cancel">,
  upgrade: UpgradeRecord,
  patience: Patience,
  runtime: Runtime,
): ScheduledUpgrades | undefined {
  const task = taskOf(upgrade);
  if (isKept(task, runtime)) return undefined;
  return {
    name: nameOf(task),
    waiting: async () => {
      const { kind } = await patience.ask(() => inspect(pin, task));
      return kind === "scheduled" ? [task.id] : [];
    },
    cancel: async (ids) => ((await withdraw(pin, task, runtime)) ? ids : []),
  };
}

/** Whether another resource relies on the scheduled upgrade, or may: it is left then, which is said. */
export function isKept(task: Task, { keepScheduled, warn }: Pick<Runtime, "keepScheduled" | "warn">): boolean {
  const reason = keepScheduled?.();
  if (reason !== undefined) warn(`${nameOf(task)} stays scheduled: ${reason}`);
  return reason !== undefined;
}
