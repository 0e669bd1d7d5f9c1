import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";

/** Below node_modules, so that the bundle finds the SDK; Node caches its compiled code by path. */
const KEPT = join(__dirname, "..", "..", "node_modules", ".cache", "local-engine");

let made: string | undefined;

/**
 * The local engine's program as one JavaScript file, named by its content: each operation runs it in a process, and
 * compiling its sources would take longer than everything else in that process.
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
  // Written atomically, because other test processes may read it at the same time.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
  return path;
}
