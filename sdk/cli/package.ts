import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The package is resolved through its `exports`, independent of the location of this file. */
const MANIFEST = require.resolve("pulumi-dbversion/package.json");

export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(MANIFEST, "utf8"));
  return String(version);
}

/** A file of the package: `docs/errors.md`. */
export function ownFile(...path: readonly string[]): string {
  return join(dirname(MANIFEST), ...path);
}
