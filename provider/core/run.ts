import type { FleetObservation, FleetPin } from "./fleet/fleet";
import { reconcileFleet } from "./fleet/reconcile-fleet";
import { giveUpFleet } from "./fleet/take-back";
import type { Outcome, UpgradeRecord } from "./outcome";
import type { Observation, Pin, Plan } from "./pin";
import type { Policy } from "./policy";
import { reconcile } from "./reconcile";
import type { Runtime } from "./runtime";
import { type Heard, summaryOf } from "./summary";
import { giveUpOne, taskOf } from "./withdraw";

/** A connected driver for one resource, of either sort: upgraded as one, or each member for itself. */
export type Driver = Pin | FleetPin;

/** What one look at the vendor showed, and the plan that follows. */
export interface Sight {
  readonly observation: Observation;
  readonly plan: Plan;
  /** The same observation, where each member is upgraded for itself. */
  readonly fleet?: FleetObservation;
}

export async function see(driver: Driver): Promise<Sight> {
  if (isFleet(driver)) {
    const observation = await driver.observe();
    return { observation, plan: driver.plan(observation), fleet: observation };
  }
  const observation = await driver.observe();
  return { observation, plan: driver.plan(observation) };
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
  const outcome = isFleet(driver)
    ? withMembersCounted(await reconcileFleet(driver, policy, listening, remembered))
    : withTaskCounted(await reconcile(driver, policy, listening, remembered));
  const line = summaryOf(outcome, remembered, heard);
  if (line !== undefined) runtime.inform(line);
  return outcome;
}

/**
 * What has to be undone when a pin is given up: an upgrade that it scheduled and that has not started.
 * @throws PinError when the vendor does not say that it was taken back
 */
export function giveUp(driver: Driver, upgrade: UpgradeRecord, runtime: Runtime): Promise<void> {
  return isFleet(driver) ? giveUpFleet(driver, upgrade, runtime) : giveUpOne(driver, upgrade, runtime);
}

/** Whether an upgrade that the state remembers may go on where no look reaches, although the pin holds in what is seen. */
export function goesOn(driver: Driver, upgrade: UpgradeRecord | undefined): boolean {
  const open = upgrade?.state === "running" || upgrade?.state === "unknown";
  return open && !isFleet(driver) && driver.outlasts?.(taskOf(upgrade)) === true;
}

function withTaskCounted(outcome: Outcome): Outcome {
  const { upgrade } = outcome;
  return upgrade?.state === "deferred" && upgrade.joined ? { ...outcome, counted: [upgrade.task] } : outcome;
}

function withMembersCounted(outcome: Outcome<FleetObservation>): Outcome {
  const ours = outcome.upgrade?.tasks ?? {};
  const waiting = outcome.observation?.members.filter(
    ({ name, standing, condition }) =>
      standing === "behind" && condition.kind === "deferred" && !Object.hasOwn(ours, name),
  );
  return { ...outcome, counted: waiting?.map(({ name }) => name) ?? [] };
}

function isFleet(driver: Driver): driver is FleetPin {
  return "batchSize" in driver;
}
