/** Versions as obshell compares them (OBShell facts §4.1). */

/** "101000062023110109.el7" → build and dist; undefined without a dot. */
export function splitRelease(release: string): { build: string; dist: string } | undefined {
  const fields = release.split(".");
  const [build] = fields;
  const dist = fields.at(-1);
  return fields.length < 2 || build === undefined || dist === undefined ? undefined : { build, dist };
}

/** "4.2.1.1-1010…" or "4.2.1.1_1010…" → its two parts; the build is "" where there is none. */
export function splitBuildVersion(text: string): { version: string; build: string } {
  const [version = "", build = ""] = text.replace("_", "-").split("-");
  return { version, build };
}

/** Dotted fields as integers over the common length, then more fields wins, then the build as an integer. */
export function compareVersion(left: string, right: string): number {
  const a = splitBuildVersion(left);
  const b = splitBuildVersion(right);
  const aFields = a.version.split(".");
  const bFields = b.version.split(".");
  for (const [index, field] of aFields.entries()) {
    const other = bFields[index];
    if (other === undefined) break;
    const difference = atoi(field) - atoi(other);
    if (difference !== 0n) return difference > 0n ? 1 : -1;
  }
  if (aFields.length !== bFields.length) return aFields.length > bFields.length ? 1 : -1;
  const difference = atoi(a.build) - atoi(b.build);
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}

export function atLeast(version: string, floor: string): boolean {
  return compareVersion(splitBuildVersion(version).version, floor) >= 0;
}

/** Go's Atoi with its error ignored: junk is 0. */
function atoi(text: string): bigint {
  return /^[+-]?\d+$/.test(text) ? BigInt(text) : 0n;
}
