/** @module-tag long */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { casts, openStage, PASSWORD, type Stage, saidAtPin, stepOf, TIMEOUT } from "./stage";
import { AGENTS, DATABASE } from "./subjects";

/** Versions of the members in an output. */
function membersOf(output: unknown): unknown[] {
  // The program exports what the resource has under this name: a record.
  return Object.values((output as { members: Record<string, unknown> }).members);
}

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

/** Agents and database of one cluster have one lock. */
describe.each(engines())("%s engine: agents and database of one cluster", TIMEOUT, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  test("in one program without dependsOn: the second waits for the first, by its name", async () => {
    stage = await openStage(prefer);
    const { engine, cluster, declareBoth } = stage;
    cluster.control.hang();
    const up = engine.up(declareBoth());
    await up.seen(/waiting for maintenance task 11 \((Upgrade obshell|OB rolling upgrade)/);
    await expect.poll(() => cluster.dags.at(-1)?.hung, { timeout: 20_000 }).toBe(true);
    expect(cluster.acceptedUpgrades).toHaveLength(1);
    cluster.control.unhang();
    const run = await up;
    expect(run.ok, run.output).toBe(true);
    expect(run.outputs).toMatchObject({
      orders: { status: "current", currentVersion: DATABASE.target.args.version },
      agents: { status: "current", currentVersion: AGENTS.target.args.version },
    });
    expect(cluster.acceptedUpgrades).toHaveLength(2);
    cluster.journal.clear();
    expect(await engine.up(declareBoth())).toMatchObject({ ok: true, changes: { same: 3 } });
    expect(cluster.journal.entries).toEqual([]);
  });

  test("below one component, the second after the first", async () => {
    stage = await openStage(prefer);
    const { engine, cluster, declareBoth } = stage;
    const program = declareBoth({}, { component: "database" });
    expect(await engine.preview(program)).toMatchObject({ ok: true, changes: { create: 4 } });
    const run = await engine.up(program);
    expect(run.ok, run.output).toBe(true);
    expect(run.output).not.toContain("waiting for maintenance task");
    expect(cluster.acceptedUpgrades.map(({ name }) => name)).toEqual([
      expect.stringContaining("OB rolling upgrade"),
      expect.stringContaining("Upgrade obshell"),
    ]);
    cluster.journal.clear();
    expect(await engine.up(program)).toMatchObject({ ok: true, changes: { same: 4 } });
    expect(cluster.journal.entries).toEqual([]);
    const destroyed = await engine.destroy(program);
    expect(destroyed.ok, destroyed.output).toBe(true);
  });
});
