import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(__dirname, "../..");

/** The modules that a program loads, as paths with `/`. Needs the built package, as `npm test` makes it. */
function loadedBy(statement: string): string[] {
  const script = `${statement}; console.log(JSON.stringify(Object.keys(require.cache)))`;
  const output = execFileSync(process.execPath, ["-e", script], { cwd: ROOT, encoding: "utf8" });
  const paths: unknown = JSON.parse(output);
  if (!Array.isArray(paths)) throw new Error("no list of modules");
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

describe("the text in every resource", () => {
  it("finds the provider, and loads no vendor before it is needed", () => {
    const loaded = loadedBy(
      'const exports = {}; eval(`exports.handler=()=>require("pulumi-dbversion/provider").provider`); ' +
        'if (typeof exports.handler().create !== "function") process.exit(3)',
    );
    expect(loaded.filter((path) => path.endsWith("/dist/provider/index.js"))).toHaveLength(1);
    expect(loaded.filter((path) => /\/dist\/provider\/(oceanbase|taurusdb|redisenterprise)\//.test(path))).toEqual([]);
    expect(loaded.filter((path) => /\/node_modules\/undici\//.test(path))).toEqual([]);
  });
});
