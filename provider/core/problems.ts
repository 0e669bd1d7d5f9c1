import { sentences } from "../base/sentences";
import type { Absent, Unit, View } from "./unit";

/** Why a member that the vendor does not report has not reached the target version. */
export function problemOf({ finding: { message, remedy } }: Absent): string {
  return sentences(message, remedy);
}

/**
 * The problems of an earlier run with existing members, unless something newer has replaced them.
 * @param moved whether a member's version has changed since that run
 */
export function remainingProblems(
  earlier: Readonly<Record<string, string>>,
  { units }: View,
  moved: (name: string) => boolean,
): Record<string, string> {
  const remaining = units.flatMap((member) => {
    const problem = Object.hasOwn(earlier, member.name) ? earlier[member.name] : undefined;
    return problem === undefined || moved(member.name) || isReplaced(member) ? [] : [[member.name, problem] as const];
  });
  return Object.fromEntries(remaining);
}

/**
 * Whether a newer task is in progress, or the target version is reached. A task scheduled despite that is a problem.
 */
function isReplaced({ standing, activity }: Unit): boolean {
  if (activity?.kind === "running") return true;
  return (standing === "behind") === (activity?.kind === "scheduled");
}
