/** @module-tag long */
import { describe, expect, it } from "vitest";
import { runCommands } from "./commands";
import { rowsOf, rowsShown, showFleet, simulateOceanBase, simulateRedisEnterprise, simulateTaurusDB } from "./previews";

/** The commands of the examples, run as they stand, and the previews that the examples show. */

/** On a busy machine each process takes its time. */
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
    "%s run as they stand, and the preview is the one shown",
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

it("the preview that the fleet example shows is the real one", { timeout: TIMEOUT }, async () => {
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
