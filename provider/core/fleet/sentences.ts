import { type ErrorCode, PinError } from "../errors";
import type { FleetMember, FleetWords } from "./fleet";
import type { Problem } from "./verdict";

/** Problems that are spelt out in a message; all of them stand in the outputs. */
const TOLD = 5;

/** Which problem gives its code to the whole: the first of these that there is. */
const WORST: readonly ErrorCode[] = ["upgrade-failed", "unconfirmed", "not-upgraded", "refused", "vanished", "blocked"];

/** `3 instances`, `1 instance` */
export function count(n: number, { member: [one, many] }: FleetWords): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** How a run ends in which some members did not get there. */
export function notAll(
  title: string,
  problems: ReadonlyMap<string, Problem>,
  total: number,
  words: FleetWords,
): PinError {
  const told = [...problems].slice(0, TOLD).map(([name, { message }]) => `${name}: ${ended(message)}`);
  const more = problems.size > TOLD ? ` And ${problems.size - TOLD} more, see \`problems\` in the outputs.` : "";
  const code = WORST.find((worst) => [...problems.values()].some((problem) => problem.code === worst)) ?? "blocked";
  return new PinError(
    code,
    `${title}: ${problems.size} of ${count(total, words)} did not get to the pin. ${told.join(" ")}${more}`,
    { remedy: "Once that is mended, run `pulumi up`: it asks only for what is left." },
  );
}

function ended(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** Where each stands, for the person who waits: `112 of 120 instances done; 5 upgrading, 3 accepted`. */
export function progressOf(done: number, waiting: readonly string[], total: number, words: FleetWords): string {
  const kinds = new Map<string, number>();
  for (const message of waiting) kinds.set(message, (kinds.get(message) ?? 0) + 1);
  const most = [...kinds].sort(([, a], [, b]) => b - a).slice(0, 3);
  const told = most.map(([message, n]) => (total === 1 ? message : `${n} ${message}`));
  return total === 1 ? told.join("") : `${done} of ${count(total, words)} done; ${told.join(", ")}`;
}

/** `2.0.48.231200 → 2.0.78.260600` for each pair of versions, the largest group first. */
export function routesOf(groups: ReadonlyMap<string, readonly FleetMember[]>, words: FleetWords): string {
  const largest = [...groups].sort(([, a], [, b]) => b.length - a.length);
  const told = largest
    .slice(0, 3)
    .map(([route, members]) => (groups.size === 1 ? route : `${route} (${count(members.length, words)})`));
  return groups.size > 3 ? `${told.join(", ")} and ${groups.size - 3} more` : told.join(", ");
}
