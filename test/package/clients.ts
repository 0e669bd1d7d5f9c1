import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { ROOT } from "./packed";

/** The real package clients. What they need comes from their caches, and from the configured registry where those lack it. */

const run = promisify(execFile);
const CACHE = join(ROOT, "node_modules", ".cache", "package-tests");
/** A client that hangs is ended, in milliseconds. */
const PATIENCE = 150_000;

/** What a surrounding `npm run` says of the repository, and the test runner of itself. */
const OURS =
  /^(VITEST|PULUMI_|npm_(package|lifecycle|command)|(NODE_(ENV|OPTIONS|PATH)|npm_config_local_prefix|INIT_CWD)$)/;

/** Our environment as a stranger's: npm's settings and the authorities that Node trusts stay. */
export function strangersEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !OURS.test(key)));
}

/** `npm install` of these packages into a directory that has a manifest. */
export async function npmInstall(dir: string, ...packages: readonly string[]): Promise<void> {
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await run("npm", ["install", ...quiet, ...packages], { cwd: dir, env: strangersEnv(), timeout: PATIENCE });
}

export async function pnpmAdd(dir: string, ...packages: readonly string[]): Promise<void> {
  const pnpm = join(ROOT, "node_modules", "pnpm", "bin", "pnpm.cjs");
  const quiet = ["--prefer-offline", "--ignore-scripts", "--reporter=silent", `--store-dir=${join(CACHE, "pnpm")}`];
  const options = { cwd: dir, env: strangersEnv(), timeout: PATIENCE };
  await run(process.execPath, [pnpm, "add", ...quiet, ...packages], options);
}

/**
 * A Node of another version, for this machine, from the registry.
 * @returns its path; undefined where there is none for this machine
 */
export async function otherNode(version: string): Promise<string | undefined> {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const home = join(CACHE, `${name}-${version}`);
  const binary = join(home, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(binary)) return binary;
  await mkdir(CACHE, { recursive: true });
  const made = await mkdtemp(join(CACHE, "making-"));
  try {
    // Without a manifest npm would take a folder further up for the project.
    await writeFile(join(made, "package.json"), "{}\n");
    await npmInstall(made, "--no-save", "--no-package-lock", `${name}@${version}`);
    // Whole or not at all, also when two runs come here at once.
    await rename(made, home).catch(() => {});
  } catch (error) {
    if (/code (E404|ETARGET|EBADPLATFORM)/.test(String(error))) return undefined;
    throw error;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return binary;
}

/** The version of a package as a directory sees it. */
export async function versionIn(dir: string, name: string): Promise<string> {
  const path = createRequire(join(dir, "package.json")).resolve(`${name}/package.json`);
  return z.looseObject({ version: z.string() }).parse(JSON.parse(await readFile(path, "utf8"))).version;
}
