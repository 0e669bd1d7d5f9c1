import type { Finding } from "../../core/unit";
import { compareVersions, formatParts, parseVersion, type Version } from "../../core/version";
import { packageVersion } from "./packages";
import type { RpmPackage } from "./rpm";

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
