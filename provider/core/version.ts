/**
 * A version as vendors write it: numeric parts, followed by a build number in some systems. Parts and builds are
 * bigints: OceanBase builds (`101000062023110109`) exceed 2^53.
 */
export interface Version {
  /** `4.3.5.2` is `[4n, 3n, 5n, 2n]`. Never empty. */
  readonly parts: readonly bigint[];
  /** The build number, if the system has one: `4.2.1.1-101000062023110109`. */
  readonly build?: bigint;
}

const VERSION = /^(\d+(?:\.\d+)*)(?:[-_](\d+))?$/;

/** Parses `4.3.5.2`, `4.2.1.1-101000062023110109` or `4.2.1.1_101000062023110109`; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const [, parts, build] = VERSION.exec(text.trim()) ?? [];
  if (parts === undefined) return undefined;
  return { parts: parts.split(".").map(BigInt), ...(build === undefined ? {} : { build: BigInt(build) }) };
}

/** With its build: `4.2.1.1-101000062023110109`. */
export function formatVersion(version: Version): string {
  const parts = formatParts(version);
  return version.build === undefined ? parts : `${parts}-${version.build}`;
}

/** Without its build: `4.2.1.1`. */
export function formatParts(version: Version): string {
  return version.parts.join(".");
}

/**
 * A total order: part by part as numbers, then the one with more parts is the greater, then the build (none counts as
 * 0). obshell uses the same order (`CompareVersion`).
 * @returns a negative number, 0 or a positive number
 */
export function compareVersions(a: Version, b: Version): number {
  return (
    compareParts(a.parts, b.parts) || a.parts.length - b.parts.length || compareNumbers(a.build ?? 0n, b.build ?? 0n)
  );
}

/** Compares the parts that both have. */
export function compareParts(a: readonly bigint[], b: readonly bigint[]): number {
  for (const [i, part] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 0;
    if (part !== other) return compareNumbers(part, other);
  }
  return 0;
}

function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The highest version; undefined for an empty list. */
export function highestVersion(versions: Iterable<Version>): Version | undefined {
  return [...versions].sort(compareVersions).at(-1);
}

/** Whether a version is at least another one: `7.4.2` is at least `7.4`, but not the reverse. */
export function atLeast(version: Version, least: Version): boolean {
  const order = compareParts(version.parts, least.parts);
  return order > 0 || (order === 0 && version.parts.length >= least.parts.length);
}

/** The lowest version; undefined for an empty list. */
export function lowestVersion(versions: Iterable<Version>): Version | undefined {
  let lowest: Version | undefined;
  for (const version of versions) {
    if (lowest === undefined || compareVersions(version, lowest) < 0) lowest = version;
  }
  return lowest;
}

/** Text that begins with a version, such as a package's: `4.3.5.2-102000042025031214.el7`. */
const LEADING_VERSION = /^\d+(?:\.\d+)*(?:[-_]\d+)?/;

/** Distinct texts that begin with a version, newest first; other texts come last. */
export function newestFirst(texts: Iterable<string>): string[] {
  const versions = new Map([...texts].map((text) => [text, parseVersion(LEADING_VERSION.exec(text)?.[0] ?? "")]));
  return [...versions]
    .sort(([, a], [, b]) => (a === undefined ? 1 : b === undefined ? -1 : compareVersions(b, a)))
    .map(([text]) => text);
}

/** Whether these versions differ in what both specify. */
export function differ(one: string, other: string): boolean {
  if (one === other) return false;
  const [a, b] = [parseVersion(one), parseVersion(other)];
  if (a === undefined || b === undefined) return true;
  const builds = a.build !== undefined && b.build !== undefined && a.build !== b.build;
  return builds || compareParts(a.parts, b.parts) !== 0;
}

/**
 * A version constraint.
 * - `at`: `4.3.5.2` or a prefix of it; every part written must be equal, a build if one is given.
 * - `minimum`: `>=2.0.75`; at least that, compared at the specificity written.
 * - `latest`: the newest version that the vendor offers.
 */
export type Constraint =
  | { readonly kind: "at"; readonly version: Version }
  | { readonly kind: "minimum"; readonly version: Version }
  | { readonly kind: "latest" };

/** Relation of a version to a constraint. */
export type Standing = "behind" | "current" | "newer";

const MINIMUM = /^>=\s*(.*)$/;

/** Parses `4.3.5.2`, `2.0.75`, `>=2.0.75` or `latest`; undefined for anything else. */
export function parseConstraint(text: string): Constraint | undefined {
  const trimmed = text.trim();
  if (trimmed === "latest") return { kind: "latest" };
  const minimum = MINIMUM.exec(trimmed)?.[1];
  const version = parseVersion(minimum ?? trimmed);
  if (version === undefined) return undefined;
  return { kind: minimum === undefined ? "at" : "minimum", version };
}

/** The same for an argument that was validated. */
export function constraintOf(text: string): Constraint {
  const constraint = parseConstraint(text);
  if (constraint === undefined) throw new Error(`not a version: ${text}`);
  return constraint;
}

/**
 * Compares a version with a constraint, numerically and part by part at the specificity of the constraint. A version
 * with fewer parts than the constraint is behind it when the parts it has are equal. Every version satisfies `latest`:
 * only the vendor knows the newest version, so the resource kind has to read it.
 */
export function standing(version: Version, constraint: Constraint): Standing {
  if (constraint.kind === "latest") return "current";
  const order = compareToConstraint(version, constraint.version);
  if (order < 0) return "behind";
  return order === 0 || constraint.kind === "minimum" ? "current" : "newer";
}

/**
 * Whether no version can satisfy both. `latest` excludes a literal version, because only the vendor knows what is
 * newest. Text that is not a constraint excludes everything else.
 */
export function exclude(one: string, other: string): boolean {
  if (one === other) return false;
  const [a, b] = [parseConstraint(one), parseConstraint(other)];
  if (a === undefined || b === undefined) return true;
  if (a.kind === "at" && b.kind === "at") return !holds(a.version, b) && !holds(b.version, a);
  if (a.kind === "at") return b.kind === "latest" || standing(a.version, b) === "behind";
  if (b.kind === "at") return a.kind === "latest" || standing(b.version, a) === "behind";
  return false;
}

export function holds(version: Version, constraint: Constraint): boolean {
  return standing(version, constraint) === "current";
}

function compareToConstraint(version: Version, target: Version): number {
  const order = compareParts(version.parts, target.parts);
  if (order !== 0) return order;
  if (version.parts.length < target.parts.length) return -1;
  return target.build === undefined ? 0 : compareNumbers(version.build ?? 0n, target.build);
}

/** A version at the precision of the constraint: with its build only if the constraint has one. */
export function shownFor(constraint: Constraint, version: Version): string {
  const withBuild = constraint.kind !== "latest" && constraint.version.build !== undefined;
  return withBuild ? formatVersion(version) : formatParts(version);
}
