import type { Standing } from "./constraint";
import type { Drift } from "./kind";
import type { Member } from "./unit";
import { compareVersions, lowestVersion, type Version } from "./version";

/**
 * The drift of members that are all pinned to one version. The lowest of all of them is what is written: with any other one as
 * the pin, a member would be behind it, and an `up` would upgrade it. So where only some are ahead, nothing is written.
 *
 * @param inputs the arguments that this version satisfies
 */
export function driftOf<M extends Member>(
  members: readonly M[],
  standing: (member: M) => Standing,
  inputs: (lowest: Version) => Drift["inputs"],
): Drift | undefined {
  const stray = members.filter((member) => standing(member) !== "holds");
  const lowest = lowestVersion(members.map(({ version }) => version));
  if (stray.length === 0 || lowest === undefined) return undefined;
  const written = stray.some(({ version }) => compareVersions(version, lowest) === 0);
  return { members: stray.map(({ name }) => name), inputs: written ? inputs(lowest) : {} };
}
