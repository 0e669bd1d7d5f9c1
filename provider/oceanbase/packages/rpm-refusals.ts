import { UpgradeError } from "../../core/errors";
import { printable } from "../../http/body";

/** Errors of a package file. */

const AGAIN = "Download it again.";
const VENDORS_OWN = "Use the package as published by the vendor.";

/** Node's error codes as text. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "the permission is missing",
  EPERM: "the permission is missing",
  ELOOP: "its symbolic links form a loop",
  ERR_INVALID_ARG_VALUE: "it is not a valid path",
};

export function unreadable(path: string, error: unknown): UpgradeError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? printable(error.message) : String(error);
  return blocked(path, `cannot be read: ${UNREADABLE[code] ?? message}.`, "Give the path of the .rpm file.", error);
}

export function notAFile(path: string): UpgradeError {
  return blocked(path, "is not a file.", "Give the path of the .rpm file itself.");
}

export function notRpm(path: string, why: string): UpgradeError {
  return blocked(path, `is not an RPM package that obshell can use: ${why}.`, VENDORS_OWN);
}

export function malformed(path: string, why: string, cause: unknown): UpgradeError {
  return blocked(path, `is damaged, its header is malformed: ${printable(why)}.`, AGAIN, cause);
}

export function truncated(path: string, bytes: number, announced: number): UpgradeError {
  return blocked(path, `is truncated: it has ${bytes} of at least ${announced} bytes.`, AGAIN);
}

export function tooLong(path: string, bytes: number, announced: number): UpgradeError {
  return blocked(path, `is damaged: it has ${bytes} bytes, ${bytes - announced} more than its header declares.`, AGAIN);
}

export function wrongChecksum(path: string, found: string, announced: string): UpgradeError {
  return blocked(path, `is damaged: its MD5 checksum is ${found}, but its header declares ${announced}.`, AGAIN);
}

export function withoutChecksum(path: string, missing: string): UpgradeError {
  return blocked(path, `has no ${missing} in its signature, which obshell requires.`, VENDORS_OWN);
}

export function withoutField(path: string, field: string, value: string | undefined): UpgradeError {
  const found = value === undefined || value === "" ? "has no" : `has an invalid`;
  const shown = found === "has no" ? "" : `: "${printable(value ?? "")}"`;
  return blocked(path, `${found} ${field}${shown}.`, VENDORS_OWN);
}

export function withoutDistribution(path: string, release: string): UpgradeError {
  return blocked(
    path,
    `has the release "${printable(release)}", but a release needs build and distribution, such as 102000042025031214.el7.`,
    VENDORS_OWN,
  );
}

export function wrongCompression(path: string, compression: string): UpgradeError {
  const found = compression === "" ? "declares no compression" : `is compressed with ${printable(compression)}`;
  return blocked(path, `${found}, but obshell supports only xz.`, VENDORS_OWN);
}

export function wrongFormat(path: string, format: string): UpgradeError {
  const found = format === "" ? "declares no payload format" : `has a payload of format ${printable(format)}`;
  return blocked(path, `${found}, but obshell supports only cpio.`, VENDORS_OWN);
}

export function changed(path: string): UpgradeError {
  return blocked(path, "changed after it was checked.", "Do not change the file until the upload has finished.");
}

function blocked(path: string, what: string, remedy: string, cause?: unknown): UpgradeError {
  return new UpgradeError("blocked", `The package ${printable(path)} ${what}`, { remedy, cause });
}
