/** @module-tag long */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casts, openStage, PASSWORD, type Stage, saidAtPin, stepOf, TIMEOUT } from "./stage";

describe.each(casts())("%s engine, %s: drift", TIMEOUT, (prefer, _, subject) => {
  const { old, target, next } = subject;
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer, { subject, cluster: subject.running(target) });
    expect((await stage.engine.up(stage.declare())).ok).toBe(true);
  });
  afterAll(() => stage.close());

  test("of something that fell behind shows as ~ version, and up repairs it", async () => {
    subject.replace(stage.cluster, old);
    expect((await stage.engine.refresh()).ok).toBe(true);
    expect((await stage.state())?.inputs).toMatchObject({ version: old.args.version });
    const preview = await stage.engine.preview(stage.declare());
    expect(stepOf(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version"]) });
    expect(saidAtPin(preview)).toEqual([stage.plan(old, target)]);
    const run = await stage.engine.up(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { update: 1 } });
    expect(run.outputs["orders"]).toMatchObject({ status: "current", currentVersion: target.args.version });
    expect(stage.writes()).toBe(1);
  });

  test("of something that ran ahead shows as ~ version, and up reports it once", async () => {
    subject.replace(stage.cluster, next);
    await stage.engine.refresh();
    const preview = await stage.engine.preview(stage.declare());
    expect(stepOf(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version"]) });
    expect(saidAtPin(preview).join()).toContain("newer than the target version");
    expect((await stage.engine.up(stage.declare())).ok).toBe(true);
    expect(await stage.engine.up(stage.declare())).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.writes()).toBe(1);
  });

  test("is not seen in a system that cannot be reached: the state stays", async () => {
    const shown = async () => {
      const { password: _sealedAnewEachTime, ...rest } = (await stage.state())?.outputs ?? {};
      return rest;
    };
    const before = await shown();
    for (const index of [0, 1, 2]) stage.cluster.control.stopAgent(index);
    const run = await stage.engine.refresh();
    expect(run.ok).toBe(true);
    expect(saidAtPin(run).join()).toContain("could not be read; the state was not changed");
    expect(await shown()).toEqual(before);
    for (const index of [0, 1, 2]) stage.cluster.control.startAgent(index);
  });

  test("leaves no secret in plain text behind", async () => {
    expect(JSON.stringify(await stage.engine.exportState())).not.toContain(PASSWORD);
  });
});
