import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TYPES as BENCHES } from "../bench/worlds";
import { WORLDS } from "../faults/worlds";
import { SECRET_TYPES } from "../secrets/worlds";
import { RESOURCE_TYPES, titleOf } from ".";

const ROOT = join(__dirname, "..", "..");
const TYPES = RESOURCE_TYPES.map(({ type }) => type).sort();

/** Types as a file of the repository lists them. */
function listedIn(path: string): string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...new Set(text.match(/\b[a-z]+:[A-Z][A-Za-z]+Versions?\b/g))].sort();
}

describe("every resource type is in the list of", () => {
  it.each(["provider/systems.ts", "sdk/report/subject.ts", ".github/workflows/tests.yml"])("%s", (path) => {
    expect(listedIn(path)).toEqual(TYPES);
  });

  it.each<[string, readonly string[]]>([
    ["the fault explorer", WORLDS.map(({ type }) => type)],
    ["the secrets tests", SECRET_TYPES.map(({ type }) => type)],
  ])("%s", (_, types) => {
    expect([...new Set(types)].sort()).toEqual(TYPES);
  });

  it("the benchmarks", () => {
    expect(Object.keys(BENCHES).sort()).toEqual(RESOURCE_TYPES.map(titleOf).sort());
  });
});
