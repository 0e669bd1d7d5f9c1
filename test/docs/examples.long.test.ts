/** @module-tag long */
import { spawn } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Engine, findCli, openEngine, type Run } from "../engine";
import { definedEnv } from "../engine/settings";
import { link, type Packed, pack, unpack } from "../package/packed";
import { runCommands } from "./commands";
import { blocksOf, page, ROOT } from "./pages";
import {
  copyFleet,
  rowsOf,
  rowsShown,
  showFleet,
  simulateOceanBase,
  simulateRedisEnterprise,
  simulateTaurusDB,
  squeezed,
} from "./previews";
import { screenOf } from "./screen";
import { type Call, type StandIn, type StandIns, standIns } from "./stand-ins";

/** On a busy machine each process is slow. */
const TIMEOUT = 240_000;

/** The example, its simulated system, and the outputs of its `up`. */
const EXAMPLES = [
  ["oceanbase", simulateOceanBase, { version: "4.3.5.2", members: expect.any(Object) }],
  ["taurusdb", simulateTaurusDB, { lowest: "2.0.78.260600", starRocks: "3.1.15.80", members: expect.any(Object) }],
  [
    "redis-enterprise",
    simulateRedisEnterprise,
    { cacheModules: { search: "2.10.17", ReJSON: "2.8.10" }, sessionsVersion: "8.0.0" },
  ],
] as const;

describe("the commands of the example", () => {
  it.each(EXAMPLES)(
    "%s run unchanged, and the documented preview is the real one",
    { timeout: TIMEOUT },
    async (...example) => {
      const [name, simulate, outputs] = example;
      const path = `examples/${name}/README.md`;
      const { setting, close } = await simulate();
      try {
        const { code, output, runs } = await runCommands(path, setting);
        expect(code, output).toBe(0);
        const [preview, up] = runs;
        if (preview === undefined || up === undefined) throw new Error("the block has no preview or no up");
        const shown = rowsShown(path);
        expect(shown).toHaveLength(2);
        const rows = rowsOf(preview);
        expect(shown.filter((row) => !rows.includes(row))).toEqual([]);
        expect(up.outputs).toEqual(outputs);
      } finally {
        await close();
      }
    },
  );
});

it("the documented preview of the fleet example is the real one", { timeout: TIMEOUT }, async () => {
  const { engine, close } = await showFleet();
  try {
    const preview = await engine.preview();
    expect(preview.ok, preview.output).toBe(true);
    const shown = rowsShown("examples/fleet/README.md");
    expect(shown).toHaveLength(6);
    const rows = rowsOf(preview);
    expect(shown.filter((row) => !rows.includes(row))).toEqual([]);
  } finally {
    await close();
  }
});

/** The fleet example's own tests and types, as its users run them. */
async function runInFleet(dir: string, args: readonly string[]) {
  const child = spawn(process.execPath, args, { cwd: dir, env: definedEnv({}), stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  return { code, output: out + err };
}

const tsc = createRequire(join(ROOT, "package.json")).resolve("typescript/bin/tsc");

it.each([
  ["the program", ["-p", "tsconfig.json", "--noEmit"]],
  ["its tests", ["-p", "tsconfig.test.json"]],
])("the fleet example passes the type check: %s", { timeout: 240_000 }, async (_, args) => {
  const workspace = await copyFleet();
  try {
    expect(await runInFleet(workspace.dir, [tsc, ...args])).toEqual({ code: 0, output: "" });
  } finally {
    await workspace.close();
  }
});

const TESTS = [
  { how: "in one process", file: "fleet.test.ts", passed: 2 },
  ...(findCli() === undefined ? [] : [{ how: "through the Pulumi CLI", file: "stack.test.ts", passed: 1 }]),
];

it.each(TESTS)("the fleet example passes its own test $how", { timeout: 400_000 }, async ({ file, passed }) => {
  const workspace = await copyFleet();
  try {
    const { code, output } = await runInFleet(workspace.dir, [
      "--import",
      "tsx",
      "--test",
      "--test-reporter=tap",
      file,
    ]);
    expect(code, output).toBe(0);
    expect(output).toContain(`# pass ${passed}`);
  } finally {
    await workspace.close();
  }
});

/**
 * A shell runs the commands of the README's quickstart unchanged. `git` and `npm` are stand-ins that install the packed build
 * without a network. `pulumi` is the CLI if there is one, otherwise the local engine.
 */

const blocks = blocksOf(page("README.md"));
const [commands] = blocks.filter(({ language }) => language === "sh");
const screens = blocks.filter(({ language }) => language === "text").map(({ text }) => text);

/** Starts three processes for each of its four commands of Pulumi. */
const QUICKSTART_TIMEOUT = 300_000;

let packed: Packed;
let home: string;

async function clone({ args, cwd }: Call): Promise<string> {
  const [verb, url = ""] = args;
  if (verb !== "clone") throw new Error(`git ${args.join(" ")} is not expected`);
  const dir = join(cwd, basename(url, ".git"));
  await mkdir(dir);
  await cp(join(ROOT, "examples", "quickstart"), join(dir, "examples", "quickstart"), { recursive: true });
  return "";
}

const manifest = z.object({ devDependencies: z.record(z.string(), z.string()) });

async function npm({ args, cwd }: Call): Promise<string> {
  const [verb, name = ""] = args;
  if (verb === "ci" || args.join(" ") === "run build") return "";
  if (verb === "pack") {
    await copyFile(packed.tarball, join(cwd, basename(packed.tarball)));
    return `${basename(packed.tarball)}\n`;
  }
  if (verb !== "install" || !name.endsWith(".tgz")) throw new Error(`npm ${args.join(" ")} is not expected`);
  await unpack(join(cwd, name), cwd);
  const { devDependencies } = manifest.parse(JSON.parse(await readFile(join(cwd, "package.json"), "utf8")));
  await link(cwd, Object.keys(devDependencies));
  return "";
}

/** `pulumi`, as far as the quickstart uses it. */
function pulumi(runs: Run[], engines: Engine[]): StandIn {
  return async ({ args: [verb = "", ...args], cwd }) => {
    if (verb === "stack") {
      engines.push(await openEngine({ dir: cwd, stack: args[1] ?? "", prefer: "local" }));
      return "";
    }
    const engine = engines.at(-1);
    if (engine === undefined) throw new Error("no stack was initialized");
    if (verb !== "preview" && verb !== "up") throw new Error(`pulumi ${verb} is not expected`);
    const run = await engine[verb]();
    runs.push(run);
    if (!run.ok) throw new Error(run.output);
    return run.output;
  };
}

/** Runs the block in its own directory, and returns its output. */
async function runBlock(dir: string, stands: StandIns, env: Readonly<Record<string, string>>) {
  const { PATH = "", ...rest } = definedEnv(env);
  const shell = spawn("bash", ["-e", "-c", commands?.text ?? ""], {
    cwd: dir,
    env: { ...rest, PATH: `${stands.bin}${delimiter}${PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => shell.once("close", resolve));
  const [out, err, code] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
  return { code, output: out + err };
}

/** Stops the simulated cluster of a block that did not reach its last line. */
async function stopCluster(dir: string): Promise<void> {
  const connection = await readFile(join(dir, "quickstart", "connection.json"), "utf8").catch(() => undefined);
  if (connection !== undefined) process.kill(z.object({ pid: z.number() }).parse(JSON.parse(connection)).pid);
}

function hasUpgraded({ code, output }: { readonly code: number | null; readonly output: string }): void {
  expect(code, output).toBe(0);
  expect(output).toContain("4.2.1.8 → 4.3.5.2, rolling over 3 zones");
  expect(output).toMatch(/Resources:\s+\+ 3 to create/);
  expect(output).toMatch(/Resources:\s+\+ 3 created/);
  expect(output).toMatch(/version\s*: "4\.3\.5\.2"/);
  expect(output).toMatch(/Resources:\s+3 unchanged/);
}

describe("the quickstart of the README", { timeout: QUICKSTART_TIMEOUT }, () => {
  beforeAll(async () => {
    packed = await pack();
    home = await mkdtemp(join(tmpdir(), "quickstart-"));
  }, QUICKSTART_TIMEOUT);
  afterAll(async () => {
    await packed?.close();
    await rm(home, { recursive: true, force: true });
  });

  it("plans and upgrades a simulated cluster, with the output that the README shows", async () => {
    const dir = await mkdtemp(join(home, "local-"));
    const runs: Run[] = [];
    const engines: Engine[] = [];
    const stands = await standIns({ git: clone, npm, pulumi: pulumi(runs, engines) });
    try {
      hasUpgraded(await runBlock(dir, stands, {}));
    } finally {
      await stopCluster(dir);
      for (const engine of engines) await engine.close();
      await stands.close();
    }
    const [preview, up] = runs;
    if (preview === undefined || up === undefined) throw new Error("the block has no preview or no up");
    const [plan = "", progress = ""] = screens;
    expect(plan.split("\n").map(squeezed)).toEqual(screenOf(preview).map(squeezed));
    const rows = [...progress.matchAll(/([\w-]+:[\w/:-]+) +([\w-]+) /g)].map(([, type, name]) => `${type} ${name}`);
    expect(rows).toEqual(up.steps.map(({ type, name }) => `${type} ${name}`));
  });

  it.skipIf(findCli() === undefined)("works with the Pulumi CLI", async () => {
    const dir = await mkdtemp(join(home, "cli-"));
    const stands = await standIns({ git: clone, npm });
    const { PATH = "" } = definedEnv({});
    const env = {
      PATH: `${PATH}${delimiter}${findCli()?.bin}`,
      PULUMI_HOME: dir,
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
    };
    try {
      hasUpgraded(await runBlock(dir, stands, env));
    } finally {
      await stopCluster(dir);
      await stands.close();
    }
  });
});

describe("the README", () => {
  it("shows the resources of the quickstart's program", async () => {
    const program = await readFile(join(ROOT, "examples", "quickstart", "index.ts"), "utf8");
    const [resources] = blocks.filter(({ language }) => language === "ts");
    expect(program).toContain(resources?.text);
  });

  it("shows progress that matches its stage, in 120 columns", () => {
    const [, progress = ""] = screens;
    const shown = [...progress.matchAll(/(\d+)% (\d+)\/30 \w/g)];
    expect(shown).toHaveLength(1);
    for (const [, percent, stage] of shown) expect(Number(percent)).toBe(Math.round(((Number(stage) - 1) * 100) / 30));
    expect(progress.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });
});
