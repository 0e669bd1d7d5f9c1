import { UpgradeError } from "../../core/errors";
import type { Finding } from "../../core/unit";
import { compareVersions, formatParts, parseVersion, type Version } from "../../core/version";
import { packageName } from "./package-stream";
import { packageVersion } from "./packages";
import { type RpmPackage, readRpm } from "./rpm";

/** The local package files of a resource: those that can be uploaded, and findings about the others. */
export interface LocalPackages {
  readonly packages: readonly RpmPackage[];
  readonly findings: readonly Finding[];
}

/** Reads headers and checksums of local RPM files, one after another. An unusable file becomes a finding. */
export async function readLocalPackages(paths: readonly string[]): Promise<LocalPackages> {
  const packages: RpmPackage[] = [];
  const findings: Finding[] = [];
  for (const path of new Set(paths)) {
    try {
      packages.push(await readRpm(path));
    } catch (error) {
      if (!(error instanceof UpgradeError)) throw error;
      const { message, remedy = "Use a file that obshell accepts." } = error;
      findings.push({ code: "unusable-package", property: "packages", message, remedy });
    }
  }
  return { packages, findings };
}

/** Packages for an architecture that no server of the cluster has. */
export function strangeArchitectures(packages: readonly RpmPackage[], architectures: readonly string[]): Finding[] {
  if (architectures.length === 0) return [];
  return packages
    .filter(({ architecture }) => !architectures.includes(architecture))
    .map((pkg) => ({
      code: "strange-architecture",
      property: "packages",
      message: `${packageName(pkg)} is for ${pkg.architecture}, but the cluster runs on ${architectures.join(", ")}.`,
      remedy: "Use the package for the cluster's architecture.",
    }));
}

/**
 * What obshell requires of an uploaded package, in every version since 4.2.3.0 (`CheckUpgradePkg` in
 * `upgrade_pkg_upload.go`). It checks this only after the upload.
 */
const HOME = "/home/admin/oceanbase";
const OBSERVER = `${HOME}/bin/observer`;
const AGENT = `${HOME}/bin/obshell`;
const DIAGNOSTIC_TOOL = "oceanbase-diagnostic-tool";
const FILES: ReadonlyMap<string, readonly string[]> = new Map([
  ["obshell", [AGENT]],
  ["oceanbase-ce", [OBSERVER, AGENT]],
  ["oceanbase-ce-libs", [`${HOME}/lib`]],
  ["oceanbase", [OBSERVER]],
  ["oceanbase-standalone", [OBSERVER, AGENT]],
]);
/** Of a database package of a newer version. */
const SCRIPTS = ["upgrade_checker.py", "upgrade_pre.py", "upgrade_health_checker.py", "upgrade_post.py"];
const UPGRADE = [...SCRIPTS, "oceanbase_upgrade_dep.yml"].map((name) => `${HOME}/etc/${name}`);
const OLDEST: Version = { parts: [4n, 2n, 0n, 0n] };

/**
 * Local packages whose upload obshell would refuse.
 * @param from the lowest current version of the database, for an upgrade of the database
 */
export function refusedPackages(packages: readonly RpmPackage[], from: Version | undefined): Finding[] {
  return packages.flatMap((pkg) => findingOn(pkg, from) ?? []);
}

function findingOn(pkg: RpmPackage, from: Version | undefined): Finding | undefined {
  if (pkg.name === DIAGNOSTIC_TOOL) return undefined;
  const required = FILES.get(pkg.name);
  if (required === undefined) {
    return unusable(pkg, `is named ${pkg.name}, but obshell accepts only ${[...FILES.keys()].join(", ")}.`);
  }
  const released = parseVersion(pkg.version);
  if (released === undefined || compareVersions(released, OLDEST) < 0) {
    return unusable(pkg, `is of version ${pkg.version}, but obshell accepts only ${formatParts(OLDEST)} and later.`);
  }
  const version = packageVersion(pkg);
  const newer = version !== undefined && from !== undefined && compareVersions(version, from) > 0;
  const upgrades = newer && required.includes(OBSERVER) && formatParts(from) !== pkg.version;
  const there = new Set(pkg.files);
  const missing = [...required, ...(upgrades ? UPGRADE : [])].filter((path) => !there.has(path));
  if (missing.length === 0) return undefined;
  return unusable(pkg, `lacks files that obshell requires: ${missing.join(", ")}.`);
}

function unusable({ path }: RpmPackage, what: string): Finding {
  return {
    code: "unusable-package",
    property: "packages",
    message: `The package ${path} ${what}`,
    remedy: "Use the package as published by the vendor.",
  };
}
