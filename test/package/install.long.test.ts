/** @module-tag long */
import { execFile, spawn } from "node:child_process";
import { cp, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { build } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { startOceanBase } from "../simulators";
import { npmInstall, otherNode, pnpmAdd, userEnv, versionIn } from "./clients";
import { install, type Packed, type Project, pack, ROOT } from "./packed";
import { BUNDLED, COMMON_TYPESCRIPT, COMMONJS, ES_MODULE, ES_TYPESCRIPT, type ProgramFiles } from "./programs";
import { type UpRequest, type UpResult, up } from "./up-of";

const run = promisify(execFile);
const OLD = "4.2.1.8-108000022024072217";
const TARGET = ["4.3.5.2", "102000042025031214.el7"] as const;
const TARGET_BUILD = "4.3.5.2-102000042025031214";
const PASSWORD = "r00t-p@ssword";
/** Milliseconds that an installation may take with a slow registry. */
const TIMEOUT = 240_000;

const manifest = z.looseObject({
  engines: z.object({ node: z.string() }),
  peerDependencies: z.object({ "@pulumi/pulumi": z.string() }),
  devDependencies: z.record(z.string(), z.string()),
});
let packed: Packed;
/** A project with the package unpacked, for the compiler. */
let project: Project;
let dir: string;
/** The oldest and the newest SDK and the oldest Node, as the manifest has them. */
let oldest: string;
let newest: string;
let oldestNode: string;
/** All are installed at the same time, because installing mostly waits. */
let ready: Record<"npm" | "workspace" | "pnpm", Promise<void>> & { readonly node: Promise<string | undefined> };

beforeAll(async () => {
  packed = await pack();
  project = await install(packed);
  await project.write("right.mts", RIGHT);
  await project.write("right.cts", RIGHT);
  await project.write("wrong.mts", WRONG);
  const types = join(project.dir, "node_modules", "@types", "node");
  await mkdir(dirname(types), { recursive: true });
  await symlink(join(ROOT, "node_modules", "@types", "node"), types, "dir");
  dir = await mkdtemp(join(tmpdir(), "installed-"));
  const ours = manifest.parse(JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")));
  oldest = ours.peerDependencies["@pulumi/pulumi"].replace(/^\^/, "");
  newest = ours.devDependencies["@pulumi/pulumi"] ?? "";
  oldestNode = `${ours.engines.node.replace(/^>=/, "")}.0`;
  ready = {
    npm: withNpm(),
    workspace: inWorkspace(ours.devDependencies),
    pnpm: withPnpm(),
    node: otherNode(oldestNode),
  };
  // A failure is reported by the tests that need the installation.
  for (const each of Object.values(ready)) each.catch(() => {});
});
afterAll(async () => {
  await Promise.allSettled(Object.values(ready ?? {}));
  await project?.close();
  await packed?.close();
  await rm(dir, { recursive: true, force: true });
});

async function write(folder: string, files: ProgramFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

/** `up` of a program for an outdated cluster: one upgrade request, then every observer is at the target version. */
async function expectUp(folder: string, node?: string): Promise<UpResult> {
  const cluster = await startOceanBase({
    buildVersion: OLD,
    rootPassword: PASSWORD,
    timings: "instant",
    packages: [TARGET],
  });
  try {
    const env = { ENDPOINTS: JSON.stringify(cluster.connection.endpoints), PASSWORD };
    const request = { dir: folder, env };
    const result = await (node === undefined ? up(request) : upOn(node, request));
    expect(result).toMatchObject({ ok: true, outputs: { version: "4.3.5.2", status: "current" } });
    expect(cluster.system.acceptedUpgrades).toHaveLength(1);
    expect(cluster.system.agents.map(({ observer }) => observer.build)).toEqual(Array(3).fill(TARGET_BUILD));
    return result;
  } finally {
    await cluster.close();
  }
}

/** With engine, program and provider on another Node. */
async function upOn(node: string, request: UpRequest): Promise<UpResult> {
  const child = spawn(node, ["--require", require.resolve("tsx/cjs"), join(__dirname, "up.ts")], {
    env: userEnv(),
  });
  child.stdin.end(JSON.stringify(request));
  const [result, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (result === "") throw new Error(errors);
  return JSON.parse(result);
}

const inNpm = (name: string) => join(dir, "npm", name);

async function withNpm(): Promise<void> {
  await write(inNpm("es-typescript"), ES_TYPESCRIPT);
  await write(inNpm("commonjs"), COMMONJS);
  await write(inNpm("bundled"), BUNDLED);
  await write(inNpm(""), { "package.json": '{ "private": true }\n' });
  await npmInstall(inNpm(""), packed.tarball, `@pulumi/pulumi@${newest}`);
}

describe("installed with npm, with the newest SDK", { timeout: TIMEOUT }, () => {
  const at = inNpm;
  beforeAll(() => ready.npm, TIMEOUT);

  it("is the packed package", async () => {
    expect((await lstat(at("node_modules/pulumi-dbversion"))).isSymbolicLink()).toBe(false);
    expect(await versionIn(at("commonjs"), "@pulumi/pulumi")).toBe(newest);
  });

  it("works for a TypeScript program that is an ES module", async () => {
    await expectUp(at("es-typescript"));
  });

  it("works for a CommonJS program, and generates a report of its stack", async () => {
    const { state } = await expectUp(at("commonjs"));
    await writeFile(at("stack.json"), JSON.stringify(state));
    const { stdout } = await run(at("node_modules/.bin/pulumi-dbversion"), ["report", "stack.json"], { cwd: at("") });
    expect(stdout).toMatch(/^<!DOCTYPE html>.*<bdi>orders<\/bdi>.*<\/html>\n$/s);
    expect(stdout).not.toContain(PASSWORD);
  });

  it("works for a program that is bundled with it", async () => {
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

  it("works for the ES module on the oldest Node", async ({ skip }) => {
    const node = await ready.node;
    if (node === undefined) {
      console.warn(`\nSKIPPED: the registry has no Node ${oldestNode} for ${process.platform} ${process.arch}.\n`);
      skip();
    }
    expect((await expectUp(at("es-typescript"), node)).node).toBe(oldestNode);
  });
});

const inLinked = (name: string) => join(dir, "workspace", name);

async function inWorkspace({ typescript, "@types/node": types }: Readonly<Record<string, string>>): Promise<void> {
  const member = inLinked("packages/pulumi-dbversion");
  await write(inLinked(""), { "package.json": '{ "private": true, "workspaces": ["packages/*"] }\n' });
  await mkdir(member, { recursive: true });
  await run("tar", ["-xzf", packed.tarball, "-C", member, "--strip-components=1"]);
  // npm would install the tools of a member as well.
  await run("npm", ["pkg", "delete", "devDependencies"], { cwd: member, env: userEnv() });
  await write(inLinked("packages/infra"), COMMON_TYPESCRIPT);
  const packages = ["pulumi-dbversion", `@pulumi/pulumi@${oldest}`, `typescript@${typescript}`, `@types/node@${types}`];
  // The range of the SDK's own peer ends below this TypeScript.
  await npmInstall(inLinked(""), "--workspace=common-typescript", "--legacy-peer-deps", ...packages);
}

describe("linked into a workspace, with the oldest SDK", { timeout: TIMEOUT }, () => {
  beforeAll(() => ready.workspace, TIMEOUT);

  it("works for a TypeScript program that the SDK compiles", async () => {
    expect((await lstat(inLinked("node_modules/pulumi-dbversion"))).isSymbolicLink()).toBe(true);
    expect(await versionIn(inLinked("packages/infra"), "@pulumi/pulumi")).toBe(oldest);
    await expectUp(inLinked("packages/infra"));
  });
});

const inPnpm = (name: string) => join(dir, "pnpm", name);

async function withPnpm(): Promise<void> {
  await write(inPnpm(""), ES_MODULE);
  // pnpm links a tarball by its path, so it is copied next to the program.
  await cp(packed.tarball, inPnpm("pulumi-dbversion.tgz"));
  await pnpmAdd(inPnpm(""), "./pulumi-dbversion.tgz", `@pulumi/pulumi@${newest}`);
}

describe("installed with pnpm, with the newest SDK", { timeout: TIMEOUT }, () => {
  beforeAll(() => ready.pnpm, TIMEOUT);

  it("works for a program that is an ES module", async () => {
    expect((await lstat(inPnpm("node_modules/pulumi-dbversion"))).isSymbolicLink()).toBe(true);
    expect(await versionIn(inPnpm(""), "@pulumi/pulumi")).toBe(newest);
    await expectUp(inPnpm(""));
  });
});

const RIGHT = `
import * as pulumi from "@pulumi/pulumi";
import { type CommonArgs, oceanbase, Provider, type Status } from "pulumi-dbversion";

const password = new pulumi.Config().requireSecret("password");
const common: CommonArgs = { onNewer: "fail", wait: true };
const provider = new Provider("production", { oceanbase: { password } });
const orders = new oceanbase.ClusterVersion(
  "orders",
  { endpoints: ["http://10.0.0.1:2886"], version: "4.3.5.2", mode: "rolling", password, ...common },
  { provider, customTimeouts: { update: "3h" } },
);
export const running: pulumi.Output<string> = orders.currentVersion;
export const status: pulumi.Output<Status> = orders.status;
`;

const WRONG = `
import { oceanbase } from "pulumi-dbversion";

const endpoints = ["http://10.0.0.1:2886"];
new oceanbase.ClusterVersion("a", { endpoints, verison: "4.3.5.2" });
new oceanbase.ClusterVersion("b", { endpoints, version: "4.3.5.2", mode: "fast" });
new oceanbase.ClusterVersion("c", { endpoints, version: "4.3.5.2", pasword: "x" });
new oceanbase.KlusterVersion("d", { endpoints, version: "4.3.5.2" });
`;

const { ModuleKind, ModuleResolutionKind } = ts;
const SETTINGS: readonly [string, ts.CompilerOptions][] = [
  ["node16", { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 }],
  ["nodenext", { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext }],
  ["bundler", { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler }],
];

/** Diagnostics of some files of the project, and of the package's own declarations, as `file: message`. */
function diagnostics(options: ts.CompilerOptions, files: readonly string[]): string[] {
  const rootNames = files.map((file) => join(project.dir, file));
  const program = ts.createProgram(rootNames, {
    ...options,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts"],
    types: ["node"],
    typeRoots: [join(project.dir, "node_modules", "@types")],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  });
  const ours = program
    .getSourceFiles()
    .filter(({ fileName }) => rootNames.includes(fileName) || fileName.startsWith(`${project.installed}/`));
  expect(ours.length).toBeGreaterThan(files.length);
  const found = ours.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  return [...program.getOptionsDiagnostics(), ...found].map(({ file, messageText }) => {
    const name = file?.fileName.slice(project.dir.length + 1) ?? "options";
    return `${name}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

describe.each(SETTINGS)("a TypeScript program under %s", { timeout: 90_000 }, (_, options) => {
  it("accepts valid programs, as an ES module and as CommonJS", () => {
    expect(diagnostics(options, ["right.mts", "right.cts"])).toEqual([]);
  });

  it("rejects each misspelled argument and class", () => {
    expect(diagnostics(options, ["wrong.mts"])).toEqual([
      expect.stringMatching(/^wrong\.mts: .*'verison' does not exist/),
      expect.stringMatching(/^wrong\.mts: .*'"fast"' is not assignable/),
      expect.stringMatching(/^wrong\.mts: .*'pasword' does not exist/),
      expect.stringMatching(/^wrong\.mts: .*'KlusterVersion' does not exist/),
    ]);
  });
});
