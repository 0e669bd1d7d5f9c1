import { type HoldOf, togetherHold } from "../control/control";
import type { Hold } from "../control/hold";
import type { FleetWords } from "../driver";
import type { Policy } from "../policy";
import { describeWindow, type Failure, nameOf, spanOf, type Task, type Window } from "../task";
import { count, some } from "../texts/sentences";
import { describeCall, lowestOf, namesAhead, type Unit, type Upgrade, type View } from "../unit";
import { type Planned, together } from "./together";
import { foreseen, type Verdicts } from "./verdicts";

/**
 * The plan for all units together that follows from one read, for a preview and a refresh. Plain data.
 * `others`: what is done with other units of a fleet.
 */
export type Plan = OnePlan & { readonly others?: readonly OnePlan[] };

type OnePlan =
  | { readonly kind: "satisfied"; readonly at: string }
  | { readonly kind: "newer"; readonly at: string; readonly members: readonly string[] }
  | { readonly kind: "join"; readonly task: Task; readonly from: string; readonly rollingBack?: true }
  | { readonly kind: "failed"; readonly task: Task; readonly from: string; readonly failure: Failure }
  /** An accepted upgrade is scheduled, and stays scheduled. */
  | { readonly kind: "scheduled"; readonly task: Task; readonly from: string; readonly window: Window }
  /** An accepted upgrade is scheduled against the resource's arguments: it is canceled, then the request is sent. */
  | { readonly kind: "cancel"; readonly task: Task; readonly window: Window; readonly upgrade: Upgrade }
  | { readonly kind: "wait"; readonly name: string; readonly upgrade: Upgrade }
  | { readonly kind: "upgrade"; readonly upgrade: Upgrade }
  /** An upgrade is needed and possible, and must not begin now. */
  | { readonly kind: "held"; readonly upgrade: Upgrade; readonly hold: Hold }
  | { readonly kind: "unknown"; readonly reason: string };

interface Foreseen {
  readonly driver: Planned;
  readonly view: View;
  readonly verdicts: Verdicts;
  /** The lowest version of all units. */
  readonly from: string;
  readonly onNewer: Policy["onNewer"];
  readonly holdOf: HoldOf;
}
type Row = (facts: Foreseen) => OnePlan | undefined;

/**
 * Combines the verdicts of all units into one plan. The first row that applies decides. Of a fleet, the next ones apply
 * to other units: its `others`.
 *
 * | verdicts | plan |
 * |---|---|
 * | none: versions unknown, or nothing is reported | unknown |
 * | failed: an upgrade failed and holds the lock | failed |
 * | newer, and `onNewer` is "fail" | newer |
 * | send, held or problem, or a unit is absent | upgrade, with blockers as findings; held if nothing may begin now |
 * | wait for an upgrade in progress | join |
 * | cancel, for the only unit | cancel |
 * | wait for another operation, or held during one | wait; held if nothing may begin now |
 * | scheduled | scheduled |
 * | newer | newer |
 * | done | satisfied |
 */
const ROWS_OF_ALL: readonly Row[] = [
  ({ view: { unknown, units, absent } }) => {
    if (unknown !== undefined) return { kind: "unknown", reason: unknown };
    return units.length + absent.length === 0 ? { kind: "unknown", reason: "no member was reported" } : undefined;
  },
  ({ verdicts }) => {
    const [first] = verdicts.each("failed");
    if (first === undefined) return undefined;
    const [{ from }, { task, failure }] = first;
    return { kind: "failed", task, from, failure };
  },
  (facts) => (facts.onNewer === "fail" ? newer(facts) : undefined),
];

const ROWS: readonly Row[] = [
  (facts) => {
    const { driver, view, verdicts } = facts;
    const problems = verdicts.units("problem");
    const ready = [...verdicts.units("send"), ...verdicts.units("held"), ...problems].filter(isIdle);
    // For a fleet, canceling an unwanted scheduled upgrade is part of the line.
    const needed = driver.words === undefined ? ready : [...ready, ...verdicts.units("cancel")];
    if (view.absent.length + problems.length + needed.length === 0) return undefined;
    return heldOr(facts, inOrder(view, needed));
  },
  ({ driver, view, from }) => {
    const running = view.units.flatMap(({ activity }) => (activity?.kind === "running" ? [activity] : []));
    const [first] = running;
    if (first === undefined) return undefined;
    const task = taskOfFleet(running, driver.words);
    return { kind: "join", task, from, ...(first.rollingBack === true ? { rollingBack: true } : {}) };
  },
  (facts) => {
    const [first] = facts.driver.words === undefined ? facts.verdicts.each("cancel") : [];
    if (first === undefined) return undefined;
    const [unit, { task, window }] = first;
    return { kind: "cancel", task, window, upgrade: noted(together(facts, [unit]), heldOf(facts, [unit]).hold) };
  },
  (facts) => {
    const { view, verdicts } = facts;
    const late = inOrder(view, [...verdicts.units("wait"), ...verdicts.units("held")]);
    const units = late.filter(({ activity }) => activity?.kind === "busy");
    const name = operationsOn(units, facts.driver);
    if (name === undefined) return undefined;
    const upgrade = together(facts, units);
    const { hold, free } = heldOf(facts, units);
    const held = hold !== undefined && free.length === 0 && upgrade.findings.length === 0;
    return held ? { kind: "held", upgrade, hold } : { kind: "wait", name, upgrade };
  },
  ({ driver, verdicts, from }) => {
    const scheduled = verdicts.each("scheduled").map(([, waiting]) => waiting);
    if (scheduled.length === 0) return undefined;
    const window = spanOf(scheduled.map((waiting) => waiting.window));
    return { kind: "scheduled", task: taskOfFleet(scheduled, driver.words), from, window };
  },
];

/**
 * The plan that follows from a view: what the verdicts of a run would be after its first read. Pure.
 * @param onNewer what to do about members that are ahead of the target
 * @param holdOf why an upgrade must not begin now; by default nothing is held
 */
export function planOf(
  driver: Planned,
  view: View,
  onNewer: Policy["onNewer"] = "accept",
  holdOf: HoldOf = () => undefined,
): Plan {
  const verdicts = foreseen(driver, view.units, holdOf);
  const facts = { driver, view, verdicts, from: lowestOf(view.units), onNewer, holdOf };
  for (const row of ROWS_OF_ALL) {
    const plan = row(facts);
    if (plan !== undefined) return plan;
  }
  const [plan = newer(facts), ...others] = ROWS.flatMap((row) => row(facts) ?? []);
  if (plan !== undefined) return others.length === 0 ? plan : { ...plan, others };
  const [only] = view.units;
  return { kind: "satisfied", at: view.units.length === 1 && only !== undefined ? only.at : facts.from };
}

/** The upgrade of the units that may begin; held if none of them may and there are no other findings. */
function heldOr(facts: Foreseen, ready: readonly Unit[]): OnePlan | undefined {
  const { hold, free } = heldOf(facts, ready);
  const upgrade = together(facts, free.length === 0 ? ready : free);
  if (hold === undefined) return { kind: "upgrade", upgrade };
  // An upgrade in progress is joined, and a unit without a hold waits for another operation, even if others are held.
  if (free.length === 0 && facts.verdicts.units("wait").length > 0) return undefined;
  if (free.length === 0 && upgrade.findings.length === 0) return { kind: "held", upgrade, hold };
  return { kind: "upgrade", upgrade: noted(upgrade, hold) };
}

/** `backup`; for a fleet `what keeps i002 busy (backup) and 1 more`. Undefined if there is none. */
function operationsOn([first, ...others]: readonly Unit[], { words }: Planned): string | undefined {
  if (first?.activity?.kind !== "busy") return undefined;
  const { name } = first.activity;
  const what = words === undefined ? name : `what keeps ${first.name} busy (${name})`;
  return others.length === 0 ? what : `${what} and ${others.length} more`;
}

/** The combined hold of some units, and the units without a hold. */
function heldOf(
  { driver, view, holdOf }: Foreseen,
  of: readonly Unit[],
): { hold: Hold | undefined; free: readonly Unit[] } {
  const judged = of.map((unit) => ({ unit, hold: holdOf(unit) }));
  const held = judged.flatMap(({ unit, hold }) => (hold === undefined ? [] : [{ name: unit.name, hold }]));
  const free = judged.flatMap(({ unit, hold }) => (hold === undefined ? [unit] : []));
  return { hold: togetherHold(held, view.units.length + view.absent.length, driver.words), free };
}

function noted(upgrade: Upgrade, hold: Hold | undefined): Upgrade {
  return hold === undefined ? upgrade : { ...upgrade, notes: [...(upgrade.notes ?? []), `Held: ${hold.message}.`] };
}

/** Whether no operation is in progress on it, and no person has to act at the vendor. */
function isIdle({ activity }: Unit): boolean {
  return activity === undefined || activity.kind === "scheduled";
}

function inOrder({ units }: View, some: readonly Unit[]): readonly Unit[] {
  const wanted = new Set(some);
  return units.filter((unit) => wanted.has(unit));
}

function newer({ driver, verdicts, view, from }: Foreseen): OnePlan | undefined {
  const ahead = verdicts.units("newer");
  const [first] = ahead;
  if (first === undefined) return undefined;
  if (driver.words === undefined) return { kind: "newer", at: first.at, members: namesAhead(first) };
  const names = ahead.length === view.units.length ? [] : ahead.map(({ name }) => name);
  return { kind: "newer", at: from, members: names };
}

/** The tasks of many units as one, for messages. */
function taskOfFleet(all: readonly { readonly task: Task }[], words: FleetWords | undefined): Task {
  const tasks = all.map(({ task }) => task);
  const [first] = tasks;
  if (first === undefined) throw new Error("there is no task to name");
  if (tasks.length === 1 || words === undefined) return first;
  const targets = [...new Set(tasks.map(({ to }) => to))];
  return {
    id: some(tasks.map(({ id }) => id)),
    kind: `${words.upgrade} of ${count(tasks.length, words)}`,
    to: some(targets),
  };
}

/** The plan as one line, as shown in the preview. Stable, because it is compared and part of digests. */
export function describePlan(plan: OnePlan): string {
  switch (plan.kind) {
    case "satisfied":
      return `already at ${plan.at}`;
    case "newer":
      return `runs ${plan.at}, newer than the target version${plan.members.length === 0 ? "" : `: ${plan.members.join(", ")}`}`;
    case "join":
      return plan.rollingBack
        ? `waits for ${nameOf(plan.task)}, which is being rolled back; the run will then fail`
        : `joins running ${nameOf(plan.task)}`;
    case "failed":
      return `${nameOf(plan.task)} failed: ${plan.failure.message}`;
    case "scheduled":
      return `${nameOf(plan.task)} is scheduled for its maintenance window, ${describeWindow(plan.window)}`;
    case "cancel":
      return `${describeCall(plan.upgrade)}, after canceling ${nameOf(plan.task)}, which is scheduled for ${describeWindow(plan.window)} (refused if this resource did not schedule it)`;
    case "wait":
      return `${describeCall(plan.upgrade)}, after ${plan.name} has ended`;
    case "upgrade":
      return describeCall(plan.upgrade);
    case "held":
      return `${describeCall(plan.upgrade)} · held: ${plan.hold.message}`;
    case "unknown":
      return `cannot plan: ${plan.reason}`;
  }
}
