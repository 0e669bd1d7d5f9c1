import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { NEXT, openStage, PASSWORD, type Stage, saidAtPin, stepOf, TARGET_BUILD } from "./stage";

describe.each(engines())("%s engine: a pin from declaration to destruction", { timeout: 90_000 }, (prefer) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer);
  });
  afterAll(() => stage.close());

  test("the preview tells the plan at the resource and writes nothing", async () => {
    const run = await stage.engine.preview(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
    expect(saidAtPin(run)).toEqual(["4.2.1.8 → 4.3.5.2, rolling over 3 zones"]);
    expect(stage.cluster.writes()).toEqual([]);
  });

  test("up issues one call, shows progress, and ends when every observer runs the version", async () => {
    const run = await stage.engine.up(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
    expect(run.outputs["orders"]).toMatchObject({
      version: "4.3.5.2",
      currentVersion: "4.3.5.2",
      status: "current",
      members: {
        "127.0.0.1:2882": TARGET_BUILD,
        "127.0.0.1:2883": TARGET_BUILD,
        "127.0.0.1:2884": TARGET_BUILD,
      },
    });
    expect(run.diagnostics.some(({ ephemeral, message }) => ephemeral && /stage \d+\/30/.test(message))).toBe(true);
    expect(saidAtPin(run)).toContain("upgrade 11 started: 4.2.1.8 → 4.3.5.2, rolling over 3 zones");
    expect(stage.writes()).toBe(1);
    expect(stage.cluster.agents.every((agent) => agent.observer.build === TARGET_BUILD)).toBe(true);
  });

  test("a second up asks nothing at all", async () => {
    stage.cluster.journal.clear();
    const run = await stage.engine.up(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.cluster.journal.entries).toEqual([]);
  });

  test("a raised pin is an update with one call", async () => {
    const preview = await stage.engine.preview(stage.declare(NEXT));
    expect(stepOf(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version", "release"]) });
    expect(saidAtPin(preview)).toEqual(["4.3.5.2 → 4.3.5.4, rolling over 3 zones"]);
    const run = await stage.engine.up(stage.declare(NEXT));
    expect(run).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
    expect(run.outputs["orders"]).toMatchObject({ currentVersion: "4.3.5.4", status: "current" });
    expect(stage.writes()).toBe(1);
  });

  test("the state holds what was observed, and no secret", async () => {
    const state = await stage.state();
    expect(state?.outputs).toMatchObject({
      status: "current",
      lastUpgrade: { kind: "OB rolling upgrade", state: "succeeded" },
    });
    expect(JSON.stringify(await stage.engine.exportState())).not.toContain(PASSWORD);
  });

  test("destroy leaves the database as it is and says so", async () => {
    stage.cluster.journal.clear();
    const run = await stage.engine.destroy();
    expect(run).toMatchObject({ ok: true, changes: { delete: 2 } });
    expect(saidAtPin(run)).toEqual(["unpinned; the database is left as it is"]);
    expect(stage.cluster.writes()).toEqual([]);
  });
});

describe.each(engines())("%s engine: a cluster that is not behind", { timeout: 90_000 }, (prefer) => {
  test("at its pin is adopted without a write", async () => {
    const stage = await openStage(prefer, { cluster: { buildVersion: TARGET_BUILD } });
    try {
      const preview = await stage.engine.preview(stage.declare());
      expect(saidAtPin(preview)).toEqual([`already at ${TARGET_BUILD}`]);
      const run = await stage.engine.up(stage.declare());
      expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
      expect(run.outputs["orders"]).toMatchObject({ status: "current" });
      expect(stage.cluster.writes()).toEqual([]);
    } finally {
      await stage.close();
    }
  });

  test("but newer than its pin is never downgraded: reported, or refused with onNewer fail", async () => {
    const stage = await openStage(prefer, { cluster: { buildVersion: "4.3.5.4-104000042025090916" } });
    try {
      const refused = await stage.engine.preview(stage.declare({ onNewer: "fail" }));
      expect(refused.ok).toBe(false);
      expect(refused.output).toMatch(/property version .* has a problem: .*newer than the pin/);
      const reported = await stage.engine.up(stage.declare());
      expect(reported.ok).toBe(true);
      expect(saidAtPin(reported).join()).toContain("newer than the pin");
      expect(reported.outputs["orders"]).toMatchObject({ status: "newer", currentVersion: "4.3.5.4" });
      expect(stage.cluster.writes()).toEqual([]);
    } finally {
      await stage.close();
    }
  });
});
