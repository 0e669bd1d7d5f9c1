import { counted, formatDuration, sentences, withFullStop } from "../../base/sentences";
import type { FleetWords } from "../driver";
import { type ErrorCode, type Unreachable, UpgradeError } from "../errors";
import { describeWindow, type Failure, nameOf, spanOf, type Task, type Window } from "../task";
import type { Finding, Problem, Unit, Waiting } from "../unit";

/** Error messages of a run. Kept in one place, because users search for these texts. */

/** The version of members that are ahead of the target is not changed. */
const RAISE =
  "Raise the target version to what is running, or set `onNewer` to `accept`. Databases are never downgraded.";

export function failed(title: string, task: Task, failure: Failure): UpgradeError {
  return new UpgradeError("upgrade-failed", `${title}: ${nameOf(task)} failed: ${failure.message}`, {
    remedy: failure.remedy,
  });
}

/** @param cause the failure for which this tool requested the rollback */
export function rolledBack(title: string, task: Task, rollback: Failure, cause?: Failure): UpgradeError {
  const remedy =
    cause === undefined ? rollback.remedy : "Fix the cause, then run {apply} again to request the upgrade again.";
  const why = cause === undefined ? `: ${rollback.message}` : ` by \`onFailure\`, because it failed: ${cause.message}`;
  return new UpgradeError("rolled-back", `${title}: ${nameOf(task)} was rolled back${why}`, { remedy });
}

export function blocked(title: string, findings: readonly Finding[]): UpgradeError {
  const reasons = findings.map(({ property, message, remedy }) => {
    const at = property === undefined ? "" : `${property}: `;
    return sentences(`${at}${message}`, remedy);
  });
  return new UpgradeError("blocked", `${title}: the upgrade was not started. ${sentences(...reasons)}`);
}

/** @param newer the current version, and the members that are ahead; none to name if all are */
export function tooNew(
  title: string,
  { at, members }: { readonly at: string; readonly members: readonly string[] },
): UpgradeError {
  const known = members.every((name) => title.includes(name))
    ? `the current version, ${at}, is newer than the target version`
    : `the current version is ${at}; newer than the target version: ${some(members)}`;
  return new UpgradeError("newer", `${title}: ${known}. Nothing was sent.`, { remedy: RAISE });
}

export function notUpgraded(title: string, task: Task, lowest: string): UpgradeError {
  return new UpgradeError(
    "not-upgraded",
    `${title}: ${nameOf(task)} is reported as successful, but ${lowest} still runs.`,
    {
      remedy: "Check `members` in the outputs, then run {apply} again. It starts from the current versions.",
    },
  );
}

/** The target version has been reached, and the database does not work. */
export function unhealthy(title: string, { at }: Unit, { message, remedy }: Finding): UpgradeError {
  return new UpgradeError("upgrade-failed", `${title} runs ${at}, but does not work. ${message}`, { remedy });
}

/** Why it is unknown whether an upgrade request was accepted. @param cause undefined for a request of an earlier run */
export function lostResponse(cause: Unreachable | undefined): string {
  if (cause === undefined) return "the response to the upgrade request was lost";
  const { responded, message } = cause;
  return responded
    ? `the vendor did not confirm the upgrade request (${message})`
    : `the response to the upgrade request was lost (${message})`;
}

export function unconfirmed(title: string, waited: number, cause: Unreachable | undefined): UpgradeError {
  return new UpgradeError(
    "unconfirmed",
    `${title}: ${lostResponse(cause)}, and no upgrade appeared within ${formatDuration(waited)}. It was not sent again.`,
    {
      remedy: "Run {apply} again. It reads the database first and sends the request only if no upgrade is running.",
      cause,
    },
  );
}

export function vanished(title: string, task: Task): UpgradeError {
  return new UpgradeError(
    "vanished",
    `${title}: the vendor no longer reports ${nameOf(task)}, and the target version has not been reached.`,
    { remedy: "Find out what happened to it, then run {apply} again. It starts from the current versions." },
  );
}

/** For an upgrade that continues where reads do not reach. */
export function resultUnknown(title: string, task: Task): string {
  return `${title}: the vendor no longer reports ${nameOf(task)}. Its result on the other participating clusters is unknown.`;
}

/** The vendor has not canceled it despite repeated requests. */
export function notCanceled(title: string, task: Task, window: Window): UpgradeError {
  return new UpgradeError(
    "refused",
    `${title}: ${nameOf(task)} could not be canceled. It is no longer needed, but is still scheduled for its maintenance window, ${describeWindow(window)}.`,
    { remedy: "Cancel it at the vendor before the window opens, or run {apply} again." },
  );
}

/** An upgrade that another person or tool scheduled is never canceled. */
export function scheduledByOthers(title: string, task: Task, window: Window): UpgradeError {
  return new UpgradeError(
    "blocked",
    `${title}: the upgrade was not started, because ${nameOf(task)}, which this resource did not schedule, is scheduled for its maintenance window, ${describeWindow(window)}.`,
    { remedy: "Cancel it at the vendor, or set `schedule` to `maintenance-window` to use it." },
  );
}

/** Number of problems in a message; the outputs have all of them. */
const SHOWN = 5;
/** Number of names in a message. */
const NAMED = 3;

/** The most severe problem determines the error code, in this order. */
const WORST: readonly ErrorCode[] = ["upgrade-failed", "unconfirmed", "not-upgraded", "refused", "vanished", "blocked"];

/** `3 instances`, `1 instance` */
export function count(n: number, { unit: [one, many] }: FleetWords): string {
  return counted(n, one, many);
}

/** `a, b, c and 4 more` */
export function some(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return names.slice(0, NAMED).join(", ") + more;
}

/** `a at 2.0.80.1, b at 2.0.81.0` */
export function unitsWithVersions(units: readonly Unit[]): string {
  return some(units.map(({ name, from }) => `${name} at ${from}`));
}

/** The error of a run in which some members did not reach the target version. */
export function notAll(
  title: string,
  problems: ReadonlyMap<string, Problem>,
  total: number,
  words: FleetWords,
): UpgradeError {
  const shown = groupProblems(problems).slice(0, SHOWN);
  const left = problems.size - shown.reduce((sum, { names }) => sum + names.length, 0);
  const more = left > 0 ? ` And ${left} more, see \`problems\` in the outputs.` : "";
  const code = WORST.find((worst) => [...problems.values()].some((problem) => problem.code === worst)) ?? "blocked";
  return new UpgradeError(
    code,
    `${title}: ${problems.size} of ${count(total, words)} ${problems.size === 1 ? "was" : "were"} not upgraded successfully. ${shown.map(({ names, text }) => `${some(names)}: ${withFullStop(text)}`).join(" ")}${more}`,
    { remedy: "Fix the causes, then run {apply} again. Only the rest is requested." },
  );
}

/** Groups problems by text, so that a reason that many members share is reported once. */
function groupProblems(problems: ReadonlyMap<string, Problem>): { readonly names: string[]; readonly text: string }[] {
  const groups = Map.groupBy(problems, ([, { message, shared = message }]) => shared);
  return [...groups].map(([shared, alike]) => {
    const [only] = alike.length === 1 ? alike : [];
    return { names: alike.map(([name]) => name), text: only?.[1].message ?? shared };
  });
}

/** Some units are at a newer version than the target version. */
export function tooNewOf(title: string, newer: readonly Unit[], total: number, words: FleetWords): UpgradeError {
  return new UpgradeError(
    "newer",
    `${title}: ${newer.length} of ${count(total, words)} ${newer.length === 1 ? "runs" : "run"} something newer than the target version (${unitsWithVersions(newer)}). Nothing was sent for ${newer.length === 1 ? "it" : "them"}.`,
    { remedy: RAISE },
  );
}

/** Upgrades that are scheduled for the maintenance windows of their units. */
export function scheduledNote(scheduled: ReadonlyMap<string, { readonly window: Window }>, words: FleetWords): string {
  const [one] = scheduled.size === 1 ? scheduled.keys() : [];
  const who =
    one === undefined
      ? `${count(scheduled.size, words)} is scheduled for their maintenance windows`
      : `${one} is scheduled for its maintenance window`;
  const window = describeWindow(spanOf([...scheduled.values()].map((waiting) => waiting.window)));
  return `the ${words.upgrade} of ${who}, ${window}`;
}

/** For scheduled upgrades that are left in place. */
export function leftScheduled(scheduled: ReadonlyMap<string, Waiting>, words: FleetWords): string {
  const it = scheduled.size === 1 ? "it" : "them";
  return `${scheduledNote(scheduled, words)}. This resource did not schedule ${it} and does not need ${it}, so ${scheduled.size === 1 ? "it is" : "they are"} not canceled.`;
}

/** The same for the only unit. */
export function leftTask(task: Task, window: Window): string {
  return `${nameOf(task)} is scheduled for its maintenance window, ${describeWindow(window)}. This resource did not schedule it and does not need it, so it is not canceled.`;
}

/** The number of completed units, the activities of units in progress, and the number of problems. */
export interface Standings {
  readonly total: number;
  readonly done: number;
  readonly problems: number;
  readonly waiting: readonly string[];
}

/** Summary of all units for progress lines: `112 of 120 done; 5 upgrading, 3 with problems`. */
export function progressOf({ total, done, problems, waiting }: Standings): string {
  const kinds = [...Map.groupBy(waiting, (message) => message)].map(
    ([message, { length }]) => [message, length] as const,
  );
  const most = kinds.sort(([, a], [, b]) => b - a).slice(0, NAMED);
  if (total === 1) return most.map(([message]) => message).join("");
  const parts = most.map(([message, n]) => `${n} ${message}`);
  const failing = problems === 0 ? [] : [`${problems} with problems`];
  return `${done} of ${total} done; ${[...parts, ...failing].join(", ")}`;
}

/** `2.0.48.231200 → 2.0.78.260600` for each pair of versions, the largest group first. */
export function routesOf(groups: ReadonlyMap<string, readonly Unit[]>, words: FleetWords): string {
  const largest = [...groups].sort(([, a], [, b]) => b.length - a.length);
  const shown = largest
    .slice(0, NAMED)
    .map(([route, members]) => (groups.size === 1 ? route : `${route} (${count(members.length, words)})`));
  return groups.size > NAMED ? `${shown.join(", ")} and ${groups.size - NAMED} more` : shown.join(", ");
}

/** @param subject what was read: `The status of the zones` */
export function uncheckedNote(subject: string, reason: string): string {
  return withFullStop(`${subject} could not be read and was not checked: ${reason}`);
}
