/** The numbers of "7.4.6-22", "2.10.17" or "8.0", without the build. */
export function numbersOf(version: string): readonly number[] {
  return (version.split("-")[0] ?? "").split(".").map((part) => Number.parseInt(part, 10) || 0);
}

/** Part by part; a missing part counts as 0. Builds (after "-") are not compared. */
export function compareVersions(left: string, right: string): number {
  const a = numbersOf(left);
  const b = numbersOf(right);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function atLeast(version: string, least: string): boolean {
  return compareVersions(version, least) >= 0;
}

/** "7.4.2" → "7.4". */
export function majorMinor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** major·10000 + minor·100 + patch: 2.10.17 → 21017 (Redis Enterprise facts §2.5). */
export function moduleNumber(semanticVersion: string): number {
  const [major = 0, minor = 0, patch = 0] = numbersOf(semanticVersion);
  return major * 10_000 + minor * 100 + patch;
}
