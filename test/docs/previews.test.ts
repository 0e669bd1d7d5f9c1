import { afterEach, describe, expect, it } from "vitest";
import { blocksOf, page } from "./pages";
import {
  rowsOf,
  rowsShown,
  type Shown,
  showFleet,
  showOceanBase,
  showReadme,
  showRedisEnterprise,
  showTaurusDB,
  squeezed,
} from "./previews";

/** What the documentation shows of a run is what a run shows. */

let shown: Shown | undefined;
afterEach(async () => {
  await shown?.close();
  shown = undefined;
});

/** On a busy machine each process takes its time. */
const TIMEOUT = 240_000;

describe("the preview that is shown in", () => {
  it.each([
    ["README.md", showReadme, 2],
    ["examples/oceanbase/README.md", showOceanBase, 2],
    ["examples/taurusdb/README.md", showTaurusDB, 2],
    ["examples/redis-enterprise/README.md", showRedisEnterprise, 2],
    ["examples/fleet/README.md", showFleet, 6],
  ] as const)("%s is the real one", { timeout: TIMEOUT }, async (path, show, count) => {
    shown = await show();
    const run = await shown.engine.preview();
    expect(run.ok, run.output).toBe(true);
    const told = rowsShown(path);
    expect(told).toHaveLength(count);
    const rows = rowsOf(run);
    expect(told.filter((row) => !rows.includes(row))).toEqual([]);
  });
});

describe("the upgrade that is shown in the README", () => {
  it("is the real one, but for what depends on time", { timeout: TIMEOUT }, async () => {
    shown = await showReadme();
    const run = await shown.engine.up();
    expect(run.ok, run.output).toBe(true);
    const rows = rowsOf(run).map(timeless);
    const told = blocksOf(page("README.md"))
      .filter(({ language }) => language === "")
      .flatMap(({ text }) => text.split("\n"))
      .filter((line) => / creat(ing|ed) \(/.test(line))
      .map((line) => timeless(squeezed(line)));
    expect(told.length).toBeGreaterThan(3);
    expect([...new Set(told)].filter((row) => !rows.some((real) => real.startsWith(row)))).toEqual([]);
    expect(run.outputs).toEqual({ running: "4.3.5.2" });
  });
});

/** Which stages are told, and when, depends on how fast they pass. */
function timeless(row: string): string {
  return row.replace(/ \(\d+(\.\d+)?s\)/, "").replace(/stage \d+\/30: .*/, "stage of 30");
}
