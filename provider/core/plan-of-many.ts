import { counted } from "../base/counted";
import { batchesOf } from "./batches";
import type { Driver, FleetWords } from "./driver";
import { count, routesOf, some, unitsWithVersions } from "./sentences-of-many";
import type { Task } from "./task";
import { type Finding, findingsOf, type Unit, type Upgrade, type View } from "./unit";

/** Previews of many units as one. */

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
