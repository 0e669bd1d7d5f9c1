import { sentences } from "../../base/sentences";
import type { Clock } from "../../core/clock";
import { asUpgradeError } from "../../core/errors";
import { taskOf, type UpgradeRecord } from "../../core/outcome";
import { giveUp } from "../../core/run";
import type { Runtime } from "../../core/runtime";
import { nameOf } from "../../core/task";
import { Failure } from "./failure";
import type { Properties } from "./properties";
import { isScheduled } from "./scheduled";
import { type Session, withDriver } from "./session";
import { policyOf } from "./session-policy";

/** Timeout for canceling a scheduled upgrade, in milliseconds. */
const LIMIT = 5 * 60_000;

/** The upgrade that a deleted resource leaves at the vendor. */
export interface Left {
  readonly properties: Properties;
  /** The last upgrade, which is not complete. */
  readonly upgrade: UpgradeRecord;
  readonly keepScheduled: NonNullable<Runtime["keepScheduled"]>;
}

/**
 * Cancels upgrades that a deleted resource has scheduled and that have not started. Upgrades in progress are not
 * changed.
 * @throws Failure if it was not canceled and may still be scheduled
 */
export async function cancelLeft(session: Session, clock: Clock, left: Left): Promise<void> {
  const { properties, upgrade, keepScheduled } = left;
  const { call, kind, args, news } = session;
  // An upgrade that was not requested for a window continues.
  if (!isScheduled(upgrade) && (args === undefined || kind.schedules?.(args) !== true)) return;
  const byHand = `if it is still scheduled and no longer needed, ${byHandOf(session)}.`;
  if (upgrade.joined === true) {
    const name = nameOf(taskOf(upgrade));
    news.warn(`${name} was not scheduled by this resource, so deleting the resource does not cancel it; ${byHand}`);
    return;
  }
  if (upgrade.state === "unknown" && !isScheduled(upgrade)) {
    news.warn(`It is unknown whether an upgrade that this resource requested was scheduled; ${byHand}`);
    return;
  }
  const policy = policyOf(session, properties);
  try {
    await withDriver(session, clock, call.limit ?? LIMIT, (driver, runtime) =>
      giveUp(driver, upgrade, policy, { ...runtime, keepScheduled }),
    );
  } catch (error) {
    const { code, message } = asUpgradeError(error);
    const remedy = `Run the command again. Alternatively, remove the resource from the state with \`pulumi state delete '${call.urn}'\`; then, ${byHand}`;
    throw new Failure(
      session.redact(`${sentences("The scheduled upgrade was not canceled.", message, remedy)} [${code}]`),
    );
  }
}

/** How a user can cancel a scheduled upgrade without this tool. */
export function byHandOf({ kind }: Session): string {
  return kind.cancelByHand ?? "cancel it at the vendor";
}
