import type { Call } from "./call";
import { Panic, Refusal } from "./errors";
import { DIAGNOSTIC_TOOL, UPLOADABLE } from "./packages";
import { type RpmFile, RpmPanic } from "./rpm";
import { compareVersion, splitBuildVersion, splitRelease } from "./version";
import { HOME } from "./world";

/** What obshell checks in an uploaded package (`upgrade_pkg_upload.go`; OBShell facts §3.2). */

const OLDEST = "4.2.0.0";
const AGENT = [`${HOME}/bin/obshell`];
const DATABASE = [`${HOME}/bin/observer`];
const UPGRADE = [
  `${HOME}/etc/upgrade_checker.py`,
  `${HOME}/etc/upgrade_pre.py`,
  `${HOME}/etc/upgrade_health_checker.py`,
  `${HOME}/etc/upgrade_post.py`,
  `${HOME}/etc/oceanbase_upgrade_dep.yml`,
];
const LIBRARIES = `${HOME}/lib`;

/**
 * Rejects a package by its headers: name, release, version, files, and how it is packed where it would be unpacked.
 * @returns whether it is unpacked, for its list of ways
 */
export function checkContent(call: Call, rpm: RpmFile): boolean {
  try {
    return check(call, rpm);
  } catch (error) {
    throw error instanceof RpmPanic ? new Panic(error.message) : error;
  }
}

function check(call: Call, rpm: RpmFile): boolean {
  const names = UPLOADABLE[call.world.state.edition];
  if (rpm.name === DIAGNOSTIC_TOOL) return false;
  if (!names.includes(rpm.name)) {
    throw new Refusal("OB.Package.Name.NotSupport", { args: [rpm.name, names.join(", ")] });
  }
  checkVersion(rpm);
  if (rpm.name === "oceanbase-ce-libs") {
    const found = rpm.files.some(({ path, directory }) => path === LIBRARIES && directory);
    if (!found) throw missing(call, rpm, LIBRARIES);
  } else if (rpm.name === "obshell") {
    requireFiles(call, rpm, AGENT);
  } else {
    return checkDatabase(call, rpm);
  }
  return false;
}

function checkVersion({ release, version }: RpmFile): void {
  const prefix = "failed to check version and release";
  if (splitRelease(release) === undefined) {
    throw new Refusal("Package.ReleaseFormat.Invalid", { prefix, args: [release] });
  }
  if (compareVersion(version, OLDEST) < 0) {
    throw new Refusal("Agent.OBVersionNotSupported", { prefix, args: [version, OLDEST] });
  }
}

/** A package of a newer version must bring the scripts of its upgrade, and is unpacked for its list of ways there. */
function checkDatabase(call: Call, rpm: RpmFile): boolean {
  const current = splitBuildVersion(call.agent.observer.build);
  const build = splitRelease(rpm.release)?.build ?? "";
  const newer = compareVersion(`${rpm.version}-${build}`, `${current.version}-${current.build}`) > 0;
  const upgrades = newer && rpm.version !== current.version;
  const agent = call.world.state.edition === "business" ? [] : AGENT;
  requireFiles(call, rpm, [...DATABASE, ...agent, ...(upgrades ? UPGRADE : [])]);
  if (!upgrades) return false;
  if (rpm.compression !== "xz") throw new Refusal("Package.Compression.NotSupported", { args: [rpm.compression] });
  if (rpm.format !== "cpio") throw new Refusal("Package.Format.Invalid", { args: [rpm.format] });
  return true;
}

function requireFiles(call: Call, rpm: RpmFile, expected: readonly string[]): void {
  const there = new Set(rpm.files.map(({ path }) => path));
  const absent = expected.filter((path) => !there.has(path));
  if (absent.length > 0) throw missing(call, rpm, `[${absent.join(" ")}]`);
}

/** Before the errCode era the package was not named. */
function missing({ dialect }: Call, { name }: RpmFile, files: string): Refusal {
  return new Refusal("OB.Package.MissingFile", { args: dialect === "errCode" ? [name, files] : [files] });
}
