import type { Finding, UpgradeCall } from "../pin";
import type { Policy } from "../policy";
import { formatVersion } from "../version";
import { batchesOf } from "./batches";
import type { FleetMember, FleetObservation, FleetPin } from "./fleet";
import { count, namesWithVersions, routesOf, some } from "./sentences";
import { Tally } from "./tally";

/** What a plan needs to know of a pin. */
export type Planned = Pick<FleetPin, "batchSize" | "groupOf" | "compose" | "defers" | "words">;

/** The calls for some of the members as one, for a preview, with all that is known against any member. */
export function callFor(
  pin: Planned,
  seen: FleetObservation,
  asked: readonly FleetMember[],
  from: string,
  onNewer: Policy["onNewer"],
): UpgradeCall {
  const findings = [...keptBack(seen), ...(onNewer === "report" ? ahead(seen) : [])];
  if (asked.length === 0) return { from, route: from || "nothing", how: "no call possible", findings, requests: [] };
  const { words, defers } = pin;
  const groups = new Map<string, FleetMember[]>();
  for (const member of asked) {
    const route = `${formatVersion(member.version)} → ${member.target ?? "newest"}`;
    groups.set(route, [...(groups.get(route) ?? []), member]);
  }
  const requests = batchesOf(pin, asked, new Tally()).map((batch) => pin.compose(batch));
  const calls = requests.length;
  const total = seen.members.length + seen.absent.length;
  const takenBack = asked.filter(({ condition }) => condition.kind === "deferred").length;
  const how = [
    ...(total === 1 ? [] : [`${asked.length} of ${count(total, words)} in ${calls} ${calls === 1 ? "call" : "calls"}`]),
    defers ? "in the maintenance window" : "now",
    ...(takenBack === 0 ? [] : [afterTakingBack(takenBack)]),
  ];
  return { from, route: routesOf(groups, words), how: how.join(", "), findings, requests };
}

/** Whose they are stands in the state, which a plan does not know. */
function afterTakingBack(tasks: number): string {
  return tasks === 1
    ? "after taking back 1 that waits for a window (refused if this pin did not schedule it)"
    : `after taking back ${tasks} that wait for a window (refused for those that this pin did not schedule)`;
}

/** What holds members back, and those that are not there; once each where many have the same. */
function keptBack({ members, absent }: FleetObservation): Finding[] {
  const held = members.flatMap(({ name, standing, condition }) =>
    standing === "behind" && condition.kind === "held" ? [{ name, finding: condition.finding }] : [],
  );
  const alike = new Map<string, { finding: Finding; names: string[] }>();
  for (const { name, finding } of [...absent, ...held]) {
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

function ahead({ members }: FleetObservation): Finding[] {
  const newer = members.filter(({ standing }) => standing === "newer");
  if (newer.length === 0) return [];
  return [
    {
      code: "newer",
      message: `Newer than the pin: ${namesWithVersions(newer)}; nothing is called for that.`,
      remedy: 'Raise the pin, or set `onNewer: "accept"`.',
    },
  ];
}
