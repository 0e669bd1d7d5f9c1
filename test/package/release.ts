import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { parseOptions, UsageError } from "../simulators/shell/command";
import { problemsOf, sectionOf } from "./notes";
import { pack, ROOT } from "./packed";

/** `npm run release`: writes all that a release consists of; the workflow publishes these files and no others. */

const USAGE = `usage: npm run release -- --out FOLDER [--tag TAG]

  --out  where the tarball, its bills of materials, the checksums and the notes are written
  --tag  the tag of the release; without one nothing but the changelog is checked`;

const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  repository: z.looseObject({ url: z.string() }).optional(),
});
const run = promisify(execFile);

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, {
    out: { type: "string" },
    tag: { type: "string" },
    help: { type: "boolean" },
  });
  if (options.help) return console.log(USAGE);
  if (options.out === undefined) throw new UsageError(`--out is missing\n${USAGE}`);
  const { name, version, repository } = manifest.parse(JSON.parse(await text("package.json")));
  const changelog = await text("CHANGELOG.md");
  const problems = problemsOf({
    tag: options.tag || undefined,
    version,
    changelog,
    recorded: await readdir(join(ROOT, "test", "releases")),
    repository: { declared: repository?.url ?? "", actual: process.env["GITHUB_REPOSITORY"] },
  });
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  const out = resolve(options.out);
  await mkdir(out, { recursive: true });
  const files = [await copyTarball(out), ...(await writeBills(name, version, out))];
  await writeFile(join(out, "SHA256SUMS"), (await Promise.all(files.map(checksumOf))).join(""));
  await writeFile(join(out, "notes.md"), `${sectionOf(changelog, version)}\n`);
  console.log(await readFile(join(out, "SHA256SUMS"), "utf8"));
}

const text = (path: string) => readFile(join(ROOT, path), "utf8");

async function copyTarball(out: string): Promise<string> {
  const packed = await pack();
  const copy = join(out, basename(packed.tarball));
  await copyFile(packed.tarball, copy);
  await packed.close();
  return copy;
}

const lock = z.looseObject({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional() })) });

/**
 * A folder with the manifest and the lock file as users get them, without what only the development needs. `npm sbom --omit dev`
 * would leave out what the package and one of its development tools have in common.
 */
async function withoutDevelopment(parent: string, name: string): Promise<string> {
  const dir = join(parent, name);
  await mkdir(dir);
  const { packages, ...rest } = lock.parse(JSON.parse(await text("package-lock.json")));
  const kept = Object.entries(packages).filter(([, { dev }]) => dev !== true);
  const users = Object.fromEntries(kept.map(([path, entry]) => [path, path === "" ? shipped(entry) : entry]));
  await writeFile(join(dir, "package.json"), JSON.stringify(shipped(JSON.parse(await text("package.json")))));
  await writeFile(join(dir, "package-lock.json"), JSON.stringify({ ...rest, packages: users }));
  return dir;
}

/** A manifest without what users have already, and what they do not need. */
function shipped({ devDependencies: _dev, peerDependencies: _peer, ...rest }: Readonly<Record<string, unknown>>) {
  return rest;
}

/** What users get with the package. */
async function writeBills(name: string, version: string, out: string): Promise<string[]> {
  const parent = await mkdtemp(join(tmpdir(), "bills-"));
  try {
    const cwd = await withoutDevelopment(parent, name);
    const files: string[] = [];
    for (const format of ["cyclonedx", "spdx"]) {
      const { stdout } = await run("npm", ["sbom", "--sbom-format", format, "--package-lock-only"], { cwd });
      const file = join(out, `${name}-${version}.${format}.json`);
      await writeFile(file, stdout);
      files.push(file);
    }
    return files;
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

/** A line as `sha256sum --check` reads it. */
async function checksumOf(file: string): Promise<string> {
  const hash = createHash("sha256").update(await readFile(file));
  return `${hash.digest("hex")}  ${basename(file)}\n`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
