import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";

export const ROOT = join(__dirname, "..", "..");

const run = promisify(execFile);

const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
  /** Paths of the commands by name. */
  bin: z.record(z.string(), z.string()).default({}),
});
export type Manifest = z.infer<typeof manifest>;

const packReport = z.looseObject({
  filename: z.string(),
  files: z.array(z.looseObject({ path: z.string() })),
  size: z.number(),
  unpackedSize: z.number(),
});

export interface Packed {
  /** The tarball, as npm would publish it. */
  readonly tarball: string;
  /** Paths in the package. */
  readonly files: readonly string[];
  /** Bytes of the tarball, and of its contents. */
  readonly size: number;
  readonly unpackedSize: number;
  close(): Promise<void>;
}

/** Packs the repository without running scripts. */
export async function pack(): Promise<Packed> {
  const dir = await mkdtemp(join(tmpdir(), "packed-"));
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", dir], { cwd: ROOT });
  const [report] = z.array(packReport).parse(listOf(JSON.parse(stdout)));
  if (report === undefined) throw new Error("npm packed nothing");
  return {
    tarball: join(dir, report.filename),
    files: report.files.map(({ path }) => path).sort(),
    size: report.size,
    unpackedSize: report.unpackedSize,
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Newer versions of npm report an object by package name, older ones a list. */
function listOf(report: unknown): unknown {
  return Array.isArray(report) || typeof report !== "object" || report === null ? report : Object.values(report);
}

export interface Project {
  readonly dir: string;
  readonly manifest: Manifest;
  /** The directory of the installed package. */
  readonly installed: string;
  write(path: string, text: string): Promise<void>;
  /** Runs a file of the project in Node, and returns its output, parsed as JSON. */
  run(file: string, args?: readonly string[]): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * A user's project with the tarball installed, without a network: the package is unpacked, and only its declared
 * dependencies are linked.
 */
export async function install({ tarball }: Packed): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), "project-"));
  const { installed, manifest: read } = await unpack(tarball, dir);
  await writeFile(join(dir, "package.json"), '{ "name": "app", "private": true }\n');
  return {
    dir,
    manifest: read,
    installed,
    write: async (path, text) => {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    },
    run: async (file, args = []) => {
      const { stdout } = await run(process.execPath, [file, ...args], { cwd: dir, env: cleanEnv() });
      return JSON.parse(stdout);
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Unpacks a tarball into the `node_modules` of a directory, with its dependencies. */
export async function unpack(tarball: string, dir: string): Promise<Pick<Project, "installed" | "manifest">> {
  const installed = join(dir, "node_modules", "pulumi-dbversion");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  const read = manifest.parse(JSON.parse(await readFile(join(installed, "package.json"), "utf8")));
  await link(dir, Object.keys({ ...read.dependencies, ...read.peerDependencies }));
  return { installed, manifest: read };
}

/** Links packages of the repository into the `node_modules` of a directory. */
export async function link(dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(dir, "node_modules", name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), path, "dir");
  }
}

/** The environment without variables of the test runner, and without those that change how Node resolves modules. */
function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(VITEST|NODE_|PULUMI_)/.test(key)));
}
