import { sentences } from "../base/sentences";
import { controlOf, isAwaited } from "./control/control";
import { describePlan, type Plan } from "./decision/plan";
import { foreseen, isUnwanted, judge } from "./decision/verdicts";
import { type Driver, type FleetDriver, isFleet } from "./driver";
import { Unreachable } from "./errors";
import { taskOf, type UpgradeRecord } from "./outcome";
import type { Policy } from "./policy";
import { isKept, keep } from "./reconcile/cancel";
import { inspect, type UnreachableBudget } from "./reconcile/observer";
import { operatorAfter, reopenedBy } from "./reconcile/recovery";
import type { Clock, Runtime } from "./runtime";
import { describeWindow, nameOf } from "./task";
import { leftScheduled, leftTask, scheduledByOthers, some } from "./texts/sentences";
import { textsOf } from "./texts/texts";
import type { Unit, View } from "./unit";
import { isOpen, RecordStore } from "./upgrades/record";
import { ScheduledTasks } from "./upgrades/scheduled-tasks";
import { UpgradesById } from "./upgrades/upgrades-by-id";
import { UpgradesByList, unneededOfOthers } from "./upgrades/upgrades-by-list";
import { parseVersion } from "./version";

/** Writes other than the upgrade request, as shown in a preview. */
export interface Announcement {
  readonly message: string;
  /** Set when a write that the plan suggests will not be sent. */
  readonly warning?: true;
}

/**
 * The operators and cancellations that a run would send, by the same policy and from the task in the state. Reads only.
 */
export async function announce(
  driver: Pick<Driver, "title" | "schedules" | "reopen" | "inspect" | "cancel" | "backups" | "reachesTarget">,
  { plan, view }: { readonly plan: Plan; readonly view: View },
  policy: Pick<Policy, "onFailure" | "changes">,
  { clock, wall, keepScheduled }: Pick<Runtime, "clock" | "wall" | "keepScheduled">,
  remembered?: UpgradeRecord,
): Promise<readonly Announcement[]> {
  const record = new RecordStore(clock, remembered);
  switch (plan.kind) {
    case "failed":
      record.found(plan.task, plan.from, plan.failure);
      return operator(driver, policy, wall, view.units, plan, record);
    case "cancel": {
      const { task, window } = plan;
      if (record.owns(task)) {
        const holdOf = controlOf(driver, policy, { wall }).judge();
        const unwanted = view.units.some((unit) => isUnwanted(unit, driver.schedules, holdOf));
        const kept = unwanted ? keptNotes(nameOf(task), keepScheduled) : [];
        if (kept.length > 0) return kept;
        return [{ message: `will cancel scheduled ${nameOf(task)} before the upgrade is requested` }];
      }
      const { remedy } = scheduledByOthers(driver.title, task, window);
      const waits = `${nameOf(task)}, which this resource did not schedule, is scheduled for its maintenance window, ${describeWindow(window)}`;
      return [{ message: `will not start: ${waits}. ${remedy}`, warning: true }];
    }
    case "join":
      return following(driver, plan, view, record);
    case "satisfied":
    case "newer":
      return cancellation(driver, record, keepScheduled);
    default:
      return [];
  }
}

/** An upgrade of this resource is in progress to a version that it no longer targets. */
function following(
  driver: Pick<Driver, "reachesTarget">,
  { task }: Extract<Plan, { kind: "join" }>,
  { units: [unit] }: View,
  { upgrade }: RecordStore,
): Announcement[] {
  if (unit?.standing !== "behind" || upgrade?.task !== task.id) return [];
  const known = taskOf(upgrade);
  if (parseVersion(known.to) === undefined || driver.reachesTarget(known, unit)) return [];
  return [{ message: `then requests another upgrade, because ${nameOf(known)} does not reach the target version` }];
}

async function operator(
  driver: Pick<Driver, "title" | "schedules" | "reopen" | "backups">,
  policy: Pick<Policy, "onFailure" | "changes">,
  wall: Pick<Clock, "now">,
  units: readonly Unit[],
  { task, failure }: Extract<Plan, { kind: "failed" }>,
  record: RecordStore,
): Promise<Announcement[]> {
  const { onFailure } = policy;
  if (onFailure === "report" || driver.reopen === undefined) return [];
  const name = nameOf(task);
  if (!record.owns(task)) {
    const why = `${name} was not started by this resource, so \`onFailure\` does not apply to it`;
    return [{ message: sentences(why, failure.remedy), warning: true }];
  }
  const accepted = operatorAfter(driver, onFailure, failure);
  const what = onFailure === "retry" ? "retried" : "rolled back";
  if (accepted === undefined) {
    const why =
      failure.operators === undefined
        ? `cannot determine whether ${name} can be ${what}`
        : `${name} can no longer be ${what}`;
    return [{ message: sentences(`${why}; nothing will be sent`, failure.remedy), warning: true }];
  }
  const at = failure.at === undefined ? "failed" : `failed at ${failure.at}`;
  const control = controlOf(driver, policy, { wall });
  const reopened = reopenedBy(record, task);
  await control.tryBackups(units, reopened);
  const holdOf = control.judge(reopened);
  const [hold] = units.flatMap((unit) => holdOf(unit) ?? []);
  if (hold !== undefined) {
    const then = isAwaited(control.rules, hold)
      ? `will be ${what} when the hold ends`
      : `will not be ${what} now, held`;
    return [{ message: `${name} ${then}: ${hold.message}` }];
  }
  return [
    {
      message:
        accepted === "retry" ? `will retry ${name}, ${at}` : `will roll back ${name}, ${at}; the run will then fail`,
    },
  ];
}

/** The resource is at the target version, and its scheduled upgrade is no longer needed. */
async function cancellation(
  driver: Pick<Driver, "inspect">,
  { upgrade, open }: RecordStore,
  keepScheduled: Runtime["keepScheduled"],
): Promise<Announcement[]> {
  if (upgrade === undefined || !open || upgrade.state === "unknown") return [];
  const task = taskOf(upgrade);
  const status = await inspect(driver, task);
  if (status.kind !== "scheduled") return [];
  if (upgrade.joined === true) return [{ message: leftTask(task, status.window), warning: true }];
  const kept = keptNotes(nameOf(task), keepScheduled);
  if (kept.length > 0) return kept;
  const window = describeWindow(status.window);
  return [{ message: `will cancel scheduled ${nameOf(task)}, which is no longer needed (window ${window})` }];
}

/** Why a scheduled upgrade would be kept; empty if nothing relies on it. */
function keptNotes(name: string, keepScheduled: Runtime["keepScheduled"]): Announcement[] {
  const notes: Announcement[] = [];
  isKept(name, { keepScheduled, warn: (message) => notes.push({ message }) });
  return notes;
}

/** The cancellations that a run would send for members of a fleet, based on the tasks in the state. Reads only. */
export async function announceFleet(
  driver: Pick<FleetDriver, "title" | "units" | "view" | "observe" | "schedules" | "words" | "backups">,
  seen: View,
  policy: Pick<Policy, "changes">,
  { wall, keepScheduled }: Pick<Runtime, "wall" | "keepScheduled">,
  remembered?: UpgradeRecord,
): Promise<readonly Announcement[]> {
  const schedule = new ScheduledTasks(remembered);
  // Scheduled upgrades of members that are up to date are only read on request.
  const isOfOthers = remembered?.joined === true && isOpen(remembered);
  const { units: members } = schedule.size === 0 && !isOfOthers ? seen : driver.view(await driver.observe(true));
  schedule.seen(members);
  const kept: Announcement[] = [];
  const holdOf = controlOf(driver, policy, { wall }).judge();
  const unwanted = members.filter(
    (unit) => unit.activity?.kind === "scheduled" && isUnwanted(unit, driver.schedules, holdOf),
  );
  const scheduled = new Set(Object.keys(schedule.tasks));
  const keepable = [...unwanted.map(({ name }) => name), ...schedule.others(driver.units)];
  keep(schedule, keepable, driver, { keepScheduled, warn: (message) => kept.push({ message }) });
  const waiting = members.flatMap(({ name, standing, activity }) =>
    activity?.kind === "scheduled" && !(driver.schedules && standing === "behind")
      ? [{ name, standing, task: activity.task.id, ours: schedule.owns(name, activity.task) }]
      : [],
  );
  const unneeded = waiting.filter(({ ours }) => ours).map(({ name, task }) => `${task} of ${name}`);
  const removed = schedule
    .others(driver.units)
    .flatMap((name) => schedule.idsOf([name]).map((id) => `${id} of ${name}`));
  const left = unneededOfOthers(members, (name, task) => schedule.owns(name, task) || scheduled.has(name));
  const foreign = waiting.filter(({ ours, standing }) => !ours && standing === "behind");
  const { upgrade } = driver.words;
  return [
    ...kept,
    ...listed(unneeded, (names) => ({ message: `will cancel the scheduled ${upgrade} ${names}` })),
    ...listed(removed, (names) => ({
      message: `will cancel the scheduled ${upgrade} ${names}, no longer part of this resource, unless it has started or another resource relies on it`,
    })),
    ...(left.size === 0 ? [] : [{ message: leftScheduled(left, driver.words), warning: true as const }]),
    ...listed(
      foreign.map(({ name, task }) => `${task} of ${name}`),
      (names) => ({
        message: `nothing will be requested where this resource did not schedule the ${upgrade} that is scheduled for its maintenance window: ${names}`,
        warning: true,
      }),
    ),
  ];
}

/**
 * What a run does before, or instead of, the requests that the plan shows, because of an upgrade that an earlier run
 * requested and that the plan's read does not show. Reads only.
 */
export async function announceEarlier(
  driver: Driver,
  { units }: View,
  policy: Policy,
  runtime: Runtime,
  remembered: UpgradeRecord | undefined,
): Promise<readonly Announcement[]> {
  if (remembered === undefined || !isOpen(remembered)) return [];
  const silenced = { ...runtime, report: ignore, inform: ignore, warn: ignore };
  const upgrades = isFleet(driver)
    ? new UpgradesByList(driver, policy, silenced, ONCE, remembered)
    : new UpgradesById(driver, policy, silenced, ONCE, remembered);
  const earlier = `the upgrade that an earlier run requested at ${remembered.startedAt}`;
  try {
    await upgrades.seen(units);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return [{ message: `no request is sent before ${earlier} can be read: ${error.message}` }];
  }
  const holdOf = controlOf(driver, policy, runtime).judge();
  const planned = foreseen(driver, units, holdOf);
  const requested = new Set([...planned.units("send"), ...planned.units("held")]);
  const facts = { driver, policy, upgrades, cancellation: NOTHING_REFUSED, texts: textsOf(driver) };
  const verdicts = judge(facts, units, runtime.clock.elapsed(), holdOf);
  const waiting = verdicts.units("wait").filter((unit) => requested.has(unit));
  const running = waiting.flatMap((unit) => upgrades.running(unit) ?? []);
  const invisible = waiting.filter((unit) => upgrades.running(unit) === undefined).map(({ name }) => name);
  const concerned = isFleet(driver) ? ` for ${some(invisible)}` : "";
  return [
    ...running.map((task) => ({ message: describePlan({ kind: "join", task, from: "" }) })),
    ...(invisible.length === 0
      ? []
      : [{ message: `no request is sent${concerned} while ${earlier} may still appear` }]),
  ];
}

const ONCE: Pick<UnreachableBudget, "retry"> = { retry: (read) => read() };
const NOTHING_REFUSED = { refused: new Set<string>() };

function ignore(): void {}

function listed(names: readonly string[], toAnnouncement: (names: string) => Announcement): Announcement[] {
  return names.length === 0 ? [] : [toAnnouncement(some(names))];
}
