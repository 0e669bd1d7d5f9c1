import type { Finding, Plan, Task, UpgradeCall, Window } from "../pin";
import { formatVersion, lowestVersion } from "../version";
import { batchesOf } from "./batches";
import type { Condition, FleetMember, FleetObservation, FleetPin } from "./fleet";
import { count, routesOf } from "./sentences";
import { Tally } from "./tally";

type Planned = Pick<FleetPin, "batchSize" | "groupOf" | "defers" | "words">;
type Facts = { readonly pin: Planned; readonly seen: FleetObservation; readonly from: string };
type Row = (facts: Facts) => Plan | undefined;

/**
 * The plan for all members together, for a preview and a refresh. The first row that speaks decides; a run decides for
 * each member by `verdict.ts`.
 *
 * | what is seen | plan |
 * |---|---|
 * | nothing | unknown |
 * | a member can be asked for, or is held, or absent | upgrade, with what holds as findings |
 * | a member upgrades | join |
 * | a member is behind, something else runs on it | wait |
 * | a member's upgrade waits for its window | deferred |
 * | a member is newer | newer |
 * | otherwise | satisfied |
 */
const ROWS: readonly Row[] = [
  ({ seen: { unknown, members, absent } }) => {
    if (unknown !== undefined) return { kind: "unknown", reason: unknown };
    return members.length + absent.length === 0 ? { kind: "unknown", reason: "no member was reported" } : undefined;
  },
  (facts) => {
    const { absent } = facts.seen;
    const held = behind(facts.seen).some(({ condition }) => condition.kind === "held");
    return held || absent.length > 0 || ready(facts).length > 0 ? { kind: "upgrade", call: callFor(facts) } : undefined;
  },
  ({ pin, seen, from }) => {
    const running = tasksOf(seen.members, "upgrading");
    return running.length > 0 ? { kind: "join", task: together(running, pin), from } : undefined;
  },
  (facts) => {
    const busy = behind(facts.seen).flatMap(({ name, condition }) =>
      condition.kind === "busy" ? [`${condition.name} on ${name}`] : [],
    );
    return busy[0] === undefined ? undefined : { kind: "wait", name: busy[0], call: callFor(facts) };
  },
  ({ pin, seen, from }) => {
    const waiting = tasksOf(behind(seen), "deferred");
    if (waiting.length === 0) return undefined;
    return { kind: "deferred", task: together(waiting, pin), from, window: spanOf(windowsOf(seen)) };
  },
  ({ seen, from }) => {
    const newer = seen.members.filter(({ standing }) => standing === "newer");
    return newer.length > 0 ? { kind: "newer", at: from, members: newer.map(({ name }) => name) } : undefined;
  },
];

/** The plan that follows from a look at all of them. Pure. */
export function planFleet(pin: Planned, seen: FleetObservation): Plan {
  const lowest = lowestVersion(seen.members.map(({ version }) => version));
  const facts = { pin, seen, from: lowest === undefined ? "" : formatVersion(lowest) };
  for (const row of ROWS) {
    const plan = row(facts);
    if (plan !== undefined) return plan;
  }
  return { kind: "satisfied", at: facts.from };
}

/** From the first opening to the last closing. */
export function spanOf(windows: readonly Window[]): Window {
  const opens = windows.map((window) => window.opens).sort();
  const closes = windows.map((window) => window.closes).sort();
  return { opens: opens[0] ?? "", closes: closes.at(-1) ?? "" };
}

function behind({ members }: FleetObservation): readonly FleetMember[] {
  return members.filter(({ standing }) => standing === "behind");
}

/** Those that a call would name, once what waits for a window although the pin does not has been taken back. */
function ready({ pin, seen }: Facts): readonly FleetMember[] {
  return behind(seen).filter(({ condition: { kind } }) => kind === "ready" || (kind === "deferred" && !pin.defers));
}

function callFor(facts: Facts): UpgradeCall {
  const { pin, seen, from } = facts;
  const { words, defers } = pin;
  const asked = ready(facts);
  const groups = new Map<string, FleetMember[]>();
  for (const member of asked) {
    const route = `${formatVersion(member.version)} → ${member.target ?? "newest"}`;
    groups.set(route, [...(groups.get(route) ?? []), member]);
  }
  const calls = batchesOf(pin, asked, new Tally()).length;
  const total = seen.members.length + seen.absent.length;
  const when = defers ? "in the maintenance window" : "now";
  const takenBack = asked.filter(({ condition }) => condition.kind === "deferred").length;
  const how = [
    ...(total === 1 ? [] : [`${asked.length} of ${count(total, words)} in ${calls} ${calls === 1 ? "call" : "calls"}`]),
    when,
    ...(takenBack === 0 ? [] : [`after taking back ${takenBack} that waited for a window`]),
  ];
  return {
    from,
    route: asked.length === 0 ? from || "nothing" : routesOf(groups, words),
    how: asked.length === 0 ? "no call possible" : how.join(", "),
    findings: findingsOf(seen),
  };
}

/** What holds members back, and those that are not there; once each where many have the same. */
function findingsOf(seen: FleetObservation): Finding[] {
  const held = behind(seen).flatMap(({ name, condition }) =>
    condition.kind === "held" ? [{ name, finding: condition.finding }] : [],
  );
  const alike = new Map<string, { finding: Finding; names: string[] }>();
  for (const { name, finding } of [...seen.absent, ...held]) {
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

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

function tasksOf(members: readonly FleetMember[], kind: "upgrading" | "deferred"): Task[] {
  return members.flatMap(({ condition }) => (condition.kind === kind ? [condition.task] : []));
}

function windowsOf(seen: FleetObservation): Window[] {
  const isDeferred = (condition: Condition) => (condition.kind === "deferred" ? [condition.window] : []);
  return behind(seen).flatMap(({ condition }) => isDeferred(condition));
}

/** Many tasks as one, for messages. */
function together(tasks: readonly Task[], { words }: Planned): Task {
  const [first] = tasks;
  if (first !== undefined && tasks.length === 1) return first;
  const targets = [...new Set(tasks.map(({ to }) => to))];
  return {
    id: some(tasks.map(({ id }) => id)),
    kind: `${words.upgrade} of ${count(tasks.length, words)}`,
    to: some(targets),
  };
}
