import { type Announcement, announce } from "./announce";
import { CancelPause, cancelScheduled } from "./cancel-scheduled";
import { announceFleet } from "./fleet/announce-fleet";
import type { FleetObservation, FleetPin } from "./fleet/fleet";
import { reconcileFleet } from "./fleet/reconcile-fleet";
import { scheduledInFleet } from "./fleet/take-back";
import type { Outcome, UpgradeRecord } from "./outcome";
import { Patience } from "./patience";
import type { Observation, Pin, Plan } from "./pin";
import type { Policy } from "./policy";
import { reconcile } from "./reconcile";
import { type Runtime, undisturbed } from "./runtime";
import { type Heard, summaryOf } from "./summary";
import { scheduledTask, taskOf } from "./withdraw";

/** A connected driver for one resource, of either sort: upgraded as one, or each member for itself. */
export type Driver = Pin | FleetPin;

/** What one look at the vendor showed, and the plan that follows. */
export interface Sight {
  readonly observation: Observation;
  readonly plan: Plan;
  /** The same observation, where each member is upgraded for itself. */
  readonly fleet?: FleetObservation;
}

/** One look at the vendor. */
export async function see(driver: Driver): Promise<Sight> {
  if (isFleet(driver)) {
    const observation = await driver.observe();
    return { observation, plan: driver.plan(observation), fleet: observation };
  }
  const observation = await driver.observe();
  return { observation, plan: driver.plan(observation) };
}

/**
 * What a run would write beside the upgrade request, as a preview tells it. Reads only.
 * @param remembered what the state knows of the last upgrade: whose a task is stands there
 */
export function announceWrites(
  driver: Driver,
  { plan, fleet }: Sight,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<readonly Announcement[]> {
  if (!isFleet(driver)) return announce(driver, plan, policy, runtime, remembered);
  return announceFleet(driver, fleet ?? { members: [] }, runtime, remembered);
}

/**
 * Brings what is pinned to its pin, by the routine for its sort, and leaves a line about an upgrade that this run has seen
 * end well. Never throws.
 */
export async function run(
  driver: Driver,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<Outcome> {
  let heard: Heard | undefined;
  const listening: Runtime = {
    ...runtime,
    report: (progress) => {
      heard = { ...heard, ...(progress.stages === undefined ? {} : { stages: progress.stages }) };
      runtime.report(progress);
    },
  };
  const outcome: Outcome = isFleet(driver)
    ? await reconcileFleet(driver, policy, listening, remembered)
    : await reconcile(driver, policy, listening, remembered);
  const line = summaryOf(outcome, remembered, heard);
  if (line !== undefined) undisturbed(runtime).inform(line);
  return outcome;
}

/** How long a delete waits for a vendor that does not answer, or cannot say yet, in milliseconds. */
const DELETE_PATIENCE = 2 * 60_000;

/**
 * What has to be undone when a resource is deleted: upgrades that it scheduled and that have not started. It ends in any
 * case.
 * @throws PinError when they were not canceled and may still wait
 */
export async function giveUp(driver: Driver, upgrade: UpgradeRecord, policy: Policy, runtime: Runtime): Promise<void> {
  await new CancelPause(policy.spacing, runtime).take();
  const unreachableBudget = Math.min(policy.unreachableBudget, DELETE_PATIENCE);
  const patience = new Patience(driver.title, { ...policy, unreachableBudget }, runtime, false);
  const scheduled = isFleet(driver)
    ? scheduledInFleet(driver, upgrade, patience, runtime)
    : scheduledTask(driver, upgrade, patience, runtime);
  if (scheduled !== undefined) await cancelScheduled(driver.title, scheduled, runtime);
}

/**
 * Whether a scheduled upgrade that the state remembers is known to wait no more, although the resource still needs it:
 * somebody canceled it. Reads only.
 */
export async function isCanceled(driver: Driver, upgrade: UpgradeRecord): Promise<boolean> {
  const { plan } = await see(driver);
  if (plan.kind !== "upgrade") return false;
  // Where the vendor does not list what it has scheduled, only the task itself can tell.
  return isFleet(driver) || (await driver.inspect(taskOf(upgrade))).kind !== "deferred";
}

/** Whether an upgrade that the state remembers may go on where no look reaches, although the pin holds in what is seen. */
export function goesOn(driver: Driver, upgrade: UpgradeRecord | undefined): boolean {
  const open = upgrade?.state === "running" || upgrade?.state === "unknown";
  return open && !isFleet(driver) && driver.outlasts?.(taskOf(upgrade)) === true;
}

function isFleet(driver: Driver): driver is FleetPin {
  return "batchSize" in driver;
}
