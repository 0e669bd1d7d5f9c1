import { counted } from "../../base/sentences";
import { type HoldOf, togetherHold } from "../control/control";
import type { Hold } from "../control/hold";
import type { Driver, FleetWords } from "../driver";
import type { Policy } from "../policy";
import { batchesOf } from "../reconcile/batches";
import { type Failure, spanOf, type Task, type Window } from "../task";
import { count, routesOf, some, unitsWithVersions } from "../texts/sentences";
import { type Finding, findingsOf, isHopeless, type Unit, type Upgrade, type View } from "../unit";
import { formatVersion, lowestVersion, parseVersion } from "../version/version";

/** The plan for all units together that follows from one read, for a preview and a refresh. Plain data. */
export type Plan =
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

/** The parts of a driver that a plan depends on. */
export type Planned = Pick<Driver, "schedules" | "mostPerRequest" | "words">;

interface Facts {
  readonly driver: Planned;
  readonly view: View;
  /** The lowest version of all units. */
  readonly from: string;
  readonly onNewer: Policy["onNewer"];
  readonly holdOf: HoldOf;
}
type Row = (facts: Facts) => Plan | undefined;

/**
 * The first row that applies decides; a run decides for each unit.
 *
 * | what is observed | plan |
 * |---|---|
 * | versions unknown, or nothing is reported | unknown |
 * | an upgrade failed and holds the lock | failed |
 * | a unit is ahead of the target, and `onNewer` is "fail" | newer |
 * | a unit can be upgraded, is blocked, or absent | upgrade, with blockers as findings; held if nothing may begin now |
 * | an upgrade is in progress | join |
 * | the only unit has an unwanted scheduled upgrade | cancel |
 * | a unit is behind, another operation is in progress on it | wait; held if nothing may begin now |
 * | a unit's upgrade is scheduled | scheduled |
 * | a unit is ahead of the target | newer |
 * | otherwise | satisfied |
 */
const ROWS: readonly Row[] = [
  ({ view: { unknown, units, absent } }) => {
    if (unknown !== undefined) return { kind: "unknown", reason: unknown };
    return units.length + absent.length === 0 ? { kind: "unknown", reason: "no member was reported" } : undefined;
  },
  ({ view: { units } }) => {
    for (const { activity, from } of units) {
      if (activity?.kind === "failed") return { kind: "failed", task: activity.task, from, failure: activity.failure };
    }
    return undefined;
  },
  (facts) => (facts.onNewer === "fail" ? newer(facts) : undefined),
  (facts) => {
    const { driver, view } = facts;
    const late = behind(view);
    const blocked = late.some(({ activity }) => activity?.kind === "blocked");
    // An unwanted scheduled upgrade has to be canceled first.
    const ready = late.filter(
      (unit) => isReady(unit, driver) || (driver.words !== undefined && isUnwanted(unit, driver)),
    );
    if (!blocked && view.absent.length === 0 && ready.length === 0) return undefined;
    return heldOr(facts, ready);
  },
  ({ driver, view, from }) => {
    const running = view.units.flatMap(({ activity }) => (activity?.kind === "running" ? [activity] : []));
    const [first] = running;
    if (first === undefined) return undefined;
    const task = taskOfFleet(running, driver.words);
    return { kind: "join", task, from, ...(first.rollingBack === true ? { rollingBack: true } : {}) };
  },
  (facts) => {
    for (const unit of behind(facts.view)) {
      const { activity } = unit;
      if (activity?.kind !== "scheduled" || !isUnwanted(unit, facts.driver)) continue;
      const upgrade = noted(together(facts, [unit]), heldOf(facts, [unit]).hold);
      return { kind: "cancel", task: activity.task, window: activity.window, upgrade };
    }
    return undefined;
  },
  (facts) => {
    const busy = behind(facts.view).flatMap((unit) =>
      unit.activity?.kind === "busy" ? [{ unit, name: unit.activity.name }] : [],
    );
    const [first] = busy;
    if (first === undefined) return undefined;
    const what = facts.driver.words === undefined ? first.name : `what keeps ${first.unit.name} busy (${first.name})`;
    const name = busy.length === 1 ? what : `${what} and ${busy.length - 1} more`;
    const units = busy.map(({ unit }) => unit);
    const upgrade = together(facts, units);
    const { hold, free } = heldOf(facts, units);
    const held = hold !== undefined && free.length === 0 && upgrade.findings.length === 0;
    return held ? { kind: "held", upgrade, hold } : { kind: "wait", name, upgrade };
  },
  ({ driver, view, from }) => {
    const waiting = behind(view).flatMap(({ activity }) => (activity?.kind === "scheduled" ? [activity] : []));
    if (waiting.length === 0) return undefined;
    const window = spanOf(waiting.map((scheduled) => scheduled.window));
    return { kind: "scheduled", task: taskOfFleet(waiting, driver.words), from, window };
  },
  (facts) => newer(facts),
];

/**
 * The plan that follows from a view. Pure.
 * @param onNewer what to do about members that are ahead of the target
 * @param holdOf why an upgrade must not begin now; by default nothing is held
 */
export function planOf(
  driver: Planned,
  view: View,
  onNewer: Policy["onNewer"] = "accept",
  holdOf: HoldOf = () => undefined,
): Plan {
  const facts = { driver, view, from: lowestOf(view.units), onNewer, holdOf };
  for (const row of ROWS) {
    const plan = row(facts);
    if (plan !== undefined) return plan;
  }
  const [only] = view.units;
  return { kind: "satisfied", at: view.units.length === 1 && only !== undefined ? only.at : facts.from };
}

/** The lowest version of all units, with its build. */
export function lowestOf(units: readonly Unit[]): string {
  const [only] = units;
  if (units.length === 1 && only !== undefined) return only.from;
  const lowest = lowestVersion(units.flatMap(({ from }) => parseVersion(from) ?? []));
  return lowest === undefined ? "" : formatVersion(lowest);
}

function behind({ units }: View): readonly Unit[] {
  return units.filter(({ standing }) => standing === "behind");
}

/** The upgrade of the units that may begin; held if none of them may and there are no other findings. */
function heldOr(facts: Facts, ready: readonly Unit[]): Plan | undefined {
  const { hold, free } = heldOf(facts, ready);
  if (hold === undefined) return { kind: "upgrade", upgrade: together(facts, ready) };
  const { units } = facts.view;
  const upgrade = together(facts, free.length === 0 ? ready : free);
  // An upgrade in progress is joined, and a unit without a hold waits for another operation, even if others are held.
  if (free.length === 0 && units.some((unit) => isUnderWay(unit, facts))) return undefined;
  if (free.length === 0 && upgrade.findings.length === 0) return { kind: "held", upgrade, hold };
  return { kind: "upgrade", upgrade: noted(upgrade, hold) };
}

/** Whether its upgrade is in progress, or will be requested after another operation has completed. */
function isUnderWay(unit: Unit, { holdOf }: Facts): boolean {
  if (unit.activity?.kind === "running") return true;
  return unit.activity?.kind === "busy" && unit.standing === "behind" && holdOf(unit) === undefined;
}

/** The combined hold of some units, and the units without a hold. */
function heldOf({ view, holdOf }: Facts, of: readonly Unit[]): { hold: Hold | undefined; free: readonly Unit[] } {
  const judged = of.map((unit) => ({ unit, hold: holdOf(unit) }));
  const holds = judged.flatMap(({ hold }) => hold ?? []);
  const free = judged.flatMap(({ unit, hold }) => (hold === undefined ? [unit] : []));
  return { hold: togetherHold(holds, view.units.length + view.absent.length), free };
}

function noted(upgrade: Upgrade, hold: Hold | undefined): Upgrade {
  return hold === undefined ? upgrade : { ...upgrade, notes: [...(upgrade.notes ?? []), `Held: ${hold.message}.`] };
}

/** Whether a request can be sent according to the vendor. A scheduled upgrade to a wrong version is not waited for. */
function isReady(unit: Unit, { schedules }: Planned): boolean {
  return unit.activity === undefined || (unit.activity.kind === "scheduled" && schedules && isHopeless(unit));
}

/** Whether its upgrade is scheduled although the resource does not use maintenance windows. */
function isUnwanted({ activity }: Unit, { schedules }: Planned): boolean {
  return activity?.kind === "scheduled" && !schedules;
}

function newer({ driver, view, from }: Facts): Plan | undefined {
  const ahead = view.units.filter(({ standing, activity }) => standing === "newer" && activity?.kind !== "running");
  const [first] = ahead;
  if (first === undefined) return undefined;
  if (driver.words === undefined) return { kind: "newer", at: first.at, members: first.ahead };
  return { kind: "newer", at: from, members: ahead.map(({ name }) => name) };
}

/** The upgrades of several units combined, for a plan line. */
function together(facts: Facts, units: readonly Unit[]): Upgrade {
  const { driver, view, from, onNewer } = facts;
  if (driver.words !== undefined) {
    const limits = { schedules: driver.schedules, mostPerRequest: driver.mostPerRequest, words: driver.words };
    return upgradeOfFleet(limits, view, units, { from, tellNewer: onNewer === "report" });
  }
  const [unit] = view.units;
  if (unit?.upgrade === undefined) return { from, route: from, how: NO_REQUEST, findings: [] };
  return { ...unit.upgrade, findings: findingsOf(unit) };
}

/** Plan line of an upgrade without a request. */
export const NO_REQUEST = "no request possible";

interface Limits extends Pick<Driver, "schedules" | "mostPerRequest"> {
  readonly words: FleetWords;
}

/**
 * The upgrade of some of the units, with the findings of all units.
 * @param tellNewer whether units that are ahead of the target are a finding
 */
export function upgradeOfFleet(
  driver: Limits,
  view: View,
  asked: readonly Unit[],
  { from, tellNewer }: { readonly from: string; readonly tellNewer: boolean },
): Upgrade {
  const findings = [...blockers(view), ...(tellNewer ? ahead(view) : [])];
  if (asked.length === 0) return { from, route: from || "nothing", how: NO_REQUEST, findings };
  const { words, schedules } = driver;
  const routes = new Map<string, Unit[]>();
  for (const unit of asked) {
    const { route = unit.from } = unit.upgrade ?? {};
    routes.set(route, [...(routes.get(route) ?? []), unit]);
  }
  const calls = batchesOf(driver.mostPerRequest, asked).length;
  const total = view.units.length + view.absent.length;
  const canceled = asked.filter(({ activity }) => activity?.kind === "scheduled").length;
  const how = [
    ...(total === 1 ? [] : [`${asked.length} of ${count(total, words)} in ${counted(calls, "call")}`]),
    schedules ? "in the maintenance window" : "now",
    ...(canceled === 0 ? [] : [afterCanceling(canceled)]),
  ];
  return { from, route: routesOf(routes, words), how: how.join(", "), findings };
}

/** Does not name the owner of the tasks: it is in the state, which a plan does not have. */
function afterCanceling(tasks: number): string {
  return tasks === 1
    ? "after canceling 1 that is scheduled for its maintenance window (refused if this resource did not schedule it)"
    : `after canceling ${tasks} that are scheduled for their maintenance windows (refused for those that this resource did not schedule)`;
}

/** Findings of blocked and absent units, without duplicates. */
function blockers({ units, absent }: View): Finding[] {
  const blocked = units
    .filter(({ standing }) => standing === "behind")
    .flatMap((unit) => findingsOf(unit).map((finding) => ({ name: unit.name, finding })));
  const alike = new Map<string, { finding: Finding; names: string[] }>();
  for (const { name, finding } of [...absent, ...blocked]) {
    const key = `${finding.code} ${finding.message} ${finding.remedy}`;
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { finding, names: [name] });
    else known.names.push(name);
  }
  return [...alike.values()].map(({ finding, names }) => ({
    ...finding,
    message: `${some(names)}: ${finding.message}`,
  }));
}

function ahead({ units }: View): Finding[] {
  const newer = units.filter(({ standing }) => standing === "newer");
  if (newer.length === 0) return [];
  return [
    {
      code: "newer",
      message: `Newer than the target version: ${unitsWithVersions(newer)}; nothing is sent for them.`,
      remedy: "Raise the target version, or set `onNewer` to `accept`.",
    },
  ];
}

/** The tasks of many units as one, for messages. */
export function taskOfFleet(all: readonly { readonly task: Task }[], words: FleetWords | undefined): Task {
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
