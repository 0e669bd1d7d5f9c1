import type { Plan, Task, Window } from "../pin";
import type { Policy } from "../policy";
import { formatVersion, lowestVersion } from "../version";
import { callFor, type Planned } from "./call";
import type { FleetMember, FleetObservation } from "./fleet";
import { count, some } from "./sentences";

interface Facts {
  readonly pin: Planned;
  readonly seen: FleetObservation;
  readonly from: string;
  readonly onNewer: Policy["onNewer"];
}
type Row = (facts: Facts) => Plan | undefined;

/**
 * The plan for all members together, for a preview and a refresh. The first row that speaks decides; a run decides for
 * each member by `verdict.ts`.
 *
 * | what is seen | plan |
 * |---|---|
 * | nothing | unknown |
 * | a member is newer, and that is not to be | newer |
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
  (facts) => (facts.onNewer === "fail" ? newer(facts) : undefined),
  ({ pin, seen, from, onNewer }) => {
    const { absent } = seen;
    const late = behind(seen);
    const held = late.some(({ condition }) => condition.kind === "held");
    // What waits for a window although the pin does not has to be taken back first.
    const ready = late.filter(({ condition: { kind } }) => kind === "ready" || (kind === "deferred" && !pin.defers));
    if (!held && absent.length === 0 && ready.length === 0) return undefined;
    return { kind: "upgrade", call: callFor(pin, seen, ready, from, onNewer) };
  },
  ({ pin, seen, from }) => {
    const running = tasksOf(seen.members, "upgrading");
    return running.length > 0 ? { kind: "join", task: together(running, pin), from } : undefined;
  },
  ({ pin, seen, from, onNewer }) => {
    const busy = behind(seen).filter(({ condition }) => condition.kind === "busy");
    const [first] = busy.flatMap(({ name, condition }) =>
      condition.kind === "busy" ? [`what keeps ${name} busy (${condition.name})`] : [],
    );
    if (first === undefined) return undefined;
    const name = busy.length === 1 ? first : `${first} and ${busy.length - 1} more`;
    return { kind: "wait", name, call: callFor(pin, seen, busy, from, onNewer) };
  },
  ({ pin, seen, from }) => {
    const waiting = tasksOf(behind(seen), "deferred");
    if (waiting.length === 0) return undefined;
    return { kind: "deferred", task: together(waiting, pin), from, window: spanOf(windowsOf(behind(seen))) };
  },
  (facts) => newer(facts),
];

/**
 * The plan that follows from a look at all of them. Pure.
 * @param onNewer what the pin wants done about members that run something newer
 */
export function planFleet(pin: Planned, seen: FleetObservation, onNewer: Policy["onNewer"] = "accept"): Plan {
  const lowest = lowestVersion(seen.members.map(({ version }) => version));
  const facts = { pin, seen, from: lowest === undefined ? "" : formatVersion(lowest), onNewer };
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

function newer({ seen, from }: Facts): Plan | undefined {
  const ahead = seen.members.filter(({ standing }) => standing === "newer");
  return ahead.length > 0 ? { kind: "newer", at: from, members: ahead.map(({ name }) => name) } : undefined;
}

function tasksOf(members: readonly FleetMember[], kind: "upgrading" | "deferred"): Task[] {
  return members.flatMap(({ condition }) => (condition.kind === kind ? [condition.task] : []));
}

function windowsOf(members: readonly FleetMember[]): Window[] {
  return members.flatMap(({ condition }) => (condition.kind === "deferred" ? [condition.window] : []));
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
