import { z } from "zod";
import { type Constraint, parseConstraint } from "../../core/version/constraint";
import { compareParts, compareVersions, parseVersion, type Version } from "../../core/version/version";

/** A Redis version of a database or node. */
export interface Redis {
  /** Major and minor, which is the precision of upgrade targets: `7.4`. */
  readonly release: Version;
  /** With the patch, which depends on the node's software: `7.4.2`. The release where it is not reported. */
  readonly full: Version;
}

/** @param text `7.4`, or `5.0-big` of old servers */
export function redisOf(text: string | null | undefined, full?: string | null): Redis | undefined {
  const release = parseVersion(/^\d+\.\d+/.exec(text ?? full ?? "")?.[0] ?? "");
  if (release === undefined) return undefined;
  const exact = parseVersion(full ?? "");
  const fits = exact !== undefined && compareParts(release.parts, exact.parts) === 0;
  return { release, full: fits ? exact : release };
}

export function sameRelease(a: Version, b: Version): boolean {
  return compareParts(a.parts.slice(0, 2), b.parts.slice(0, 2)) === 0;
}

export function majorOf(version: Version): bigint {
  return version.parts[0] ?? 0n;
}

/** Compared part by part; parts that only one of them has are ignored: `7.4` is at least `7.4.2`'s release. */
export function atLeast(version: Version, least: Version): boolean {
  const order = compareParts(version.parts, least.parts);
  return order > 0 || (order === 0 && version.parts.length >= least.parts.length);
}

export function newest<T>(things: readonly T[], versionOf: (thing: T) => Version): T | undefined {
  return things.reduce<T | undefined>(
    (best, thing) => (best === undefined || compareVersions(versionOf(thing), versionOf(best)) > 0 ? thing : best),
    undefined,
  );
}

const EXAMPLE = '"7.4", "8" or ">=7.4"';
/** Upgrade targets are major and minor; the patch depends on the nodes' software. */
const PARTS = 2;

/** The `redisVersion` argument: major.minor, a major alone, a minimum, or `latest`. */
export const redisVersion = z.string({ error: `must be a string, such as ${EXAMPLE}` }).superRefine((text, context) => {
  const problem = problemOf(parseConstraint(text));
  if (problem !== undefined) context.addIssue(`${problem}. Example: ${EXAMPLE}`);
});

function problemOf(constraint: Constraint | undefined): string | undefined {
  if (constraint === undefined) return "is not a Redis version";
  if (constraint.kind === "latest") return undefined;
  const { parts, build } = constraint.version;
  if (build !== undefined || parts.length > PARTS) {
    return "must be only major and minor, because the patch comes with the cluster's software";
  }
  return undefined;
}

export function redisConstraint(redisVersion: string): Constraint {
  const constraint = parseConstraint(redisVersion);
  if (constraint === undefined) throw new Error(`not a version: ${redisVersion}`);
  return constraint;
}
