import { expect, test } from "vitest";
import { failureOf, partialOf } from "./failure";
import { hostOfTest, onEachSdk, PROVIDER_TEXT } from "./host";
import { openStage, type Stage } from "./stage";

/** Cancels an operation that would take an hour. The histories in `faults/` verify that it ends within a second. */
async function canceled<T>({ provider }: Stage, outcome: Promise<T>): Promise<T> {
  await provider.cancel();
  return outcome;
}

onEachSdk("Cancel", (sdk) => {
  test("ends create and update that wait immediately, and their upgrades stay in the state", async () => {
    const host = await hostOfTest(sdk);
    const stage = await openStage(host, { endless: true });
    const other = await openStage(host, { endless: true });
    const { id, properties } = await other.provider.create(other.urn, other.inputs({ wait: false }));
    const failing = Promise.all([
      partialOf(stage.provider.create(stage.urn, stage.inputs(), 3_600)),
      partialOf(other.provider.update({ urn: other.urn, id }, properties, other.inputs(), 3_600)),
    ]);
    await Promise.all([stage.logged(/^upgrade 11 started/), other.logged(/^\d+% 28\/30/)]);
    const outcome = await canceled(stage, failing);
    for (const { reasons } of outcome) {
      expect(reasons).toEqual([
        expect.stringMatching(/^Interrupted: .* is still running upgrade 11 .*Run `pulumi up` again.*\[interrupted\]$/),
      ]);
    }
    expect(outcome[0]).toMatchObject({
      id: stage.id,
      properties: { __provider: PROVIDER_TEXT, status: "upgrading", lastUpgrade: { task: "11", state: "running" } },
    });
    expect([stage.writes(), other.writes(), stage.cluster.dags.at(-1)?.state]).toEqual([1, 1, "RUNNING"]);
  });

  test("takes effect while no agent responds, even if create is the first RPC of the process", async () => {
    const stage = await openStage(await hostOfTest(sdk, { fresh: true }), { endless: true });
    const failing = partialOf(stage.provider.create(stage.urn, stage.inputs(), 3_600));
    await stage.logged(/^upgrade 11 started/);
    stage.cluster.faults.add({ times: Number.POSITIVE_INFINITY, fault: { kind: "hang" } });
    await expect.poll(() => stage.cluster.journal.entries.at(-1)?.fault, { timeout: 5_000 }).toBe("hang");
    const outcome = await canceled(stage, failing);
    expect(outcome.reasons).toEqual([expect.stringMatching(/^Interrupted: .* is still running upgrade 11/)]);
  });

  test("before the upgrade request leaves no resource, and a later create sends no upgrade request", async () => {
    const stage = await openStage(await hostOfTest(sdk));
    const { provider, urn, inputs, cluster, writes } = stage;
    cluster.control.startMaintenance("Start OB");
    const failing = failureOf(provider.create(urn, inputs(), 3_600));
    await stage.logged(/waiting for maintenance task 11/);
    const outcome = await canceled(stage, failing);
    expect(outcome.partial).toBeUndefined();
    expect(outcome.message).toMatch(/^Interrupted before an upgrade of .* nothing was sent\. .*\[interrupted\]$/);
    cluster.control.finish();
    const next = await failureOf(provider.create(urn, inputs(), 3_600));
    expect(next).toMatchObject({ partial: undefined, message: expect.stringMatching(/\[interrupted\]$/) });
    expect(writes()).toBe(0);
  });

  test("before any RPC gets a response, and so do later RPCs", { tags: ["long"] }, async () => {
    const { provider, urn, inputs } = await openStage(await hostOfTest(sdk, { fresh: true }));
    await provider.cancel();
    expect((await provider.check(urn, inputs())).failures).toEqual([]);
  });

  test("at the normal end of a run gets a response, and the process ends on SIGINT", {
    tags: ["long"],
  }, async () => {
    const { provider, urn, inputs } = await openStage(await hostOfTest(sdk));
    expect((await provider.create(urn, inputs(), 3_600)).properties["status"]).toBe("current");
    await provider.cancel();
    await provider.stop();
    expect(provider.output).toBe("");
  });
});
