import { describeWindow, nameOf } from "./describe";
import { PinError, Refused, sending, Unreachable } from "./errors";
import type { UpgradeRecord } from "./outcome";
import { Watch } from "./pace";
import type { Observation, Pin, Task, Window } from "./pin";
import { SOON_TRIES } from "./policy";
import type { Runtime } from "./runtime";

type Withdrawing = Pick<Pin, "withdraw">;

/** The upgrade that a record is about, as the vendor is asked for it. */
export function taskOf({ task, kind, to, startedAt }: UpgradeRecord): Task {
  return { id: task, kind, to, askedAt: startedAt };
}

/**
 * Takes back an upgrade that waits for its window.
 * @returns whether the vendor has confirmed it; false when it refused or its answer was lost: then look again
 */
export async function withdraw(pin: Withdrawing, task: Task, { signal, inform, warn }: Runtime): Promise<boolean> {
  if (pin.withdraw === undefined) throw new Error("a task is to be withdrawn from a vendor that cannot");
  try {
    await sending(async () => pin.withdraw?.(task));
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

/**
 * What has to be undone when a pin is given up: an upgrade that it scheduled and that has not started. What runs, or ran,
 * stays.
 * @throws PinError when the vendor does not say that it was taken back
 */
export async function giveUpOne<O extends Observation>(pin: Pin<O>, upgrade: UpgradeRecord, runtime: Runtime) {
  const task = taskOf(upgrade);
  const watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  for (let tries = 1; ; tries++) {
    const status = await pin.inspect(task);
    if (status.kind !== "deferred" || (await withdraw(pin, task, runtime))) return;
    if (tries > SOON_TRIES) throw notTakenBack(pin.title, task, status.window);
    await watch.pauseAfterRefusal();
  }
}
