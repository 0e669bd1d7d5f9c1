import type { ErrorCode } from "../errors";
import type { Task, Window } from "../pin";
import { compareVersions } from "../version";
import type { FleetMember, FleetWords } from "./fleet";
import { type Entry, endedSince, type Tally } from "./tally";

/** What follows for one member from a look. */
export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "newer" }
  | { readonly kind: "wait"; readonly message: string; readonly percent?: number }
  | { readonly kind: "send" }
  | { readonly kind: "deferred"; readonly task: Task; readonly window: Window }
  /** A task of our own that waits for a window and is not wanted any more. */
  | { readonly kind: "withdraw"; readonly task: Task }
  | ({ readonly kind: "problem" } & Problem);

/** What keeps one member from its pin, for good as far as this run goes. */
export interface Problem {
  readonly code: ErrorCode;
  /** A sentence about the member, without its name. */
  readonly message: string;
}

/** What is known beside the look. All times in milliseconds. */
export interface Circumstances {
  readonly now: number;
  readonly tally: Tally;
  /** How long an accepted call may take to show, and a success to be seen in the version. */
  readonly settleTime: number;
  /** When an earlier run sent calls whose effect is still open. */
  readonly rememberedAt?: number;
  /** Tasks that this pin scheduled, by id. */
  readonly own: ReadonlySet<string>;
  readonly defers: boolean;
  readonly words: FleetWords;
}

/** Calls to one member in one run: kernels that are far behind get there in several rounds. */
const MOST_ROUNDS = 4;

type Row = (member: FleetMember, about: Circumstances, entry: Entry | undefined) => Verdict | undefined;

/**
 * The decision table for one member. The first row that speaks decides.
 *
 * | what is seen | verdict |
 * |---|---|
 * | our task waits for a window, and the pin holds already or wants no window | withdraw |
 * | an upgrade runs | wait |
 * | newer than the pin, or satisfies it | newer, done |
 * | a task waits for a window, and the pin wants that | deferred |
 * | somebody else's waits for a window, and the pin does not | problem |
 * | something has to be done by somebody first | problem |
 * | something else runs | wait |
 * | our call's task failed | problem |
 * | our call's task succeeded, and a newer version runs that is still behind | send another round |
 * | our call's task succeeded, and the version has not moved | wait, then a problem |
 * | our call was sent, and nothing shows | wait, then a problem |
 * | an earlier run sent a call a moment ago, and nothing shows | wait |
 * | the vendor refused it | problem |
 * | otherwise | send |
 */
const ROWS: readonly Row[] = [
  ({ condition, standing }, { defers, own }) =>
    condition.kind === "deferred" && own.has(condition.task.id) && (!defers || standing !== "behind")
      ? { kind: "withdraw", task: condition.task }
      : undefined,
  ({ condition }) => {
    if (condition.kind !== "upgrading") return undefined;
    const { message, percent } = condition;
    return { kind: "wait", message, ...(percent === undefined ? {} : { percent }) };
  },
  ({ standing }) => {
    if (standing === "behind") return undefined;
    return { kind: standing === "newer" ? "newer" : "done" };
  },
  ({ condition }, { defers }) => {
    if (condition.kind !== "deferred") return undefined;
    const { task, window } = condition;
    if (defers) return { kind: "deferred", task, window };
    return problem(
      "blocked",
      `upgrade ${task.id}, which this pin did not schedule, waits for its window from ${window.opens}; cancel it there, or set \`schedule: "maintenance-window"\` to leave the upgrade to it`,
    );
  },
  ({ condition }) =>
    condition.kind === "held"
      ? problem("blocked", sentence(condition.finding.message, condition.finding.remedy))
      : undefined,
  ({ condition }) => (condition.kind === "busy" ? { kind: "wait", message: condition.name } : undefined),
  ({ ended }, _, entry) => {
    const ending = entry && endedSince(entry, ended);
    if (ending?.kind !== "failed") return undefined;
    return problem("upgrade-failed", `upgrade ${ending.task.id} failed: ${sentence(ending.message, ending.remedy)}`);
  },
  ({ version, ended }, { words }, entry) => {
    if (entry === undefined || compareVersions(version, entry.version) === 0) return undefined;
    if (entry.rounds < MOST_ROUNDS) return { kind: "send" };
    const task = ended === undefined ? "an upgrade" : `upgrade ${ended.task.id}`;
    return problem("not-upgraded", `${task} completed in round ${entry.rounds}; ${words.stillBehind}`);
  },
  ({ ended }, { now, settleTime, words }, entry) => {
    if (entry?.succeededAt === undefined) return undefined;
    if (now - entry.succeededAt < settleTime) return { kind: "wait", message: "completed, not to be seen yet" };
    return problem("not-upgraded", `upgrade ${ended?.task.id ?? ""} is reported as completed; ${words.stillBehind}`);
  },
  (_, { now, settleTime, words }, entry) => {
    if (entry === undefined) return undefined;
    if (now - entry.sentAt < settleTime) return { kind: "wait", message: "accepted, not started yet" };
    if (entry.lost) return problem("unconfirmed", "the answer to the upgrade call was lost, and no upgrade appeared");
    return problem("not-upgraded", `the call was accepted, but no upgrade has started; ${words.neverStarted}`);
  },
  ({ ended }, { now, settleTime, rememberedAt }) =>
    rememberedAt !== undefined && !(ended && ended.began >= rememberedAt) && now - rememberedAt < settleTime
      ? { kind: "wait", message: "asked for by an earlier run, not started yet" }
      : undefined,
  ({ name }, { tally }) => {
    const refusal = tally.refusal(name);
    return refusal && problem("refused", sentence(refusal.message, refusal.remedy));
  },
];

/** What follows for one member. Pure. */
export function verdictOn(member: FleetMember, about: Circumstances): Verdict {
  const entry = about.tally.entry(member.name);
  for (const row of ROWS) {
    const verdict = row(member, about, entry);
    if (verdict !== undefined) return verdict;
  }
  return { kind: "send" };
}

function problem(code: ErrorCode, message: string): Verdict {
  return { kind: "problem", code, message };
}

function sentence(message: string, remedy: string | undefined): string {
  return remedy === undefined ? message : `${message} ${remedy}`;
}
