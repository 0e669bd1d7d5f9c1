import { afterEach, describe, expect, it } from "vitest";
import { rowsOf, rowsShown, type Shown, showFleet, showRedisEnterprise, showTaurusDB } from "./previews";

/** The previews of the documentation are those of a run. Those of the README are in quickstart.test.ts, those of the demo in demo.test.ts. */

let shown: Shown | undefined;
afterEach(async () => {
  await shown?.close();
  shown = undefined;
});

/** On a busy machine each process takes its time. */
const TIMEOUT = 240_000;

/** Page, the program that it is about, rows shown, and the outputs after an `up` that no other test does. */
const PAGES = [
  [
    "examples/taurusdb/README.md",
    showTaurusDB,
    2,
    { lowest: "2.0.78.260600", starRocks: "3.1.15.80", members: expect.any(Object) },
  ],
  [
    "examples/redis-enterprise/README.md",
    showRedisEnterprise,
    2,
    { cacheModules: { search: "2.10.17", ReJSON: "2.8.10" }, sessionsVersion: "8.0.0" },
  ],
  ["examples/fleet/README.md", showFleet, 6, undefined],
] as const;

describe("the preview that is shown in", () => {
  it.each(PAGES)("%s is the real one", { timeout: TIMEOUT }, async (path, show, count, outputs) => {
    shown = await show();
    const preview = await shown.engine.preview();
    expect(preview.ok, preview.output).toBe(true);
    const told = rowsShown(path);
    expect(told).toHaveLength(count);
    const rows = rowsOf(preview);
    expect(told.filter((row) => !rows.includes(row))).toEqual([]);
    if (outputs === undefined) return;
    const up = await shown.engine.up();
    expect(up.ok, up.output).toBe(true);
    expect(up.outputs).toEqual(outputs);
  });
});
