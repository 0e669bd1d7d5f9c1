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

export function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The highest version; undefined for an empty list. */
export function highestVersion(versions: Iterable<Version>): Version | undefined {
  return [...versions].sort(compareVersions).at(-1);
}

/** The lowest version; undefined for an empty list. */
export function lowestVersion(versions: Iterable<Version>): Version | undefined {
  let lowest: Version | undefined;
  for (const version of versions) {
    if (lowest === undefined || compareVersions(version, lowest) < 0) lowest = version;
  }
  return lowest;
}

/** Whether these versions differ in what both specify. */
export function differ(one: string, other: string): boolean {
  if (one === other) return false;
  const [a, b] = [parseVersion(one), parseVersion(other)];
  if (a === undefined || b === undefined) return true;
  const builds = a.build !== undefined && b.build !== undefined && a.build !== b.build;
  return builds || compareParts(a.parts, b.parts) !== 0;
}
