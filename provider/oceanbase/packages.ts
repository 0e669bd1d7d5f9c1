import { type Constraint, holds } from "../core/constraint";
import type { Finding } from "../core/pin";
import { compareVersions, formatParts, parseVersion, type Version } from "../core/version";
import type { UploadedPackage } from "./schema";

/** What the upgrade call aims at: `4.3.5.2` and `102000042025031214.el7`. */
export interface Target {
  readonly version: string;
  readonly release: string;
}

/** The packages that one edition of a product consists of, the main one first. */
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

/**
 * Where the upgrade shall go, given the pin and the uploaded packages.
 * An exact version with its release needs no package list. Otherwise the newest uploaded version that satisfies the pin
 * is taken; its release has to be the only one.
 * @param uploaded undefined when the server has no package list (before 4.3.0.0) or did not give it
 */
export function chooseTarget(
  pin: { version: string; release?: string | undefined; constraint: Constraint },
  uploaded: readonly UploadedPackage[] | undefined,
  editions: readonly Edition[] = OCEANBASE,
): Target | Finding {
  const { version, release, constraint } = pin;
  if (release !== undefined) return { version, release };
  if (uploaded === undefined) return noList(version);
  const candidates = mainTargets(uploaded, editions).filter((target) => {
    const parsed = packageVersion(target);
    return parsed !== undefined && holds(parsed, constraint);
  });
  const newest = candidates
    .map(({ version: text }) => parseVersion(text))
    .filter((parsed) => parsed !== undefined)
    .sort(compareVersions)
    .at(-1);
  if (newest === undefined) return nothingUploaded(version, uploaded, editions);
  const releases = candidates.filter((target) => target.version === formatParts(newest));
  const [only] = releases;
  return only !== undefined && releases.length === 1 ? only : ambiguous(releases);
}

/** The file names of what is not uploaded for the target, for every architecture of the cluster. */
export function missingPackages(
  { version, release }: Target,
  uploaded: readonly UploadedPackage[],
  architectures: readonly string[],
  editions: readonly Edition[] = OCEANBASE,
): string[] {
  const there = uploaded.filter((pkg) => pkg.version === version && pkg.release_distribution === release);
  const has = (name: string, architecture: string) =>
    there.some((pkg) => pkg.name === name && pkg.architecture === architecture);
  return architectures.flatMap((architecture) =>
    editionOf({ version, release }, uploaded, editions)
      .filter((name) => !has(name, architecture))
      .map((name) => `${name}-${version}-${release}.${architecture}.rpm`),
  );
}

/** The edition whose main package is uploaded for the target; the first one when none is. */
export function editionOf(
  { version, release }: Target,
  uploaded: readonly UploadedPackage[],
  editions: readonly Edition[],
): readonly string[] {
  const isThere = (name: string) =>
    uploaded.some((pkg) => pkg.name === name && pkg.version === version && pkg.release_distribution === release);
  return editions.find(([main]) => isThere(main)) ?? editions[0] ?? [];
}

/** What the uploaded main packages would upgrade to. */
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
    remedy: 'Write an exact version with its `release`, such as release: "102000042025031214.el7".',
  };
}

function nothingUploaded(version: string, uploaded: readonly UploadedPackage[], editions: readonly Edition[]): Finding {
  const known = mainTargets(uploaded, editions).map((target) => `${target.version}-${target.release}`);
  const names = (editions[0] ?? []).join(" and ");
  return {
    code: "no-package",
    message: `No uploaded package satisfies version ${version}; uploaded: ${known.length === 0 ? "none" : known.join(", ")}.`,
    remedy: `Upload the packages of the target (${names}${editions.length > 1 ? " for the community edition" : ""}).`,
  };
}

function ambiguous(releases: readonly Target[]): Finding {
  const choices = releases.map(({ release }) => release).join(", ");
  return {
    code: "release-ambiguous",
    message: `Version ${releases[0]?.version} is uploaded in several releases: ${choices}.`,
    remedy: `Choose one, such as release: "${releases[0]?.release}".`,
  };
}
