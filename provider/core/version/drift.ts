import { counted } from "../../base/sentences";
import type { Observation } from "../driver";
import type { Drift } from "../kind";
import { some } from "../texts/sentences";
import type { Member } from "../unit";
import type { Standing } from "./constraint";
import { compareVersions, formatVersion, lowestVersion, type Version } from "./version";

/**
 * The drift of members that share one target version. The lowest current version is written to the state. With any
 * other one as the target version, a member would be behind it and `pulumi up` would upgrade it. If members are only
 * ahead, nothing is written.
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

/** Longer names are abbreviated to their beginning and end. */
const LONGEST_NAME = 24;

/**
 * The drift in a refresh: `drift: 1 of 20 instances outdated (e4ed…in07 runs 2.0.69.250900); …`
 * @param unit what members are called, singular and plural
 */
export function describeDrift(
  { members, unseen }: Drift,
  observation: Observation,
  [one, many]: readonly [string, string] = ["member", "members"],
): string {
  const all = observation.members;
  const outdated = all.filter(({ name }) => members.includes(name));
  if (outdated.length === 0 || unseen === true) {
    const alone = members.length === 1;
    return `drift: ${some(members.map(shortName))} ${alone ? "differs" : "differ"} from the state. {apply} restores ${alone ? "it" : "them"}.`;
  }
  const versions = outdated.map(({ name, version }) => `${shortName(name)} runs ${formatVersion(version)}`);
  const what = `${outdated.length} of ${counted(all.length, one, many)} outdated (${some(versions)})`;
  return `drift: ${what}. {apply} upgrades ${outdated.length === 1 ? "it" : "them"}.`;
}

function shortName(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, 4)}…${name.slice(-4)}` : name;
}
