import { describe, expect, test } from "vitest";
import { failureOf } from "./failure";
import { hostOfTest, SDKS } from "./host";
import { openStage, type Stage } from "./stage";

/** Milliseconds from the engine's death to the end of the process. */
const END_WITHIN = 10_000;
/** The process lingers for about a second to give its last answers; in the second half of it nothing may be sent. */
const SILENCE = 500;

/** Kills the engine and tells how long the process lived on, and how long it had been silent when it ended. */
async function orphaned({ engine, provider, cluster }: Stage) {
  let last = Number.NEGATIVE_INFINITY;
  cluster.onCall(() => {
    last = performance.now();
  });
  const died = performance.now();
  engine.die();
  const code = await provider.exited;
  const ended = performance.now();
  return { code, lived: ended - died, silent: ended - last };
}

describe.each(SDKS)("SDK $version: a process whose engine", ({ sdk }) => {
  test("is gone ends by itself and asks nothing more, with an upgrade under way", async () => {
    const stage = await openStage(await hostOfTest(sdk), { endless: true });
    const answered = stage.provider.create(stage.urn, stage.inputs(), 3_600).catch(() => undefined);
    await stage.said(/^upgrade 11 started/);
    const { code, lived, silent } = await orphaned(stage);
    expect(code).not.toBe(0);
    expect(lived).toBeLessThan(END_WITHIN);
    expect(silent).toBeGreaterThan(SILENCE);
    await answered;
  });

  test("is gone starts no upgrade, even when what it waited for ends", async () => {
    const stage = await openStage(await hostOfTest(sdk));
    stage.cluster.control.startMaintenance("Start OB");
    const answer = failureOf(stage.provider.create(stage.urn, stage.inputs(), 3_600));
    await stage.said(/waiting for maintenance task 11/);
    const end = orphaned(stage);
    expect((await answer).message).toMatch(/nothing was called.*\[engine-gone\]$/);
    stage.cluster.control.finish();
    expect((await end).lived).toBeLessThan(END_WITHIN);
    expect(stage.writes()).toBe(0);
  });

  test("only closes idle connections stays, and still logs", async () => {
    const stage = await openStage(await hostOfTest(sdk));
    const { engine, provider, urn, inputs, logs } = stage;
    for (let round = 1; round <= 6; round++) {
      const before = engine.accepted;
      engine.dropConnections();
      await engine.when(() => (engine.accepted > before ? true : undefined));
    }
    await provider.check(urn, inputs());
    expect(logs()).toHaveLength(1);
  });
});
