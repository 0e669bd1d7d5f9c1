import { expect, test } from "vitest";
import { failureOf } from "./failure";
import { hostOfTest, onEachSdk } from "./host";
import { openStage, type Stage } from "./stage";

/** Kills the engine, and tells how the process ended and what it asked after its last answer. */
async function orphaned({ engine, provider, cluster }: Stage, answer: Promise<unknown>) {
  engine.die();
  const failure = await failureOf(answer);
  const asked = cluster.journal.entries.length;
  const code = await provider.exited;
  return { failure, code, late: cluster.journal.entries.slice(asked) };
}

onEachSdk("a process whose engine", (sdk) => {
  test("is gone ends by itself and asks nothing more, with an upgrade under way", async () => {
    const stage = await openStage(await hostOfTest(sdk), { endless: true });
    const answer = stage.provider.create(stage.urn, stage.inputs(), 3_600);
    await stage.said(/^upgrade 11 started/);
    const { code, late } = await orphaned(stage, answer);
    expect(code).not.toBe(0);
    expect(late).toEqual([]);
  });

  test("is gone starts no upgrade, even when what it waited for ends", async () => {
    const stage = await openStage(await hostOfTest(sdk));
    stage.cluster.control.startMaintenance("Start OB");
    const answer = stage.provider.create(stage.urn, stage.inputs(), 3_600);
    await stage.said(/waiting for maintenance task 11/);
    const released = answer.finally(() => stage.cluster.control.finish());
    const { failure, late } = await orphaned(stage, released);
    expect(failure.message).toMatch(/nothing was called.*\[engine-gone\]$/);
    expect(late).toEqual([]);
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
