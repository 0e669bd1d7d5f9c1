/** @module-tag long */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ROOT } from "./packed";

/** The programs of this name on the PATH, with links resolved. */
function programs(name: string): string[] {
  const paths = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
  return [...new Set(paths.filter((path) => existsSync(path)).map((path) => realpathSync(path)))];
}

/** One Node of each version on the PATH, including the project's. */
const nodes = new Map(
  [join(ROOT, "node_modules", "node", "bin", "node"), ...programs("node")].map((path) => [
    execFileSync(path, ["--version"], { encoding: "utf8" }).trim(),
    path,
  ]),
);

/** The hash of the tarball that npm packs in a Node. */
async function packedBy(node: string, npm: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "reproducible-"));
  try {
    await promisify(execFile)(node, [npm, "pack", "--ignore-scripts", "--pack-destination", dir], { cwd: ROOT });
    const [tarball = ""] = await readdir(dir);
    return createHash("sha256")
      .update(await readFile(join(dir, tarball)))
      .digest("hex");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

// If the project's Node is the only one here, other jobs of the workflow `tests` have a second one.
it.skipIf(nodes.size < 2)("the tarball is identical with every Node version", { timeout: 120_000 }, async () => {
  const [npm] = programs("npm").filter((path) => path.endsWith(".js"));
  if (npm === undefined) throw new Error("npm is not on the PATH");
  const hashes: string[] = [];
  for (const node of nodes.values()) hashes.push(await packedBy(node, npm));
  expect(hashes.length).toBeGreaterThan(1);
  expect(new Set(hashes).size).toBe(1);
});
