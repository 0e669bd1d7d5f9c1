import { counted } from "../../base/sentences";
import type { Driver } from "../driver";
import type { Policy } from "../policy";
import { count, routesOf, some, unitsWithVersions } from "../texts/sentences";
import { batchesOf, type Finding, findingsOf, type Unit, type Upgrade, type View } from "../unit";

/** The parts of a driver that a plan depends on. */
export type Planned = Pick<Driver, "title" | "schedules" | "mostPerRequest" | "words">;

/** Plan line of an upgrade without a request. */
export const NO_REQUEST = "no request possible";

/** What the plan of several units depends on. */
interface Facts {
  readonly driver: Planned;
  readonly view: View;
  /** The lowest version of all units. */
  readonly from: string;
  readonly onNewer: Policy["onNewer"];
}

/** The upgrades of some units combined, for a plan line, with the findings of all units. */
export function together({ driver, view, from, onNewer }: Facts, needed: readonly Unit[]): Upgrade {
  const { words, schedules, mostPerRequest } = driver;
  if (words === undefined) {
    const [unit] = view.units;
    if (unit?.upgrade === undefined) return { from, route: from, how: NO_REQUEST, findings: [] };
    return { ...unit.upgrade, findings: findingsOf(unit) };
  }
  const findings = blockers(view);
  const notes = onNewer === "report" ? ahead(view) : [];
  if (needed.length === 0) return { from, route: from || "nothing", how: NO_REQUEST, findings, notes };
  const routes = new Map<string, Unit[]>();
  for (const unit of needed) {
    const { route = unit.from } = unit.upgrade ?? {};
    routes.set(route, [...(routes.get(route) ?? []), unit]);
  }
  const requests = batchesOf(mostPerRequest, needed).length;
  const total = view.units.length + view.absent.length;
  const canceled = needed.filter(({ activity }) => activity?.kind === "scheduled").length;
  const how = [
    ...(total === 1 ? [] : [`${needed.length} of ${count(total, words)} in ${counted(requests, "request")}`]),
    schedules ? "in the maintenance window" : "now",
    ...(canceled === 0 ? [] : [afterCanceling(canceled)]),
  ];
  return { from, route: routesOf(routes, words), how: how.join(", "), findings, notes };
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

/** Does not prevent the upgrades of other units. */
function ahead({ units }: View): string[] {
  const newer = units.filter(({ standing }) => standing === "newer");
  if (newer.length === 0) return [];
  return [
    `Newer than the target version: ${unitsWithVersions(newer)}; nothing is sent for them. Raise the target version, or set \`onNewer\` to \`accept\`.`,
  ];
}
