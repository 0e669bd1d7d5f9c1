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

/** How long canceling a scheduled upgrade may take, in milliseconds. */
const LIMIT = 5 * 60_000;

/** What a resource that is deleted leaves at the vendor. */
export interface Left {
  readonly properties: Properties;
  /** The last upgrade, which has not ended. */
  readonly upgrade: UpgradeRecord;
  readonly keepScheduled: NonNullable<Runtime["keepScheduled"]>;
}

/**
 * Cancels what a deleted resource has scheduled and has not started. What runs is left alone.
 * @throws Failure when it was not canceled and may still wait
 */
export async function cancelLeft(session: Session, clock: Clock, left: Left): Promise<void> {
  const { properties, upgrade, keepScheduled } = left;
  const { call, kind, args, news } = session;
  // What was not requested for a window runs on.
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

/** What a person does to cancel a scheduled upgrade without this tool. */
export function byHandOf({ kind }: Session): string {
  return kind.cancelByHand ?? "cancel it at the vendor";
}
