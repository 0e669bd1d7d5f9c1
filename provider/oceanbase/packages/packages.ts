import type { Finding } from "../../core/unit";
import {
  type Constraint,
  compareVersions,
  formatVersion,
  holds,
  newestFirst,
  parseVersion,
  type Version,
} from "../../core/version";
import type { UploadedPackage } from "../agent/schema";
import type { RpmPackage } from "./rpm";

/** The target of an upgrade request: `4.3.5.2` and `102000042025031214.el7`. */
export interface Target {
  readonly version: string;
  readonly release: string;
}

/** The packages of one edition of a product, the main one first. */
export type Edition = readonly [main: string, ...others: string[]];

/** Community, business, standalone. */
export const OCEANBASE: readonly Edition[] = [
  ["oceanbase-ce", "oceanbase-ce-libs"],
  ["oceanbase"],
  ["oceanbase-standalone"],
];

export const OBSHELL: readonly Edition[] = [["obshell"]];

/** Version and build of a package: `4.3.5.2` with the build of `102000042025031214.el7`. */
export function packageVersion({ version, release }: Target): Version | undefined {
  return parseVersion(`${version}-${release.split(".")[0]}`);
}

/** What an upgrade requires: the packages of one edition, for every architecture. */
export interface Requirement {
  readonly editions: readonly Edition[];
  /** Of the cluster's servers; empty if they do not report it (before 4.2.6.0). */
  readonly architectures: readonly string[];
}

export interface Sought {
  readonly version: string;
  readonly release?: string | undefined;
  readonly constraint: Constraint;
}

/**
 * The upgrade's target, given the target version and the uploaded packages. An exact version with its release needs no
 * package list. Otherwise it is the newest version that satisfies the target version and has all of its packages. If
 * none has, it is the newest version, so that missing packages can be listed. Its release must be unique.
 * @param uploaded undefined when the server has no package list (before 4.3.0.0) or did not return it
 * @param highest the highest current version: nothing below it is chosen, which would downgrade a member
 */
export function chooseTarget(
  wanted: Sought,
  uploaded: readonly UploadedPackage[] | undefined,
  required: Requirement,
  highest?: Version,
): Target | Finding {
  const { version, release, constraint } = wanted;
  if (release !== undefined) return { version, release };
  if (uploaded === undefined) return noList(version);
  const minimum = highest !== undefined && holds(highest, constraint) ? highest : undefined;
  const candidates = candidatesFor(constraint, mainTargets(uploaded, required.editions), minimum);
  const complete = candidates.filter(({ target }) => missingPackages(target, uploaded, required).length === 0);
  const [newest, ...others] = newestOf(complete.length > 0 ? complete : candidates);
  if (newest === undefined) return nothingUploaded(version, uploaded, required.editions, minimum);
  return others.length === 0 ? newest : ambiguous([newest, ...others]);
}

/**
 * Versions that would be chosen instead of the target if they were complete, with their missing packages, newest first.
 */
export function incompleteAbove(
  chosen: Target,
  { release, constraint }: Sought,
  uploaded: readonly UploadedPackage[] | undefined,
  required: Requirement,
): { readonly target: Target; readonly missing: readonly string[] }[] {
  const least = packageVersion(chosen);
  if (release !== undefined || uploaded === undefined || least === undefined) return [];
  const parts = required.editions.flat();
  const targets = distinct(uploaded.filter(({ name }) => parts.includes(name)).map(targetOf));
  return candidatesFor(constraint, targets, least)
    .filter(({ version }) => compareVersions(version, least) > 0)
    .map(({ target }) => ({ target, missing: missingPackages(target, uploaded, required) }))
    .filter(({ missing }) => missing.length > 0)
    .reverse();
}

/**
 * Versions with all of their packages that a cluster can be upgraded to, newest first: newer than its lowest member, so
 * that a partly upgraded one can be completed, and not below its highest, which a request cannot downgrade.
 */
export function offeredTo(
  { lowest, highest }: { readonly lowest: Version; readonly highest: Version },
  uploaded: readonly UploadedPackage[],
  required: Requirement,
): readonly Candidate[] {
  return candidatesFor({ kind: "minimum", version: highest }, mainTargets(uploaded, required.editions), undefined)
    .filter((candidate) => compareVersions(candidate.version, lowest) > 0)
    .filter(({ target }) => missingPackages(target, uploaded, required).length === 0)
    .reverse();
}

/** The file names of the target's missing packages, for every architecture of the cluster. */
export function missingPackages(
  target: Target,
  uploaded: readonly UploadedPackage[],
  { editions, architectures }: Requirement,
): string[] {
  const { version, release } = target;
  const there = uploaded.filter((pkg) => isOf(pkg, target));
  const has = (name: string, architecture: string) =>
    there.some((pkg) => pkg.name === name && pkg.architecture === architecture);
  const needed = architectures.length > 0 ? architectures : architecturesOf(there);
  return needed.flatMap((architecture) =>
    editionOf(target, uploaded, editions)
      .filter((name) => !has(name, architecture))
      .map((name) => `${name}-${version}-${release}.${architecture}.rpm`),
  );
}

/** Architectures of the target's packages, used when the servers do not report theirs. */
export function architecturesOf(packages: readonly UploadedPackage[]): readonly string[] {
  return [...new Set(packages.map(({ architecture }) => architecture))].sort();
}

export function isOf(pkg: UploadedPackage, { version, release }: Target): boolean {
  return pkg.version === version && pkg.release_distribution === release;
}

/** The edition whose main package is uploaded for the target; the first one when none is. */
export function editionOf(
  target: Target,
  uploaded: readonly UploadedPackage[],
  editions: readonly Edition[],
): readonly string[] {
  const isThere = (name: string) => uploaded.some((pkg) => pkg.name === name && isOf(pkg, target));
  return editions.find(([main]) => isThere(main)) ?? editions[0] ?? [];
}

export interface Candidate {
  readonly target: Target;
  readonly version: Version;
}

/** Candidates that satisfy the target version, newest last. */
function candidatesFor(
  constraint: Constraint,
  targets: readonly Target[],
  floor: Version | undefined,
): readonly Candidate[] {
  const fits = (version: Version) =>
    holds(version, constraint) && (floor === undefined || compareVersions(version, floor) >= 0);
  return targets
    .flatMap((target) => {
      const version = packageVersion(target);
      return version !== undefined && fits(version) ? [{ target, version }] : [];
    })
    .sort((a, b) => compareVersions(a.version, b.version));
}

/** All releases of the newest version, newest first. */
function newestOf(candidates: readonly Candidate[]): readonly Target[] {
  const newest = candidates.at(-1)?.target.version;
  return candidates
    .map(({ target }) => target)
    .filter(({ version }) => version === newest)
    .reverse();
}

/** The targets that the uploaded main packages provide. */
function mainTargets(uploaded: readonly UploadedPackage[], editions: readonly Edition[]): Target[] {
  return distinct(uploaded.filter(({ name }) => editions.some(([main]) => main === name)).map(targetOf));
}

function targetOf({ version, release_distribution: release }: UploadedPackage): Target {
  return { version, release };
}

function distinct(targets: readonly Target[]): Target[] {
  return [...new Map(targets.map((target) => [`${target.version}-${target.release}`, target])).values()];
}

function noList(version: string): Finding {
  return {
    code: "release-unknown",
    message: `The agents cannot list their packages (obshell before 4.3.0.0), so the release of ${version} cannot be looked up.`,
    remedy: 'Set `release` as well, such as "102000042025031214.el7", with an exact `version`.',
  };
}

function nothingUploaded(
  version: string,
  uploaded: readonly UploadedPackage[],
  editions: readonly Edition[],
  highest: Version | undefined,
): Finding {
  const known = newestFirst(mainTargets(uploaded, editions).map(({ version, release }) => `${version}-${release}`));
  const names = (editions[0] ?? []).join(" and ");
  const running = highest === undefined ? "" : ` (${formatVersion(highest)} or later, which is running already)`;
  return {
    code: "no-package",
    message: `No uploaded package satisfies version ${version}${running}; uploaded: ${known.length === 0 ? "none" : known.join(", ")}.`,
    remedy: `Upload the packages of the target (${names}${editions.length > 1 ? " for the community edition" : ""}).`,
  };
}

function ambiguous(releases: readonly Target[]): Finding {
  const choices = releases.map(({ release }) => release).join(", ");
  return {
    code: "release-ambiguous",
    message: `Version ${releases[0]?.version} is uploaded in several releases: ${choices}.`,
    remedy: `Set \`release\` to one of them, such as "${releases[0]?.release}".`,
  };
}

/** As the servers would list it. */
export function asUploaded({ name, version, release, architecture }: RpmPackage): UploadedPackage {
  return { name, version, release_distribution: release, architecture };
}
