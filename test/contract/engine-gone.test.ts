import { describe, expect, onTestFinished, test } from "vitest";
import { makeWorkspace } from "../engine/workspace";
import type { System } from "../systems";
import type { Arrival } from "./boundaries";
import { FakeEngine } from "./engine";
import { failureOf } from "./failure";
import { hostOfTest, onEachSdk, PROVIDER_TEXT, type Sdk, urnOf } from "./host";
import { openPinned, PATIENT, SDK, TYPES } from "./kill-points";
import { DynamicProvider } from "./provider";
import { openStage, type Stage } from "./stage";

/** Kills the engine, and tells how the process ended and what it asked after its last answer. */
async function engineKilled({ engine, provider, cluster }: Stage, answer: Promise<unknown>) {
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
    const { code, late } = await engineKilled(stage, answer);
    expect(code).not.toBe(0);
    expect(late).toEqual([]);
  });

  test("is gone starts no upgrade, even when what it waited for ends", async () => {
    const stage = await openStage(await hostOfTest(sdk));
    stage.cluster.control.startMaintenance("Start OB");
    const answer = stage.provider.create(stage.urn, stage.inputs(), 3_600);
    await stage.said(/waiting for maintenance task 11/);
    const released = answer.finally(() => stage.cluster.control.finish());
    const { failure, late } = await engineKilled(stage, released);
    expect(failure.message).toMatch(/nothing was sent.*\[engine-gone\]$/);
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

/** `pulumi up --refresh` has two processes: one reads what the state has, the other serves the program. */
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

/** A call that is answered without any request: its arguments are missing. */
function load(provider: DynamicProvider) {
  const urn = urnOf("idle");
  return provider.check(urn, { __provider: PROVIDER_TEXT, __urn: urn });
}

/** What another program's dynamic resource has in its state. */
const FOREIGN = "exports.handler=()=>({check:async(_, inputs)=>({inputs})})";

onEachSdk("two processes of one engine", (sdk) => {
  test("end by themselves when it dies between calls, though both are idle", async () => {
    const { engine, providers } = await twoProcesses(sdk);
    for (const provider of providers) await load(provider);
    engine.die();
    for (const { exited } of providers) expect(await exited).toBe(1);
  });

  test("end by themselves when it dies before they have watched it", { tags: ["long"] }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    engine.die();
    for (const provider of providers) await load(provider);
    for (const { exited } of providers) expect(await exited).toBe(1);
  });

  test("end by themselves when it dies during a call of one of them", { tags: ["long"] }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    const [busy, idle] = providers;
    await load(idle);
    const urn = urnOf("busy");
    // Nobody answers at this address: the call lasts until the engine is gone.
    const args = { endpoints: [`http://${engine.address}`], version: "4.3.5.2", password: "x" };
    const call = busy.create(urn, { ...args, __provider: PROVIDER_TEXT, __urn: urn }, 600).catch(() => undefined);
    await engine.when(() => (engine.accepted >= 3 ? true : undefined));
    engine.die();
    for (const { exited } of providers) expect(await exited).toBe(1);
    await call;
  });

  test("stay where nothing of this package was loaded, as those of any dynamic resource do: that is Pulumi's own", {
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

/** Pins of all types at a boundary of their upgrades in one process, whose engine is then gone. */
async function orphaned(at: (arrival: Arrival, system: System) => boolean) {
  const { engine, provider } = await hostOfTest(SDK, PATIENT);
  const pins = await Promise.all(
    TYPES.map(async (kind) => {
      const pinned = await openPinned(kind, onTestFinished);
      const { gate, system } = pinned;
      const fits = (arrival: Arrival) => at(arrival, system);
      const reached = gate.close({ title: "orphaned", processed: true, certain: true, fits });
      const answer = pinned.upgrade(provider).then(
        () => "answered",
        () => "ended",
      );
      await reached;
      return { ...pinned, answer };
    }),
  );
  engine.die();
  return { pins, provider };
}

/** What reached the vendors, by type. */
function reached(pins: Awaited<ReturnType<typeof orphaned>>["pins"]) {
  return pins.map(({ gate, system }) => ({
    type: system.type,
    requests: gate.arrivals.length,
    writes: system.writes(),
    accepted: system.accepted(),
  }));
}

describe("a provider whose engine is gone", { timeout: 120_000 }, () => {
  test("begins no upgrade of any type, asks nothing more, and ends", () => endsAt(({ at }) => at === 0, 0));

  test("leaves the upgrades that it began alone, asks nothing more, and ends", { tags: ["long"] }, () =>
    endsAt(({ method }, { writes }) => method === "GET" && writes() > 0, 1),
  );
});

/** @param calls upgrade calls that each vendor has had by then */
async function endsAt(at: (arrival: Arrival, system: System) => boolean, calls: number): Promise<void> {
  const { pins, provider } = await orphaned(at);
  for (const { answer } of pins) expect(await answer).toBe("ended");
  const before = reached(pins);
  for (const { gate } of pins) gate.open();
  expect(await provider.exited).not.toBe(0);
  expect(reached(pins)).toEqual(before);
  expect(before.map(({ writes, accepted }) => [writes, accepted])).toEqual(TYPES.map(() => [calls, calls]));
}
