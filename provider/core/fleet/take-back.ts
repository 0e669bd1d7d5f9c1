import { PinError, Refused, Unreachable } from "../errors";
import type { UpgradeRecord } from "../outcome";
import type { Runtime } from "../runtime";
import type { FleetPin } from "./fleet";

type Withdrawing = Pick<FleetPin, "withdraw" | "words">;

/**
 * Takes back tasks that wait for their windows.
 * @returns how many the vendor says were taken back; fewer when it refused or its answer was lost: then look again
 */
export async function takeBack(pin: Withdrawing, ids: readonly string[], runtime: Runtime): Promise<number> {
  if (pin.withdraw === undefined) throw new Error("tasks are to be withdrawn from a vendor that cannot");
  try {
    const confirmed = await pin.withdraw(ids);
    for (const id of confirmed) runtime.inform(`took back ${pin.words.upgrade} ${id}, which waited for its window`);
    const missing = ids.filter((id) => !confirmed.includes(id));
    if (missing.length > 0) runtime.warn(`not taken back, perhaps started by now: ${missing.join(", ")}`);
    return confirmed.length;
  } catch (error) {
    runtime.signal.throwIfAborted();
    if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
    runtime.warn(`${error.message}; looking at what was to be taken back`);
    return 0;
  }
}

/**
 * What has to be undone when a pin is given up: upgrades that it scheduled and that have not started. What runs, or ran,
 * stays.
 * @throws PinError when the vendor does not say that they were taken back
 */
export async function giveUpFleet(pin: FleetPin, upgrade: UpgradeRecord, runtime: Runtime): Promise<void> {
  const own = new Set(Object.values(upgrade.tasks ?? {}));
  const { members } = await pin.observe();
  const waiting = members.flatMap(({ condition }) =>
    condition.kind === "deferred" && own.has(condition.task.id) ? [condition.task.id] : [],
  );
  if (waiting.length === 0 || (await takeBack(pin, waiting, runtime)) === waiting.length) return;
  throw new PinError("refused", `${pin.title}: not every upgrade that waits for its window could be taken back.`, {
    remedy: "Cancel the rest at the vendor, or try again.",
  });
}
