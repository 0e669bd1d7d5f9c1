import { execFileSync, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { hostOfTest, onEachSdk, PROVIDER_TEXT, urnOf } from "../contract/host";

const ROOT = resolve(__dirname, "../..");

/** The modules that a program loads, as paths with `/`. Needs the built package, as `npm test` makes it. */
function loadedBy(statement: string): string[] {
  const script = `${statement}; console.log(JSON.stringify(Object.keys(require.cache)))`;
  const output = execFileSync(process.execPath, ["-e", script], { cwd: ROOT, encoding: "utf8" });
  const paths: unknown = JSON.parse(output);
  if (!Array.isArray(paths)) throw new Error("the output is not a list of modules");
  return paths.map((path) => String(path).replaceAll("\\", "/"));
}

describe("the start of a program", () => {
  it("loads neither the provider nor anything that only it needs", () => {
    const loaded = loadedBy('require("pulumi-dbversion")');
    expect(loaded.filter((path) => path.endsWith("/dist/sdk/index.js"))).toHaveLength(1);
    expect(loaded.filter((path) => /\/dist\/provider\/(?!base\/)/.test(path))).toEqual([]);
    expect(loaded.filter((path) => /\/node_modules\/(zod|undici)\//.test(path))).toEqual([]);
  });
});

describe("the provider string of every resource", () => {
  it("loads the provider, and no vendor before it is needed", () => {
    const loaded = loadedBy(
      'const exports = {}; eval(`exports.handler=()=>require("pulumi-dbversion/provider").provider`); ' +
        'if (typeof exports.handler().create !== "function") process.exit(3)',
    );
    expect(loaded.filter((path) => path.endsWith("/dist/provider/index.js"))).toHaveLength(1);
    expect(loaded.filter((path) => /\/dist\/provider\/(oceanbase|taurusdb|redisenterprise)\//.test(path))).toEqual([]);
    expect(loaded.filter((path) => /\/node_modules\/undici\//.test(path))).toEqual([]);
  });
});

const OLD_NODE = join(__dirname, "fixtures", "node-20.cjs");
const NEEDED = "pulumi-dbversion needs Node 22.19 or later; ";

/** Runs a script on a Node that reports version 20. Needs the built package, as `npm test` makes it. */
function onOldNode(...args: readonly string[]) {
  return spawnSync(process.execPath, ["--require", OLD_NODE, ...args], { cwd: ROOT, encoding: "utf8" });
}

describe("on an unsupported Node", () => {
  it.each([
    ["pulumi-dbversion", "the program runs on v20.20.2"],
    ["pulumi-dbversion/provider", "the provider process runs on v20.20.2"],
    ["pulumi-dbversion/simulators", "the simulators run on v20.20.2"],
  ])("loading %s fails with the required version before other modules are loaded", (entry, who) => {
    const script = `
      try { require(${JSON.stringify(entry)}); }
      catch (error) { console.log(JSON.stringify([error.message, error.stack, Object.keys(require.cache)])); }`;
    const [message, stack, loaded] = JSON.parse(onOldNode("-e", script).stdout);
    expect(message).toBe(NEEDED + who);
    expect(stack).toBe(message);
    const others = loaded.filter((path: string) => !/[\\/](?:node|node-version|node-20)\.c?js$/.test(path));
    expect(others).toEqual([]);
  });

  it("the command fails with the required version in one line", () => {
    const { status, stdout, stderr } = onOldNode(join(ROOT, "dist", "sdk", "cli", "main.js"), "--version");
    expect([status, stdout, stderr]).toEqual([1, "", `${NEEDED}the command runs on v20.20.2\n`]);
  });
});

onEachSdk("a dynamic-provider process", (sdk) => {
  it("fails every call with the required version on an unsupported Node", async () => {
    const { provider } = await hostOfTest(sdk, { fresh: true, env: { NODE_OPTIONS: `--require ${OLD_NODE}` } });
    const urn = urnOf("orders");
    for (let call = 1; call <= 2; call++) {
      await expect(provider.check(urn, { __provider: PROVIDER_TEXT, __urn: urn })).rejects.toThrow(
        `${NEEDED}the provider process runs on v20.20.2`,
      );
    }
  });
});
