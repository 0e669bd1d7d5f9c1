import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { ROOT } from "./packed";

/** The real package clients. They use their caches, and the configured registry for what is not cached. */

const run = promisify(execFile);
const CACHE = join(ROOT, "node_modules", ".cache", "package-tests");
/** After how many milliseconds a client that hangs is stopped. */
const TIMEOUT = 150_000;

/** Variables that an outer `npm run` and the test runner set. */
const OWN_VARIABLES =
  /^(VITEST|PULUMI_|npm_(package|lifecycle|command)|(NODE_(ENV|OPTIONS|PATH)|npm_config_local_prefix|INIT_CWD)$)/;

/** The environment of a user: the settings of npm and the CAs that Node trusts are kept. */
export function userEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !OWN_VARIABLES.test(key)));
}

/** `npm install` of these packages into a directory that has a manifest. */
export async function npmInstall(dir: string, ...packages: readonly string[]): Promise<void> {
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await run("npm", ["install", ...quiet, ...packages], { cwd: dir, env: userEnv(), timeout: TIMEOUT });
}

export async function pnpmAdd(dir: string, ...packages: readonly string[]): Promise<void> {
  const pnpm = join(ROOT, "node_modules", "pnpm", "bin", "pnpm.cjs");
  const quiet = ["--prefer-offline", "--ignore-scripts", "--reporter=silent", `--store-dir=${join(CACHE, "pnpm")}`];
  const options = { cwd: dir, env: userEnv(), timeout: TIMEOUT };
  await run(process.execPath, [pnpm, "add", ...quiet, ...packages], options);
}

/**
 * A Node of another version, for this machine, from the registry.
 * @returns its path; undefined if there is none for this machine
 */
export async function otherNode(version: string): Promise<string | undefined> {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const home = join(CACHE, `${name}-${version}`);
  const binary = join(home, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(binary)) return binary;
  await mkdir(CACHE, { recursive: true });
  const made = await mkdtemp(join(CACHE, "making-"));
  try {
    // Without a manifest npm would use a parent folder as the project.
    await writeFile(join(made, "package.json"), "{}\n");
    await npmInstall(made, "--no-save", "--no-package-lock", `${name}@${version}`);
    // Atomic, because two runs may do this at the same time.
    await rename(made, home).catch(() => {});
  } catch (error) {
    if (/code (E404|ETARGET|EBADPLATFORM)/.test(String(error))) return undefined;
    throw error;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return binary;
}

/** The version of a package that a directory resolves. */
export async function versionIn(dir: string, name: string): Promise<string> {
  const path = createRequire(join(dir, "package.json")).resolve(`${name}/package.json`);
  return z.looseObject({ version: z.string() }).parse(JSON.parse(await readFile(path, "utf8"))).version;
}
