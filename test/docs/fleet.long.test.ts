/** @module-tag long */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { findCli } from "../engine";
import { definedEnv } from "../engine/settings";
import { ROOT } from "./pages";
import { copyFleet } from "./previews";

/** The fleet example's own tests and types, as its users run them. */
async function run(dir: string, args: readonly string[]) {
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
])("types of the fleet example: %s", { timeout: 240_000 }, async (_, args) => {
  const workspace = await copyFleet();
  try {
    expect(await run(workspace.dir, [tsc, ...args])).toEqual({ code: 0, output: "" });
  } finally {
    await workspace.close();
  }
});

const TESTS = [
  { how: "in one process", file: "fleet.test.ts", passed: 2 },
  ...(findCli() === undefined ? [] : [{ how: "through the Pulumi CLI", file: "stack.test.ts", passed: 1 }]),
];

it.each(TESTS)("the fleet example's own test $how", { timeout: 400_000 }, async ({ file, passed }) => {
  const workspace = await copyFleet();
  try {
    const { code, output } = await run(workspace.dir, ["--import", "tsx", "--test", "--test-reporter=tap", file]);
    expect(code, output).toBe(0);
    expect(output).toContain(`# pass ${passed}`);
  } finally {
    await workspace.close();
  }
});
