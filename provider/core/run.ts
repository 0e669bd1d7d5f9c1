import { formatDuration } from "../base/sentences";
import { type Announcement, announce, announceEarlier, announceFleet } from "./announce";
import { controlOf } from "./control/control";
import { type Plan, planOf } from "./decision/plan";
import { type Driver, isFleet, type Observation } from "./driver";
import { type Outcome, taskOf, type UpgradeRecord } from "./outcome";
import type { Policy } from "./policy";
import { CancelPause, cancelScheduled, scheduledInFleet, scheduledTask } from "./reconcile/cancel";
import { inspect, UnreachableBudget } from "./reconcile/observer";
import { reconcile } from "./reconcile/reconcile";
import type { Clock, Runtime } from "./runtime";
import { isFollowed, type View } from "./unit";
import { formatParts, lowestVersion } from "./version";

/** One read of the vendor, its interpretation, and the resulting plan. */
export interface Seen {
  readonly observation: Observation;
  readonly view: View;
  readonly plan: Plan;
}

/** One read of the vendor, and of its backups if a rule requires them. */
export async function see(
  driver: Driver,
  policy: Pick<Policy, "onNewer" | "changes">,
  wall: Pick<Clock, "now">,
): Promise<Seen> {
  const observation = await driver.observe(false);
  const view = driver.view(observation);
  const control = controlOf(driver, policy, { wall });
  await control.tryBackups(
    view.units.filter(({ standing, activity }) => standing === "behind" && !isFollowed(activity)),
  );
  return { observation, view, plan: planOf(driver, view, policy.onNewer, control.judge()) };
}

/**
 * The writes of a run other than the upgrade request, as a preview shows them, and what it waits for first. Reads only.
 * @param remembered the last upgrade in the state, which shows who owns a task
 */
export async function announceWrites(
  driver: Driver,
  seen: Seen,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<readonly Announcement[]> {
  const writes = isFleet(driver)
    ? await announceFleet(driver, seen.view, policy, runtime, remembered)
    : await announce(driver, seen, policy, runtime, remembered);
  return [...writes, ...(await announceEarlier(driver, seen.view, policy, runtime, remembered))];
}

/** Brings the resource to its target version, and logs a summary of an upgrade that succeeded. Never throws. */
export async function run(
  driver: Driver,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<Outcome> {
  let noted: Noted | undefined;
  const listening: Runtime = {
    ...runtime,
    report: (progress) => {
      noted = { ...noted, ...(progress.stages === undefined ? {} : { stages: progress.stages }) };
      runtime.report(progress);
    },
  };
  const outcome = await reconcile(driver, policy, listening, remembered);
  const line = summaryOf(outcome, remembered, noted);
  if (line !== undefined) runtime.inform(line);
  return outcome;
}

/** How long a delete waits for a vendor that is unreachable or cannot confirm yet, in milliseconds. */
const DELETE_BUDGET = 2 * 60_000;

/**
 * Cleans up when a resource is deleted: cancels upgrades that it scheduled and that have not started. Always
 * terminates.
 * @throws UpgradeError if they were not canceled and may still be scheduled
 */
export async function giveUp(driver: Driver, upgrade: UpgradeRecord, policy: Policy, runtime: Runtime): Promise<void> {
  await new CancelPause(policy.spacing, runtime).take();
  const unreachableBudget = Math.min(policy.unreachableBudget, DELETE_BUDGET);
  const budget = new UnreachableBudget(driver.title, { ...policy, unreachableBudget }, runtime, false);
  const scheduled = isFleet(driver)
    ? scheduledInFleet(driver, upgrade, budget, runtime)
    : scheduledTask(driver, upgrade, budget, runtime);
  if (scheduled !== undefined) await cancelScheduled(driver, scheduled, runtime);
}

/**
 * Whether a scheduled upgrade in the state is certainly no longer scheduled although the resource still needs it,
 * because it was canceled outside this tool. Reads only.
 */
export async function isCanceled(driver: Driver, upgrade: UpgradeRecord): Promise<boolean> {
  const plan = planOf(driver, driver.view(await driver.observe(false)));
  if (plan.kind !== "upgrade") return false;
  // If the vendor does not list scheduled upgrades, only a read of the task shows this.
  return isFleet(driver) || (await inspect(driver, taskOf(upgrade))).kind !== "scheduled";
}

/** Whether an upgrade in the state may continue where reads do not reach, although all that they show is up to date. */
export function mayContinue(driver: Driver, upgrade: UpgradeRecord | undefined): boolean {
  const open = upgrade?.state === "running" || upgrade?.state === "unknown";
  return open && driver.outlasts?.(taskOf(upgrade)) === true;
}

/** Observed by a run while it waited for its upgrade; undefined if the upgrade had completed before. */
export interface Noted {
  /** The number of stages, if the vendor reports it. */
  readonly stages?: number;
}

/**
 * The summary of a finished upgrade: `upgraded 4.2.1.8 → 4.3.5.2 in 1 min 28 s, 30 stages`. The time counts from the
 * request, over all runs that waited, or from when the upgrade was found in progress.
 * @returns undefined if this run saw no upgrade succeed
 */
export function summaryOf(
  { upgrade, error, observation }: Pick<Outcome, "upgrade" | "error" | "observation">,
  remembered: UpgradeRecord | undefined,
  before: Noted | undefined,
): string | undefined {
  if (error !== undefined || upgrade?.state !== "succeeded" || upgrade.finishedAt === undefined) return undefined;
  if (upgrade.task === remembered?.task && upgrade.finishedAt === remembered.finishedAt) return undefined;
  const line = `upgraded ${changedOf(upgrade)} → ${reached(upgrade.to, observation)}`;
  if (before === undefined) return line;
  const took = formatDuration(Math.max(Date.parse(upgrade.finishedAt) - Date.parse(upgrade.startedAt), 0));
  const stages = before.stages === undefined ? "" : `, ${before.stages} stages`;
  return `${line}${upgrade.joined ? `, seen running for ${took}` : ` in ${took}`}${stages}`;
}

/** If versions have names, the changed ones: for `ReJSON 2.8.4, search 2.10.17` to `ReJSON 2.8.10`, the first one. */
function changedOf({ from, to }: UpgradeRecord): string {
  const names = new Set(to.split(", ").map(nameOf));
  const changed = from.split(", ").filter((one) => names.has(nameOf(one)));
  return changed.length === 0 ? from : changed.join(", ");
}

function nameOf(version: string): string {
  return version.replace(/ .*$/, "");
}

/** The exact version that was reached, if only a release was requested, such as 7.4. */
function reached(to: string, observation: Outcome["observation"]): string {
  const lowest = lowestVersion(observation?.members.map(({ version }) => version) ?? []);
  const seen = lowest === undefined ? "" : formatParts(lowest);
  return seen.startsWith(`${to}.`) ? seen : to;
}
