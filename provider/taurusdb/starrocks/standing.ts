import { type Constraint, type Standing, standing } from "../../core/version/constraint";
import { compareParts, compareVersions, type Version } from "../../core/version/version";

/** The reported version of a StarRocks instance, and the versions it could be upgraded to. */
export interface Known {
  /** `data_store_version`: four parts, or only two (the documentation is unclear). */
  readonly shown: Version;
  /** `new_version_available`; undefined where it is not reported. */
  readonly newerOffered: boolean | undefined;
  /** Kernels that the region lists, four parts each. */
  readonly listed: readonly Version[];
}

/**
 * The standing of an instance relative to a constraint; `unclear` when the service reports too little.
 *
 * If the constraint has more parts than the reported version and equals it in those, the other data decides:
 * - nothing newer is offered: the current version is the newest listed kernel of its line (`3.1`)
 * - something newer is offered: it is neither the newest of all, nor anything above the newest of its line
 */
export function standingOf(known: Known, constraint: Constraint): Standing | "unclear" {
  if (constraint.kind === "latest") return againstLatest(known);
  const { shown, newerOffered, listed } = known;
  const wanted = constraint.version;
  const enough = shown.parts.length >= wanted.parts.length || compareParts(shown.parts, wanted.parts) !== 0;
  if (enough) return standing(shown, constraint);
  const ofItsLine = newest(listed.filter(({ parts }) => compareParts(shown.parts, parts) === 0));
  if (ofItsLine === undefined) return "unclear";
  if (newerOffered === false) return standing(ofItsLine, constraint);
  const ofAll = newest(listed);
  const below = newerOffered === true && ofAll !== undefined && reaches(wanted, ofAll);
  return below || standing(ofItsLine, constraint) === "behind" ? "behind" : "unclear";
}

function againstLatest({ shown, newerOffered, listed }: Known): Standing | "unclear" {
  if (newerOffered !== undefined) return newerOffered ? "behind" : "holds";
  const ofAll = newest(listed);
  if (ofAll === undefined) return "unclear";
  const order = compareParts(shown.parts, ofAll.parts);
  if (order !== 0) return order < 0 ? "behind" : "holds";
  return shown.parts.length < ofAll.parts.length ? "unclear" : "holds";
}

/** Whether all parts of a version are at least those of the other one. */
function reaches(version: Version, other: Version): boolean {
  const order = compareParts(version.parts, other.parts);
  return order > 0 || (order === 0 && version.parts.length >= other.parts.length);
}

/**
 * Possible targets of an upgrade: the newest kernel of all, or the newest of its line, since the documentation is
 * unclear. Newest first; empty when nothing newer is listed.
 */
export function targetsOf({ shown, newerOffered, listed }: Known): readonly Version[] {
  if (newerOffered === false) return [];
  const line = shown.parts.slice(0, 2);
  const found = [newest(listed), newest(listed.filter(({ parts }) => compareParts(line, parts) === 0))];
  const above = found.filter((version) => version !== undefined).filter((version) => mayBeAbove(version, shown));
  return above.filter((version, index) => index === 0 || compareVersions(version, above[0] ?? version) !== 0);
}

function mayBeAbove(version: Version, shown: Version): boolean {
  const order = compareParts(version.parts, shown.parts);
  return order > 0 || (order === 0 && version.parts.length > shown.parts.length);
}

export function newest(versions: readonly Version[]): Version | undefined {
  return [...versions].sort(compareVersions).at(-1);
}
