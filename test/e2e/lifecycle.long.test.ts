/** @module-tag long */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { messagesOfResource, openStage, PASSWORD, type Stage, stepOfResource, TIMEOUT, testMatrix } from "./stage";
import { AGENTS, DATABASE } from "./subjects";

/** Versions of the members in an output. */
function membersOf(output: unknown): unknown[] {
  // The program exports the output of the resource with this name: a record.
  return Object.values((output as { members: Record<string, unknown> }).members);
}

describe.each(testMatrix())("%s engine, %s: the lifecycle of a resource", TIMEOUT, (prefer, _, subject) => {
  const { old, target, next } = subject;
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer, { subject });
  });
  afterAll(() => stage.close());

  test("a preview shows the plan of the resource and sends no writes", async () => {
    const run = await stage.engine.preview(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
    expect(messagesOfResource(run)).toEqual([stage.plan(old, target)]);
    expect(stage.cluster.writes()).toEqual([]);
  });

  test("up sends one upgrade request, shows progress, and ends when every member is up to date", async () => {
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
    expect(messagesOfResource(run)).toContain("upgrade 11 started");
    expect(stage.writes()).toBe(1);
    expect(subject.versions(stage.cluster)).toEqual(Array(3).fill(target.build));
  });

  test("a second up sends no requests", async () => {
    stage.cluster.journal.clear();
    const run = await stage.engine.up(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.cluster.journal.entries).toEqual([]);
  });

  test("a raised target version is an update with one upgrade request", async () => {
    const preview = await stage.engine.preview(stage.declare(next.args));
    expect(stepOfResource(preview)).toMatchObject({
      op: "update",
      diff: expect.arrayContaining(["version", "release"]),
    });
    expect(messagesOfResource(preview)).toEqual([stage.plan(target, next)]);
    const run = await stage.engine.up(stage.declare(next.args));
    expect(run).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
    expect(run.outputs["orders"]).toMatchObject({ currentVersion: next.args.version, status: "current" });
    expect(stage.writes()).toBe(1);
  });

  test("the state contains the observed versions, and no secret", async () => {
    const state = await stage.state();
    expect(state?.outputs).toMatchObject({
      status: "current",
      lastUpgrade: { kind: subject.kind, state: "succeeded" },
    });
    expect(JSON.stringify(await stage.engine.exportState())).not.toContain(PASSWORD);
  });

  test("destroy does not change the database, and logs that", async () => {
    stage.cluster.journal.clear();
    const run = await stage.engine.destroy();
    expect(run).toMatchObject({ ok: true, changes: { delete: 2 } });
    expect(messagesOfResource(run)).toEqual(["no longer managed; the database was not changed"]);
    expect(stage.cluster.writes()).toEqual([]);
  });
});

describe.each(testMatrix())("%s engine, %s: a cluster that is not outdated", TIMEOUT, (prefer, _, subject) => {
  const { target, next } = subject;

  test("that is up to date is adopted without a write", async () => {
    const stage = await openStage(prefer, { subject, cluster: subject.running(target) });
    try {
      const preview = await stage.engine.preview(stage.declare());
      expect(messagesOfResource(preview)).toEqual([`already at ${target.build}`]);
      const run = await stage.engine.up(stage.declare());
      expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
      expect(run.outputs["orders"]).toMatchObject({ status: "current" });
      expect(stage.cluster.writes()).toEqual([]);
    } finally {
      await stage.close();
    }
  });

  test("that is ahead of the target is never downgraded: it is reported, or fails with onNewer fail", async () => {
    const stage = await openStage(prefer, { subject, cluster: subject.running(next) });
    try {
      const failed = await stage.engine.preview(stage.declare({ onNewer: "fail" }));
      expect(failed.ok).toBe(false);
      expect(failed.output).toMatch(/property version .* has a problem: .*newer than the target version/);
      const reported = await stage.engine.up(stage.declare());
      expect(reported.ok).toBe(true);
      expect(messagesOfResource(reported).join()).toContain("newer than the target version");
      expect(reported.outputs["orders"]).toMatchObject({ status: "newer", currentVersion: next.args.version });
      expect(stage.cluster.writes()).toEqual([]);
    } finally {
      await stage.close();
    }
  });
});

describe.each(testMatrix())("%s engine, %s: drift", TIMEOUT, (prefer, _, subject) => {
  const { old, target, next } = subject;
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer, { subject, cluster: subject.running(target) });
    expect((await stage.engine.up(stage.declare())).ok).toBe(true);
  });
  afterAll(() => stage.close());

  test("of an outdated cluster is shown as ~ version, and up fixes it", async () => {
    subject.replace(stage.cluster, old);
    expect((await stage.engine.refresh()).ok).toBe(true);
    expect((await stage.state())?.inputs).toMatchObject({ version: old.args.version });
    const preview = await stage.engine.preview(stage.declare());
    expect(stepOfResource(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version"]) });
    expect(messagesOfResource(preview)).toEqual([stage.plan(old, target)]);
    const run = await stage.engine.up(stage.declare());
    expect(run).toMatchObject({ ok: true, changes: { update: 1 } });
    expect(run.outputs["orders"]).toMatchObject({ status: "current", currentVersion: target.args.version });
    expect(stage.writes()).toBe(1);
  });

  test("of a cluster ahead of the target is shown as ~ version, and up reports it once", async () => {
    subject.replace(stage.cluster, next);
    await stage.engine.refresh();
    const preview = await stage.engine.preview(stage.declare());
    expect(stepOfResource(preview)).toMatchObject({ op: "update", diff: expect.arrayContaining(["version"]) });
    expect(messagesOfResource(preview).join()).toContain("newer than the target version");
    expect((await stage.engine.up(stage.declare())).ok).toBe(true);
    expect(await stage.engine.up(stage.declare())).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.writes()).toBe(1);
  });

  test("is not reported for an unreachable system, and the state does not change", async () => {
    const shown = async () => {
      const { password: _encryptedDifferentlyEachTime, ...rest } = (await stage.state())?.outputs ?? {};
      return rest;
    };
    const before = await shown();
    for (const index of [0, 1, 2]) stage.cluster.control.stopAgent(index);
    const run = await stage.engine.refresh();
    expect(run.ok).toBe(true);
    expect(messagesOfResource(run).join()).toContain("could not be read; the state was not changed");
    expect(await shown()).toEqual(before);
    for (const index of [0, 1, 2]) stage.cluster.control.startAgent(index);
  });

  test("leaves no secret in plain text in the state", async () => {
    expect(JSON.stringify(await stage.engine.exportState())).not.toContain(PASSWORD);
  });
});

/** Agents and database of one cluster share one lock. */
describe.each(engines())("%s engine: agents and database of one cluster", TIMEOUT, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  test("in one program without dependsOn: the second waits for the first, and shows its name", async () => {
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

  test("in one component: the second upgrades after the first", async () => {
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
