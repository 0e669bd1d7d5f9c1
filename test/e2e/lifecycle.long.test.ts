/** @module-tag long */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casts, openStage, PASSWORD, type Stage, saidAtPin, stepOf, TIMEOUT } from "./stage";

describe.each(casts())("%s engine, %s: a pin from declaration to destruction", TIMEOUT, (prefer, _, subject) => {
  const { old, target, next } = subject;
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer, { subject });
  });
  afterAll(() => stage.close());

  test("the preview tells the plan at the resource and writes nothing", async () => {
    const run = await stage.engine.preview(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
    expect(saidAtPin(run)).toEqual([stage.plan(old, target)]);
    expect(stage.cluster.writes()).toEqual([]);
  });

  test("up issues one call, shows progress, and ends when every member runs the version", async () => {
    const { control } = stage.cluster;
    const progress = new RegExp(`\\d% \\d+/${subject.stages} `);
    control.hang({ stage: subject.lateStage });
    const up = stage.engine.up(stage.declare());
    await up.seen(progress);
    await expect.poll(() => stage.cluster.dags.at(-1)?.hung, { timeout: 60_000 }).toBe(true);
    control.unhang();
    const run = await up;
    expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
    const { version } = target.args;
    expect(run.outputs["orders"]).toMatchObject({ version, currentVersion: version, status: "current" });
    expect(membersOf(run.outputs["orders"])).toEqual(Array(3).fill(target.build));
    expect(run.diagnostics.some(({ ephemeral, message }) => ephemeral && progress.test(message))).toBe(true);
    expect(saidAtPin(run)).toContain("upgrade 11 started");
    expect(stage.writes()).toBe(1);
    expect(subject.versions(stage.cluster)).toEqual(Array(3).fill(target.build));
  });

  test("a second up asks nothing at all", async () => {
    stage.cluster.journal.clear();
    const run = await stage.engine.up(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.cluster.journal.entries).toEqual([]);
  });

  test("a raised pin is an update with one call", async () => {
    const preview = await stage.engine.preview(stage.declare(next.args));
    expect(stepOf(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version", "release"]) });
    expect(saidAtPin(preview)).toEqual([stage.plan(target, next)]);
    const run = await stage.engine.up(stage.declare(next.args));
    expect(run).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
    expect(run.outputs["orders"]).toMatchObject({ currentVersion: next.args.version, status: "current" });
    expect(stage.writes()).toBe(1);
  });

  test("the state holds what was observed, and no secret", async () => {
    const state = await stage.state();
    expect(state?.outputs).toMatchObject({
      status: "current",
      lastUpgrade: { kind: subject.kind, state: "succeeded" },
    });
    expect(JSON.stringify(await stage.engine.exportState())).not.toContain(PASSWORD);
  });

  test("destroy leaves what runs as it is and says so", async () => {
    stage.cluster.journal.clear();
    const run = await stage.engine.destroy();
    expect(run).toMatchObject({ ok: true, changes: { delete: 2 } });
    expect(saidAtPin(run)).toEqual(["no longer managed; the database was not changed"]);
    expect(stage.cluster.writes()).toEqual([]);
  });
});

describe.each(casts())("%s engine, %s: a cluster that is not behind", TIMEOUT, (prefer, _, subject) => {
  const { target, next } = subject;

  test("at its pin is adopted without a write", async () => {
    const stage = await openStage(prefer, { subject, cluster: subject.running(target) });
    try {
      const preview = await stage.engine.preview(stage.declare());
      expect(saidAtPin(preview)).toEqual([`already at ${target.build}`]);
      const run = await stage.engine.up(stage.declare());
      expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
      expect(run.outputs["orders"]).toMatchObject({ status: "current" });
      expect(stage.cluster.writes()).toEqual([]);
    } finally {
      await stage.close();
    }
  });

  test("but newer than its pin is never downgraded: reported, or refused with onNewer fail", async () => {
    const stage = await openStage(prefer, { subject, cluster: subject.running(next) });
    try {
      const refused = await stage.engine.preview(stage.declare({ onNewer: "fail" }));
      expect(refused.ok).toBe(false);
      expect(refused.output).toMatch(/property version .* has a problem: .*newer than the target version/);
      const reported = await stage.engine.up(stage.declare());
      expect(reported.ok).toBe(true);
      expect(saidAtPin(reported).join()).toContain("newer than the target version");
      expect(reported.outputs["orders"]).toMatchObject({ status: "newer", currentVersion: next.args.version });
      expect(stage.cluster.writes()).toEqual([]);
    } finally {
      await stage.close();
    }
  });
});

/** Versions of the members in an output. */
function membersOf(output: unknown): unknown[] {
  // The program exports what the resource has under this name: a record.
  return Object.values((output as { members: Record<string, unknown> }).members);
}
