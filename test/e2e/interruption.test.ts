import { afterEach, describe, expect, test } from "vitest";
import { type EngineKind, engines, type Run } from "../engine";
import { openStage, type Stage, type StageOptions, saidAtPin } from "./stage";

const STAGE_PASSED = /stage \d+\/30/;

describe.each(engines())("%s engine: an upgrade that outlives its run", { timeout: 90_000 }, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  const open = async (kind: EngineKind, options?: StageOptions) => {
    stage = await openStage(kind, options);
    return stage;
  };

  /** The next `up` joins and finishes what runs, with one call in all. */
  const joinsAndFinishes = async (run: Run) => {
    expect(run.ok).toBe(true);
    expect(run.outputs["orders"]).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect((await stage.state())?.initErrors ?? []).toEqual([]);
    expect(stage.writes()).toBe(1);
    expect(stage.cluster.acceptedUpgrades).toHaveLength(1);
  };

  test("^C while waiting hands over within a second; the next up joins", async () => {
    const { engine, declare, state, cluster } = await open(prefer);
    cluster.control.hang({ stage: "Execute upgrade post script" });
    const up = engine.up(declare());
    await up.seen(STAGE_PASSED);
    const began = performance.now();
    up.cancel();
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/Interrupted: .* is still running upgrade 11 .* run `pulumi up` again/);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await state()).toMatchObject({
      outputs: { status: "upgrading", currentVersion: "4.2.1.8", lastUpgrade: { task: "11", state: "running" } },
      initErrors: [expect.stringContaining("still running")],
    });
    const preview = await engine.preview(declare());
    expect(saidAtPin(preview).join()).toContain("joins running upgrade 11");
    await expect.poll(() => cluster.dags.at(-1)?.hung, { timeout: 20_000 }).toBe(true);
    cluster.control.unhang();
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("a killed plugin loses nothing", async () => {
    const { engine, declare } = await open(prefer);
    const up = engine.up(declare());
    await up.seen(STAGE_PASSED);
    expect(await up.killPlugin()).toBe(1);
    expect((await up).ok).toBe(false);
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("a killed engine takes the plugin with it, and nothing is lost", async () => {
    const { engine, declare, cluster } = await open(prefer);
    const up = engine.up(declare());
    await up.seen(STAGE_PASSED);
    const [plugin] = await up.plugins();
    expect(plugin).toBeDefined();
    await up.kill();
    await up.catch(() => undefined);
    await expect.poll(() => isAlive(plugin ?? 0), { timeout: 5_000 }).toBe(false);
    const asked = cluster.journal.entries.length;
    await engine.unlock();
    await joinsAndFinishes(await engine.up(declare()));
    expect(cluster.journal.entries.length).toBeGreaterThan(asked);
  });

  test("customTimeouts end the wait, not the upgrade", async () => {
    const { engine, declare } = await open(prefer);
    const first = await engine.up(declare({}, { options: { customTimeouts: { create: "2s" } } }));
    expect(first.ok).toBe(false);
    expect(first.output).toMatch(/The time limit was reached \(customTimeouts\): .* still running upgrade 11/);
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("agents that are away for half a minute are waited for", async () => {
    const { engine, declare, cluster } = await open(prefer);
    const up = engine.up(declare());
    await up.seen(STAGE_PASSED);
    for (const index of [0, 1, 2]) cluster.control.restartAgent(index, { gapMs: 30_000 });
    await joinsAndFinishes(await up);
  });

  test("agents that are away for longer than the budget end the run as a hand-over", async () => {
    const { engine, declare, cluster } = await open(prefer);
    const up = engine.up(declare({ unreachableTimeout: "2s" }));
    await up.seen(STAGE_PASSED);
    for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/could not be read for 2 s: .*Nothing was undone/);
    for (const index of [0, 1, 2]) cluster.control.startAgent(index);
    await joinsAndFinishes(await engine.up(declare({ unreachableTimeout: "2m" })));
  });

  test("the reply to the call lost after it took effect is looked for, not sent again", async () => {
    const { engine, declare, cluster } = await open(prefer);
    cluster.faults.add({ match: { method: "POST", path: "/api/v1/ob/upgrade" }, fault: { kind: "loseReply" } });
    const run = await engine.up(declare());
    expect(saidAtPin(run).join()).toContain("answer to the upgrade call was lost");
    await joinsAndFinishes(run);
  });

  test("another maintenance task that holds the lock is waited for by its name", async () => {
    const { engine, declare, cluster } = await open(prefer);
    cluster.control.startMaintenance("Start OB");
    const up = engine.up(declare());
    await up.seen("waiting for maintenance task 11 (Start OB)");
    expect(stage.writes()).toBe(0);
    cluster.control.finish();
    const run = await up;
    expect(run.ok).toBe(true);
    expect(stage.cluster.acceptedUpgrades).toHaveLength(1);
  });

  test("that fails at the vendor is told with its stage, its code, and the ways on", async () => {
    const { engine, declare, cluster, state } = await open(prefer);
    cluster.control.fail({ stage: "Execute upgrade pre script" });
    const run = await engine.up(declare());
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(
      /stage 12\/30: Execute upgrade pre script failed on 127\.0\.0\.1:\d+: \[Common\.Unexpected\]/,
    );
    expect(run.output).toContain("obshell task retry -i 11");
    expect((await state())?.outputs).toMatchObject({ status: "failed", lastUpgrade: { state: "failed" } });
    cluster.control.operate("RETRY");
    await joinsAndFinishes(await engine.up(declare()));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
