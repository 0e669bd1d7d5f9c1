import { sentences } from "../base/sentences";
import type { Absent, Unit, View } from "./unit";

/** Why a member that the vendor does not show has not reached the target version. */
export function problemOf({ finding: { message, remedy } }: Absent): string {
  return sentences(message, remedy);
}

/**
 * The problems that an earlier run left with members that are there, as far as nothing newer has replaced them.
 * @param moved whether a member's version is another one than that run saw
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

/** Whether a newer task is under way, or the target version is reached. A task that waits although the target version is reached is such a problem. */
function isReplaced({ standing, activity }: Unit): boolean {
  if (activity?.kind === "running") return true;
  return (standing === "behind") === (activity?.kind === "scheduled");
}
