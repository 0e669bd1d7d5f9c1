/** @module-tag long */
import { afterAll, beforeAll, expect, test } from "vitest";
import { onEachEngine } from "./each-engine";
import { openTrial, type Trial } from "./trial";

onEachEngine("refresh, logs, parallel steps", (prefer) => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(prefer);
  });
  afterAll(() => trial.close());
  const moved = { name: "moved", args: { version: "2" } };
  const gone = { name: "gone", args: { version: "1", mode: "log" } };

  test("messages carry the resource's URN, severity, and whether they pass", async () => {
    const run = await trial.engine.up(trial.declare(moved, gone));
    expect(run.ok).toBe(true);
    const urn = expect.stringMatching(/::gone$/);
    expect(run.diagnostics).toEqual(
      expect.arrayContaining([
        { severity: "info", urn, message: "kept for the end", ephemeral: false },
        { severity: "info", urn, message: "passing by", ephemeral: true },
        { severity: "warning", urn, message: "take care", ephemeral: false },
      ]),
    );
    expect(run.output).toMatch(/passing by[\s\S]*Diagnostics:[\s\S]*kept for the end/);
    expect(run.output.slice(run.output.indexOf("Diagnostics:"))).not.toContain("passing by");
  });

  test("a refresh takes over what is read, inputs too, and drops what is gone", async () => {
    await trial.find({ moved: "1", gone: null });
    const run = await trial.engine.refresh();
    expect(run).toMatchObject({ ok: true, changes: { update: 1, delete: 1, same: 1 } });
    expect(run.steps.map(({ op, name, diff }) => [name, op, diff])).toEqual(
      expect.arrayContaining([
        ["moved", "update", ["version"]],
        ["gone", "delete", []],
      ]),
    );
    const found = await trial.state("moved");
    expect(found).toMatchObject({ inputs: { version: "1" }, outputs: { version: "1" } });
    // Entries of properties that depend on nothing do not outlive a refresh.
    expect(found).not.toHaveProperty("propertyDependencies");
    expect(await trial.state("gone")).toBeUndefined();
  });

  test("a preview then shows the drift, and an update fixes it", async () => {
    const preview = await trial.engine.preview(trial.declare(moved));
    expect(preview.steps.find(({ name }) => name === "moved")).toMatchObject({ op: "update", diff: ["version"] });
    expect(preview.output).toContain("[diff: ~version]");
    expect(await trial.engine.up(trial.declare(moved))).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
  });

  test("what does not depend on each other runs at the same time", async () => {
    const meeting = [moved, ...["left", "right"].map((name) => ({ name, args: { version: "1", mode: "meet" } }))];
    expect(await trial.engine.up(trial.declare(...meeting))).toMatchObject({
      ok: true,
      changes: { create: 2, same: 2 },
    });
  });

  test("a resource can be read by its id", async () => {
    const found = { name: "found", args: { version: "0" }, options: { id: "id-found-" } };
    const run = await trial.engine.up(trial.declare(moved, found));
    expect(run.ok).toBe(true);
    expect(await trial.state("found")).toMatchObject({ external: true, id: "id-found-" });
  });
});
