/** @module-tag long */
import { afterEach, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { openStage, type Stage, TIMEOUT } from "./stage";
import { AGENTS, DATABASE } from "./subjects";

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
