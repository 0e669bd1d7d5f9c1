/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { showOceanBase } from "../../examples/demo/oceanbase";
import { blocksOf, page } from "./pages";
import { squeezed } from "./previews";

/** What the pages show of a run was printed by the demo, whose story is checked as it runs. */

let printed: readonly string[];

beforeAll(async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => {
    lines.push(...line.split("\n"));
  });
  try {
    await showOceanBase();
  } finally {
    log.mockRestore();
  }
  printed = lines.map(timeless);
}, 400_000);
afterAll(() => vi.restoreAllMocks());

/** Lines of an engine in the blocks of a page that have no language. */
function shownOn(path: string): string[] {
  return blocksOf(page(path))
    .filter(({ language }) => language === "")
    .flatMap(({ text }) => text.split("\n"))
    .filter((line) => /^ [+~-] |^\* /.test(line));
}

describe("the lines that are shown on", () => {
  it.each([
    ["README.md", 7],
    ["examples/oceanbase/README.md", 2],
    ["docs/guides/drift.md", 2],
    ["docs/guides/interrupted-runs.md", 1],
  ])("%s are of a real run, but for what depends on time", (path, count) => {
    const told = shownOn(path);
    expect(told).toHaveLength(count);
    expect(told.filter((line) => !printed.includes(timeless(line)))).toEqual([]);
  });

  it("include every step that the README tells of", () => {
    const told = shownOn("README.md").join("\n");
    for (const step of [/ create /, / creating .* starting /, / started\b/, / stage \d+\/30: /, / created /]) {
      expect(told).toMatch(step);
    }
  });

  it("have percentages that fit their stages", () => {
    const stages = [...page("README.md").text.matchAll(/(\d+)% · stage (\d+)\/30: /g)];
    expect(stages.map(([, percent]) => Number(percent))).toEqual(
      stages.map(([, , number]) => Math.round(((Number(number) - 1) * 100) / 30)),
    );
  });
});

/**
 * Which stages are told, and when, depends on how fast they pass; ports are the system's; what stands behind a step that is
 * done differs between the engines.
 */
function timeless(line: string): string {
  return squeezed(line)
    .replace(/ \(\d+(\.\d+)?s\)/, "")
    .replace(/\d+% · stage \d+\/30: .*/, "a stage of 30")
    .replace(/ · \d+ s$/, "")
    .replace(/( (?:created|updated)(?: \[diff: [^\]]*\])?).*/, "$1")
    .replace(/127\.0\.0\.1:\d+/, "127.0.0.1:port");
}
