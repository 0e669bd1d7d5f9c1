import { describe, expect, onTestFinished, test } from "vitest";
import { makeWorkspace } from "../engine/workspace";
import type { System } from "../systems";
import type { Arrival } from "./boundaries";
import { FakeEngine } from "./engine";
import { failureOf, partialOf } from "./failure";
import { hostOfTest, onEachSdk, PROVIDER_TEXT, type Sdk, urnOf } from "./host";
import { LONG_TIMEOUT, openResource, SDK, TYPES } from "./kill-points";
import { DynamicProvider } from "./provider";
import { openStage, type Stage } from "./stage";

/** Kills the engine. Returns how the process ended, and its requests after its last response. */
async function killEngine({ engine, provider, cluster }: Stage, response: Promise<unknown>) {
  engine.die();
  const failure = await failureOf(response);
  const requestsBefore = cluster.journal.entries.length;
  const code = await provider.exited;
  return { failure, code, late: cluster.journal.entries.slice(requestsBefore) };
}

onEachSdk("a process whose engine", (sdk) => {
  test("is gone ends by itself without further requests, with an upgrade in progress", async () => {
    const stage = await openStage(await hostOfTest(sdk), { endless: true });
    const response = stage.provider.create(stage.urn, stage.inputs(), 3_600);
    await stage.logged(/^upgrade 11 started/);
    const { code, late } = await killEngine(stage, response);
    expect(code).not.toBe(0);
    expect(late).toEqual([]);
  });

  test("is gone starts no upgrade, even after the operation that it waited for has ended", async () => {
    const stage = await openStage(await hostOfTest(sdk));
    stage.cluster.control.startMaintenance("Start OB");
    const response = stage.provider.create(stage.urn, stage.inputs(), 3_600);
    await stage.logged(/waiting for maintenance task 11/);
    const released = response.finally(() => stage.cluster.control.finish());
    const { failure, late } = await killEngine(stage, released);
    expect(failure.message).toMatch(/nothing was sent.*\[engine-gone\]$/);
    expect(late).toEqual([]);
    expect(stage.writes()).toBe(0);
  });

  test("only closes idle connections keeps running, and still logs", async () => {
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

/** `pulumi up --refresh` has two processes: one reads the resources in the state, the other serves the program. */
async function twoProcesses(sdk: Sdk) {
  const workspace = await makeWorkspace({ project: "shop", sdk });
  const engine = await FakeEngine.start();
  const start = () => DynamicProvider.start({ cwd: workspace.dir, engineAddress: engine.address });
  const providers = [await start(), await start()] as const;
  onTestFinished(async () => {
    for (const provider of providers) await provider.kill();
    engine.die();
    await workspace.close();
  });
  return { engine, providers };
}

/** An RPC that sends no request, because its arguments are missing. */
function load(provider: DynamicProvider) {
  const urn = urnOf("idle");
  return provider.check(urn, { __provider: PROVIDER_TEXT, __urn: urn });
}

/** The provider text of an unrelated dynamic resource. */
const FOREIGN = "exports.handler=()=>({check:async(_, inputs)=>({inputs})})";

onEachSdk("two processes of one engine", (sdk) => {
  test("end by themselves if it dies between RPCs, although both are idle", async () => {
    const { engine, providers } = await twoProcesses(sdk);
    for (const provider of providers) await load(provider);
    engine.die();
    for (const { exited } of providers) expect(await exited).toBe(1);
  });

  test("end by themselves if it dies before they have monitored it", { tags: ["long"] }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    engine.die();
    for (const provider of providers) await load(provider);
    for (const { exited } of providers) expect(await exited).toBe(1);
  });

  test("end by themselves if it dies during an RPC of one of them", { tags: ["long"] }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    const [busy, idle] = providers;
    await load(idle);
    const urn = urnOf("busy");
    // This address does not respond to HTTP, so the RPC lasts until the engine is gone.
    const args = { endpoints: [`http://${engine.address}`], version: "4.3.5.2", password: "x" };
    const call = busy.create(urn, { ...args, __provider: PROVIDER_TEXT, __urn: urn }, 600).catch(() => undefined);
    await engine.when(() => (engine.accepted >= 3 ? true : undefined));
    engine.die();
    for (const { exited } of providers) expect(await exited).toBe(1);
    await call;
  });

  test("keep running if this package was not loaded, like those of any dynamic resource", {
    tags: ["long"],
  }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    const [ours, foreign] = providers;
    await load(ours);
    engine.die();
    expect(await ours.exited).toBe(1);
    const inputs = { __provider: FOREIGN, word: "still here" };
    expect((await foreign.check(urnOf("foreign"), inputs)).inputs).toMatchObject({ word: "still here" });
  });
});

/** Resources of all types at a boundary of their upgrades in one process, whose engine is then killed. */
async function orphaned(at: (arrival: Arrival, system: System) => boolean) {
  const { engine, provider } = await hostOfTest(SDK, LONG_TIMEOUT);
  const resources = await Promise.all(
    TYPES.map(async (kind) => {
      const resource = await openResource(kind, onTestFinished);
      const { gate, system } = resource;
      const fits = (arrival: Arrival) => at(arrival, system);
      const reached = gate.close({ title: "orphaned", processed: true, certain: true, fits });
      const response = resource.upgrade(provider).then(
        () => "responded",
        () => "ended",
      );
      await reached;
      return { ...resource, response };
    }),
  );
  engine.die();
  return { resources, provider };
}

/** The requests that reached the vendors, by type. */
function reached(resources: Awaited<ReturnType<typeof orphaned>>["resources"]) {
  return resources.map(({ gate, system }) => ({
    type: system.type,
    requests: gate.arrivals.length,
    writes: system.writes(),
    accepted: system.accepted(),
  }));
}

describe("a provider whose engine is gone", { timeout: 120_000 }, () => {
  test("starts no upgrade of any type, sends no further request, and ends", () => endsAt(({ at }) => at === 0, 0));

  test("does not change the upgrades that it started, sends no further request, and ends", { tags: ["long"] }, () =>
    endsAt(({ method }, { writes }) => method === "GET" && writes() > 0, 1),
  );
});

/** @param upgradeRequests upgrade requests that each vendor has received by then */
async function endsAt(at: (arrival: Arrival, system: System) => boolean, upgradeRequests: number): Promise<void> {
  const { resources, provider } = await orphaned(at);
  for (const { response } of resources) expect(await response).toBe("ended");
  const before = reached(resources);
  for (const { gate } of resources) gate.open();
  expect(await provider.exited).not.toBe(0);
  expect(reached(resources)).toEqual(before);
  expect(before.map(({ writes, accepted }) => [writes, accepted])).toEqual(
    TYPES.map(() => [upgradeRequests, upgradeRequests]),
  );
}

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
        expect.stringMatching(
          /^Interrupted: .*: upgrade 11 .* is still running\. .*Run `pulumi up` again.*\[interrupted\]$/,
        ),
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
    expect(outcome.reasons).toEqual([expect.stringMatching(/^Interrupted: .*: upgrade 11 .* is still running/)]);
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
