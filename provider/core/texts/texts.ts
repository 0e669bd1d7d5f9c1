import { sentences } from "../../base/sentences";
import type { Evidence } from "../decision/evidence";
import type { Driver, FleetWords } from "../driver";
import { type ErrorCode, type Refused, UpgradeError } from "../errors";
import { describeWindow, type Failure, nameOf, type Task, type Window } from "../task";
import { type Finding, findingsOf, namesAhead, type Problem, type Unit, type Waiting } from "../unit";
import {
  blocked,
  failed,
  lostResponse,
  notAll,
  notCanceled,
  notUpgraded,
  progressOf,
  type Standings,
  scheduledByOthers,
  scheduledNote,
  tooNew,
  tooNewOf,
  unconfirmed,
  unhealthy,
  vanished,
} from "./sentences";

/** Messages of a run. With one unit they name the managed database; with many they count the units and name some. */
export interface Texts extends ProblemTexts {
  task(task: Task, unit: string): string;
  /** A message about one unit, by itself. */
  named(unit: Unit, message: string): string;
  /** Another operation that the run waits for. */
  busy(name: string): string;
  progress(standings: Standings): string;
  scheduled(waiting: ReadonlyMap<string, Waiting>): string;
  /** @param total how many units the resource has */
  tooNew(newer: readonly Unit[], total: number): UpgradeError;
  /** The error of a run in which not all units reached their target version. */
  notAll(problems: ReadonlyMap<string, Problem>, total: number): UpgradeError;
  /** The error of a run in which the upgrade of a unit can never succeed with these arguments. */
  hopeless(unit: Unit): UpgradeError;
}

export function textsOf({ title, words }: Pick<Driver, "title" | "words">): Texts {
  return words === undefined ? textsOfOne(title) : textsOfMany(title, words);
}

/** Messages about a unit that does not reach its target version. */
export interface ProblemTexts {
  failed(task: Task, failure: Failure): Problem;
  refused(refusal: Refused): Problem;
  notCanceled(task: Task, window: Window): Problem;
  scheduledByOthers(task: Task, window: Window): Problem;
  blocked(findings: readonly Finding[]): Problem;
  /** @param from the current version */
  notUpgraded(task: Task, from: string): Problem;
  /** @param task the last one, if it was seen */
  noRoundLeft(task: Task | undefined, rounds: number, from: string): Problem;
  vanished(task: Task): Problem;
  /** It is not behind, and does not work. */
  unhealthy(unit: Unit, finding: Finding): Problem;
  unconfirmed(lost: Extract<Evidence, { kind: "invisible" }>): Problem;
  neverStarted(): Problem;
}

/** A problem of the only unit is the error that ends the run. */
function textsOfOne(title: string): Texts {
  const asProblem = (error: UpgradeError): Problem => ({ code: error.code, message: error.message, error });
  // A vendor that reports tasks by id returns a task for every request that it accepts.
  const neverStarted = () => unconfirmed(title, 0, undefined);
  return {
    task: nameOf,
    named: (_, message) => message,
    busy: (name) => `waiting for ${name}`,
    progress: ({ waiting }) => waiting.join(", "),
    scheduled: (waiting) =>
      [...waiting.values()]
        .map(({ task, window }) => `${nameOf(task)} is scheduled for its maintenance window, ${describeWindow(window)}`)
        .join("; "),
    tooNew: ([unit]) => tooNew(title, { at: unit?.at ?? "", members: unit === undefined ? [] : namesAhead(unit) }),
    notAll: (problems) => {
      const [problem] = problems.values();
      return problem?.error ?? new UpgradeError(problem?.code ?? "blocked", `${title}: ${problem?.message}`);
    },
    hopeless: (unit) => blocked(title, hopelessOf(unit)),
    failed: (task, failure) => asProblem(failed(title, task, failure)),
    refused: (refusal) => asProblem(refusal),
    notCanceled: (task, window) => asProblem(notCanceled(title, task, window)),
    scheduledByOthers: (task, window) => asProblem(scheduledByOthers(title, task, window)),
    blocked: (findings) => asProblem(blocked(title, findings)),
    notUpgraded: (task, from) => asProblem(notUpgraded(title, task, from)),
    noRoundLeft: (task, _, from) => asProblem(task === undefined ? neverStarted() : notUpgraded(title, task, from)),
    vanished: (task) => asProblem(vanished(title, task)),
    unhealthy: (unit, finding) => asProblem(unhealthy(title, unit, finding)),
    unconfirmed: ({ waited = 0, cause }) => asProblem(unconfirmed(title, waited, cause)),
    neverStarted: () => asProblem(neverStarted()),
  };
}

/** A problem of one unit among many is a sentence without its name. */
export function textsOfMany(title: string, words: FleetWords): Texts {
  const { stillBehind, neverStarted } = words;
  const problem = (code: ErrorCode, message: string, shared?: string): Problem => ({
    code,
    message,
    ...(shared === undefined ? {} : { shared }),
  });
  return {
    task: ({ id }, unit) => `${words.upgrade} ${id} of ${unit}`,
    named: ({ name }, message) => `${name} ${message}`,
    busy: (name) => name,
    progress: progressOf,
    scheduled: (waiting) => scheduledNote(waiting, words),
    tooNew: (newer, total) => tooNewOf(title, newer, total, words),
    notAll: (problems, total) => notAll(title, problems, total, words),
    hopeless: (unit) => {
      const findings = hopelessOf(unit).map((finding) => ({ ...finding, message: `${unit.name}: ${finding.message}` }));
      return blocked(title, findings);
    },
    failed: ({ id }, { message, remedy }) => {
      const why = `failed: ${sentences(message, remedy)}`;
      return problem("upgrade-failed", `upgrade ${id} ${why}`, `the upgrade ${why}`);
    },
    refused: ({ message, remedy }) => problem("refused", sentences(message, remedy)),
    notCanceled: ({ id }, { opens }) =>
      problem(
        "refused",
        `upgrade ${id}, which is scheduled for its maintenance window from ${opens}, could not be canceled`,
      ),
    scheduledByOthers: (task, { opens }) =>
      problem(
        "blocked",
        `${nameOf(task)}, which this resource did not schedule, is scheduled for its maintenance window from ${opens}; cancel it at the vendor, or set \`schedule\` to \`maintenance-window\` to use it`,
      ),
    blocked: (findings) =>
      problem("blocked", sentences(...findings.map(({ message, remedy }) => sentences(message, remedy)))),
    notUpgraded: ({ id }) => problem("not-upgraded", `upgrade ${id} is reported as completed; ${stillBehind}`),
    noRoundLeft: (task, rounds) =>
      problem(
        "not-upgraded",
        `${task === undefined ? "an upgrade" : `upgrade ${task.id}`} completed in round ${rounds}; ${stillBehind}`,
      ),
    vanished: ({ id }) => problem("vanished", `upgrade ${id} is no longer shown, and the version has not moved`),
    unhealthy: ({ at }, { message, remedy }) =>
      problem("upgrade-failed", sentences(`runs ${at}, but does not work`, message, remedy)),
    unconfirmed: ({ cause }) => problem("unconfirmed", `no upgrade appeared: ${lostResponse(cause)}`),
    neverStarted: () =>
      problem("not-upgraded", `the request was accepted, but no upgrade has started; ${neverStarted}`),
  };
}

function hopelessOf(unit: Unit): readonly Finding[] {
  return findingsOf(unit).filter(({ property }) => property !== undefined);
}
