import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { OLD_BUILD, openStage, PASSWORD, type Stage, saidAtPin, stepOf, TARGET_BUILD } from "./stage";

describe.each(engines())("%s engine: drift", { timeout: 90_000 }, (prefer) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer, { cluster: { buildVersion: TARGET_BUILD } });
    expect((await stage.engine.up(stage.declare())).ok).toBe(true);
  });
  afterAll(() => stage.close());

  test("of a database that fell behind shows as ~ version, and up repairs it", async () => {
    stage.cluster.control.setBuildVersion(OLD_BUILD);
    expect((await stage.engine.refresh()).ok).toBe(true);
    expect((await stage.state())?.inputs).toMatchObject({ version: "4.2.1.8" });
    const preview = await stage.engine.preview(stage.declare());
    expect(stepOf(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version"]) });
    expect(saidAtPin(preview)).toEqual(["4.2.1.8 → 4.3.5.2, rolling over 3 zones"]);
    const run = await stage.engine.up(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { update: 1 } });
    expect(run.outputs["orders"]).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(stage.writes()).toBe(1);
  });

  test("of a database that ran ahead shows as ~ version, and up reports it once", async () => {
    stage.cluster.control.setBuildVersion("4.3.5.4-104000042025090916");
    await stage.engine.refresh();
    const preview = await stage.engine.preview(stage.declare());
    expect(stepOf(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version"]) });
    expect(saidAtPin(preview).join()).toContain("newer than the pin");
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
    expect(saidAtPin(run).join()).toContain("could not be read, the state was left as it is");
    expect(await shown()).toEqual(before);
    for (const index of [0, 1, 2]) stage.cluster.control.startAgent(index);
  });

  test("leaves no secret in plain text behind", async () => {
    expect(JSON.stringify(await stage.engine.exportState())).not.toContain(PASSWORD);
  });
});
