import { execFile, spawn } from "node:child_process";
import { cp, lstat, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { startOceanBase } from "../simulators";
import { npmInstall, otherNode, pnpmAdd, strangersEnv, versionIn } from "./clients";
import { type Packed, pack, ROOT } from "./packed";
import { BUNDLED, COMMON_TYPESCRIPT, COMMONJS, ES_MODULE, ES_TYPESCRIPT, type ProgramFiles } from "./programs";
import type { UpAnswer, UpRequest } from "./up";

const run = promisify(execFile);
const OLD = "4.2.1.8-108000022024072217";
const TARGET = ["4.3.5.2", "102000042025031214.el7"] as const;
const TARGET_BUILD = "4.3.5.2-102000042025031214";
const PASSWORD = "r00t-p@ssword";

const manifest = z.looseObject({
  engines: z.object({ node: z.string() }),
  peerDependencies: z.object({ "@pulumi/pulumi": z.string() }),
  devDependencies: z.record(z.string(), z.string()),
});
let packed: Packed;
let dir: string;
/** The oldest and the newest SDK and the oldest Node, as the manifest has them. */
let oldest: string;
let newest: string;
let oldestNode: string;

beforeAll(async () => {
  packed = await pack();
  dir = await mkdtemp(join(tmpdir(), "installed-"));
  const ours = manifest.parse(JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")));
  oldest = ours.peerDependencies["@pulumi/pulumi"].replace(/^\^/, "");
  newest = ours.devDependencies["@pulumi/pulumi"] ?? "";
  oldestNode = `${ours.engines.node.replace(/^>=/, "")}.0`;
});
afterAll(async () => {
  await packed?.close();
  await rm(dir, { recursive: true, force: true });
});

async function write(folder: string, files: ProgramFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

/** `up` of a program against a cluster that is behind: one upgrade call, and every observer at the version. */
async function expectUp(folder: string, node = process.execPath): Promise<UpAnswer> {
  const cluster = await startOceanBase({
    buildVersion: OLD,
    rootPassword: PASSWORD,
    timings: "instant",
    packages: [TARGET],
  });
  try {
    const env = { ENDPOINTS: JSON.stringify(cluster.connection.endpoints), PASSWORD };
    const answer = await up({ dir: folder, env }, node);
    expect(answer).toMatchObject({ ok: true, outputs: { version: "4.3.5.2", status: "current" } });
    expect(cluster.system.acceptedUpgrades).toHaveLength(1);
    expect(cluster.system.agents.map(({ observer }) => observer.build)).toEqual(Array(3).fill(TARGET_BUILD));
    return answer;
  } finally {
    await cluster.close();
  }
}

async function up(request: UpRequest, node: string): Promise<UpAnswer> {
  const child = spawn(node, ["--require", require.resolve("tsx/cjs"), join(__dirname, "up.ts")], {
    env: strangersEnv(),
  });
  child.stdin.end(JSON.stringify(request));
  const [answer, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (answer === "") throw new Error(complaints);
  return JSON.parse(answer);
}

describe("installed with npm, beside the newest SDK", { timeout: 120_000 }, () => {
  const at = (name: string) => join(dir, "npm", name);

  beforeAll(async () => {
    await write(join(dir, "npm"), { "package.json": '{ "private": true }\n' });
    await npmInstall(join(dir, "npm"), packed.tarball, `@pulumi/pulumi@${newest}`);
    await write(at("es-typescript"), ES_TYPESCRIPT);
    await write(at("commonjs"), COMMONJS);
    await write(at("bundled"), BUNDLED);
  }, 120_000);

  it("is the package that was packed", async () => {
    expect((await lstat(at("node_modules/pulumi-dbversion"))).isSymbolicLink()).toBe(false);
    expect(await versionIn(at("commonjs"), "@pulumi/pulumi")).toBe(newest);
  });

  it("serves a TypeScript program that is an ES module", async () => {
    await expectUp(at("es-typescript"));
  });

  it("serves a CommonJS program, and draws a report of its stack", async () => {
    const { state } = await expectUp(at("commonjs"));
    await writeFile(at("stack.json"), JSON.stringify(state));
    const { stdout } = await run(at("node_modules/.bin/pulumi-dbversion"), ["report", "stack.json"], { cwd: at("") });
    expect(stdout).toMatch(/^<!DOCTYPE html>.*<bdi>orders<\/bdi>.*<\/html>\n$/s);
    expect(stdout).not.toContain(PASSWORD);
  });

  it("serves a program that was bundled with it", async () => {
    const outfile = at("bundled/index.js");
    await build({
      entryPoints: [at("bundled/source.ts")],
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      external: ["@pulumi/pulumi"],
      logLevel: "error",
    });
    expect(await readFile(outfile, "utf8")).not.toMatch(/require\("pulumi-dbversion"\)/);
    await expectUp(at("bundled"));
  });

  it.for([
    ["an ES module", "es-typescript"],
    ["CommonJS", "commonjs"],
  ] as const)("serves %s on the oldest Node", async ([, name], { skip }) => {
    const node = await otherNode(oldestNode);
    if (node === undefined) {
      console.warn(`\nSKIPPED: the registry has no Node ${oldestNode} for ${process.platform} ${process.arch}.\n`);
      skip();
    }
    expect((await expectUp(at(name), node)).node).toBe(oldestNode);
  });
});

describe("linked into a workspace, beside the oldest SDK", { timeout: 120_000 }, () => {
  const at = (name: string) => join(dir, "workspace", name);

  beforeAll(async () => {
    await write(at(""), { "package.json": '{ "private": true, "workspaces": ["packages/*"] }\n' });
    await mkdir(at("packages/pulumi-dbversion"), { recursive: true });
    await run("tar", ["-xzf", packed.tarball, "-C", at("packages/pulumi-dbversion"), "--strip-components=1"]);
    // npm would install the tools of a member as well.
    await run("npm", ["pkg", "delete", "devDependencies"], {
      cwd: at("packages/pulumi-dbversion"),
      env: strangersEnv(),
    });
    await write(at("packages/infra"), COMMON_TYPESCRIPT);
    const { devDependencies } = manifest.parse(JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")));
    const { typescript, "@types/node": types } = devDependencies;
    const wanted = ["pulumi-dbversion", `@pulumi/pulumi@${oldest}`, `typescript@${typescript}`, `@types/node@${types}`];
    // The range of the SDK's own peer ends below this TypeScript.
    await npmInstall(at(""), "--workspace=common-typescript", "--legacy-peer-deps", ...wanted);
  }, 120_000);

  it("serves a TypeScript program that the SDK compiles", async () => {
    expect((await lstat(at("node_modules/pulumi-dbversion"))).isSymbolicLink()).toBe(true);
    expect(await versionIn(at("packages/infra"), "@pulumi/pulumi")).toBe(oldest);
    await expectUp(at("packages/infra"));
  });
});

describe("installed with pnpm, beside the newest SDK", { timeout: 120_000 }, () => {
  const at = (name: string) => join(dir, "pnpm", name);

  it("serves a program that is an ES module", async () => {
    await write(at(""), ES_MODULE);
    // pnpm links a tarball by its path: a copy beside the program, as people keep it.
    await cp(packed.tarball, at("pulumi-dbversion.tgz"));
    await pnpmAdd(at(""), "./pulumi-dbversion.tgz", `@pulumi/pulumi@${newest}`);
    expect((await lstat(at("node_modules/pulumi-dbversion"))).isSymbolicLink()).toBe(true);
    expect(await versionIn(at(""), "@pulumi/pulumi")).toBe(newest);
    await expectUp(at(""));
  });
});
