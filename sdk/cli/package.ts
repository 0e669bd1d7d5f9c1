import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The package finds itself through its `exports`, wherever this file lies in it. */
const MANIFEST = require.resolve("pulumi-dbversion/package.json");

export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(MANIFEST, "utf8"));
  return String(version);
}

/** A file of the package: `docs/errors.md`. */
export function ownFile(...path: readonly string[]): string {
  return join(dirname(MANIFEST), ...path);
}
