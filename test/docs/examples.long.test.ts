/** @module-tag long */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { findCli } from "../engine";
import { definedEnv } from "../engine/settings";
import { runCommands } from "./commands";
import { ROOT } from "./pages";
import {
  copyFleet,
  rowsOf,
  rowsShown,
  showFleet,
  simulateOceanBase,
  simulateRedisEnterprise,
  simulateTaurusDB,
} from "./previews";

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
