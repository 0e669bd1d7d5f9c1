import { compareNumbers, compareParts, formatParts, formatVersion, parseVersion, type Version } from "./version";

/**
 * A version constraint.
 * - `at`: `4.3.5.2` or a prefix of it; every part written must be equal, a build if one is given.
 * - `floor`: `>=2.0.75`; at least that, compared at the specificity written.
 * - `latest`: the newest version that the vendor offers.
 */
export type Constraint =
  | { readonly kind: "at"; readonly version: Version }
  | { readonly kind: "floor"; readonly version: Version }
  | { readonly kind: "latest" };

/** Relation of a version to a constraint. */
export type Standing = "behind" | "holds" | "newer";

const FLOOR = /^>=\s*(.*)$/;

/** Parses `4.3.5.2`, `2.0.75`, `>=2.0.75` or `latest`; undefined for anything else. */
export function parseConstraint(text: string): Constraint | undefined {
  const trimmed = text.trim();
  if (trimmed === "latest") return { kind: "latest" };
  const floor = FLOOR.exec(trimmed)?.[1];
  const version = parseVersion(floor ?? trimmed);
  if (version === undefined) return undefined;
  return { kind: floor === undefined ? "at" : "floor", version };
}

/**
 * Compares a version with a constraint, numerically and part by part at the specificity of the constraint. A version
 * with fewer parts than the constraint is behind it when the parts it has are equal. Every version satisfies `latest`:
 * only the vendor knows the newest version, so the resource kind has to read it.
 */
export function standing(version: Version, constraint: Constraint): Standing {
  if (constraint.kind === "latest") return "holds";
  const order = compareToConstraint(version, constraint.version);
  if (order < 0) return "behind";
  return order === 0 || constraint.kind === "floor" ? "holds" : "newer";
}

/**
 * Whether no version can satisfy both. `latest` excludes a literal version, because only the vendor knows what is
 * newest. Text that is not a constraint excludes everything else.
 */
export function exclude(one: string, other: string): boolean {
  const [a, b] = [parseConstraint(one), parseConstraint(other)];
  if (a === undefined || b === undefined) return one !== other;
  if (a.kind === "at" && b.kind === "at") return !holds(a.version, b) && !holds(b.version, a);
  if (a.kind === "at") return b.kind === "latest" || standing(a.version, b) === "behind";
  if (b.kind === "at") return a.kind === "latest" || standing(b.version, a) === "behind";
  return false;
}

export function holds(version: Version, constraint: Constraint): boolean {
  return standing(version, constraint) === "holds";
}

function compareToConstraint(version: Version, wanted: Version): number {
  const order = compareParts(version.parts, wanted.parts);
  if (order !== 0) return order;
  if (version.parts.length < wanted.parts.length) return -1;
  return wanted.build === undefined ? 0 : compareNumbers(version.build ?? 0n, wanted.build);
}

/** A version at the precision of the constraint: with its build only if the constraint has one. */
export function shownFor(constraint: Constraint, version: Version): string {
  const withBuild = constraint.kind !== "latest" && constraint.version.build !== undefined;
  return withBuild ? formatVersion(version) : formatParts(version);
}
