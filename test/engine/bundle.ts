import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";

/** Below node_modules, so that the bundle finds the SDK; Node's compiled code of it is kept by its path. */
const KEPT = join(__dirname, "..", "..", "node_modules", ".cache", "local-engine");

let made: string | undefined;

/**
 * The local engine's program as one file of JavaScript, named by its content: each operation is a process of it, and to
 * compile its sources would take longer than everything else that the process does.
 */
export function bundledEngine(): string {
  made ??= bundle();
  return made;
}

function bundle(): string {
  const [built] = buildSync({
    entryPoints: [join(__dirname, "local", "main.ts")],
    bundle: true,
    packages: "external",
    platform: "node",
    target: `node${process.versions.node}`,
    write: false,
    logLevel: "warning",
  }).outputFiles;
  if (built === undefined) throw new Error("the local engine was not bundled");
  const { text } = built;
  const path = join(KEPT, `${createHash("sha256").update(text).digest("hex").slice(0, 16)}.cjs`);
  if (existsSync(path)) return path;
  mkdirSync(KEPT, { recursive: true });
  // Whole or not at all: other test processes look for it at the same moment.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
  return path;
}
