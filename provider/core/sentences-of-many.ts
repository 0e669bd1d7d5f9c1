import { counted } from "../base/counted";
import { ended } from "../base/sentences";
import type { FleetWords } from "./driver";
import { type ErrorCode, UpgradeError } from "./errors";
import { describeWindow, spanOf, type Window } from "./task";
import type { Problem, Unit } from "./unit";

/** Number of problems in a message; the outputs have all of them. */
const TOLD = 5;
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
  return names.length <= NAMED
    ? names.join(", ")
    : `${names.slice(0, NAMED).join(", ")} and ${names.length - NAMED} more`;
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
  const told = tellTogether(problems).slice(0, TOLD);
  const left = problems.size - told.reduce((sum, { names }) => sum + names.length, 0);
  const more = left > 0 ? ` And ${left} more, see \`problems\` in the outputs.` : "";
  const code = WORST.find((worst) => [...problems.values()].some((problem) => problem.code === worst)) ?? "blocked";
  return new UpgradeError(
    code,
    `${title}: ${problems.size} of ${count(total, words)} did not reach the target version. ${told.map(({ names, text }) => `${some(names)}: ${ended(text)}`).join(" ")}${more}`,
    { remedy: "Fix the causes, then run {apply} again. Only the rest is requested." },
  );
}

/** Groups problems by text, so that a reason that many members share is reported once. */
function tellTogether(problems: ReadonlyMap<string, Problem>): { readonly names: string[]; readonly text: string }[] {
  const groups = new Map<string, string[]>();
  for (const [name, { message, shared = message }] of problems) {
    groups.set(shared, [...(groups.get(shared) ?? []), name]);
  }
  return [...groups].map(([shared, names]) => {
    const alone = names.length === 1 ? problems.get(names[0] ?? "")?.message : undefined;
    return { names, text: alone ?? shared };
  });
}

/** The version of members that are ahead of the target is not changed. */
export const RAISE =
  "Raise the target version to what is running, or set `onNewer` to `accept`. Databases are never downgraded.";

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

/** The number of completed units, the activities of units in progress, and the number of problems. */
export interface Standings {
  readonly total: number;
  readonly done: number;
  readonly problems: number;
  readonly waiting: readonly string[];
}

/** Summary of all units for progress lines: `112 of 120 done; 5 upgrading, 3 with problems`. */
export function progressOf({ total, done, problems, waiting }: Standings): string {
  const kinds = new Map<string, number>();
  for (const message of waiting) kinds.set(message, (kinds.get(message) ?? 0) + 1);
  const most = [...kinds].sort(([, a], [, b]) => b - a).slice(0, NAMED);
  if (total === 1) return most.map(([message]) => message).join("");
  const told = most.map(([message, n]) => `${n} ${message}`);
  const trouble = problems === 0 ? [] : [`${problems} with problems`];
  return `${done} of ${total} done; ${[...told, ...trouble].join(", ")}`;
}

/** `2.0.48.231200 → 2.0.78.260600` for each pair of versions, the largest group first. */
export function routesOf(groups: ReadonlyMap<string, readonly Unit[]>, words: FleetWords): string {
  const largest = [...groups].sort(([, a], [, b]) => b.length - a.length);
  const told = largest
    .slice(0, NAMED)
    .map(([route, members]) => (groups.size === 1 ? route : `${route} (${count(members.length, words)})`));
  return groups.size > NAMED ? `${told.join(", ")} and ${groups.size - NAMED} more` : told.join(", ");
}
