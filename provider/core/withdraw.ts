import { nameOf } from "./describe";
import { PinError, Refused, Unreachable } from "./errors";
import type { UpgradeRecord } from "./outcome";
import type { Observation, Pin, Task } from "./pin";
import type { Runtime } from "./runtime";

type Withdrawing = Pick<Pin, "withdraw">;

/**
 * Takes back an upgrade that waits for its window.
 * @returns whether the vendor has confirmed it; false when it refused or its answer was lost: then look again
 */
export async function withdraw(pin: Withdrawing, task: Task, { signal, inform, warn }: Runtime): Promise<boolean> {
  if (pin.withdraw === undefined) throw new Error("a task is to be withdrawn from a vendor that cannot");
  try {
    await pin.withdraw(task);
    inform(`took back ${nameOf(task)}, which waited for its window`);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
    warn(`${error.message}; looking at ${nameOf(task)}`);
    return false;
  }
}

/**
 * What has to be undone when a pin is given up: an upgrade that it scheduled and that has not started. What runs, or ran,
 * stays.
 * @throws PinError when the vendor does not say that it was taken back
 */
export async function giveUpOne<O extends Observation>(pin: Pin<O>, upgrade: UpgradeRecord, runtime: Runtime) {
  const task: Task = { id: upgrade.task, kind: upgrade.kind, to: upgrade.to };
  const status = await pin.inspect(task);
  if (status.kind !== "deferred") return;
  if (await withdraw(pin, task, runtime)) return;
  throw new PinError("refused", `${pin.title}: ${nameOf(task)} could not be taken back.`, {
    remedy: "Cancel it at the vendor, or try again.",
  });
}
