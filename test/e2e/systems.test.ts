import { afterEach, describe, expect, test } from "vitest";
import { type EngineKind, engines, type Operation, type Run } from "../engine";
import { openSystems, type System, type Systems } from "./systems";

const LONG = { tags: ["long"] };

/** All resource types together, each with its own simulated vendor. */
describe.each(engines())("%s engine: every resource type", { timeout: 180_000 }, (prefer) => {
  let stage: Systems;
  afterEach(() => stage.close());

  const open = async (kind: EngineKind) => {
    stage = await openSystems(kind);
    return stage;
  };

  const writes = () => stage.systems.map((system) => [system.name, system.writes()] as const);
  const requests = () => stage.systems.reduce((sum, system) => sum + system.requests(), 0);
  const each = (value: (system: System) => unknown) =>
    Object.fromEntries(stage.systems.map((system) => [system.name, value(system)]));

  /** Verifies that every resource is up to date, with so many upgrade requests for each vendor. */
  const allCurrent = (run: Run, upgradeRequests: number) => {
    expect(run.ok, run.output).toBe(true);
    expect(run.outputs).toMatchObject(each(({ name }) => ({ status: name === "" ? "" : "current" })));
    for (const { name, after } of stage.systems) expect(JSON.stringify(run.outputs[name])).toContain(after);
    expect(writes()).toEqual(stage.systems.map(({ name }) => [name, upgradeRequests]));
  };

  const rowOf = (run: Run, { name }: System) =>
    run.diagnostics.filter(({ urn }) => urn.endsWith(`::${name}`)).map(({ message }) => message.trim());

  /** Waits until each vendor has received an upgrade request. */
  const allRequested = () =>
    expect.poll(() => stage.systems.every((system) => system.writes() > 0), { timeout: 60_000 }).toBe(true);

  /** Waits until each vendor's upgrade hangs, because the engine starts no further operations after a failure. */
  const allHang = () =>
    expect.poll(() => stage.systems.every((system) => system.hangs()), { timeout: 60_000 }).toBe(true);

  /** Resumes hanging upgrades while the operation waits for them: all succeed, without another request. */
  const resumeUpgrades = async (operation: Operation) => {
    const release = setInterval(() => {
      for (const system of stage.systems) system.unhang();
    }, 200);
    try {
      allCurrent(await operation, 1);
    } finally {
      clearInterval(release);
    }
  };

  test("plan, upgrade with one request each, report no changes, and are destroyed", async () => {
    const { engine, declare, systems } = await open(prefer);
    const preview = await engine.preview(declare());
    expect(preview.ok).toBe(true);
    for (const system of systems) expect(rowOf(preview, system).join("\n")).toMatch(system.plan);
    expect(writes()).toEqual(systems.map(({ name }) => [name, 0]));

    allCurrent(await engine.up(declare()), 1);

    const requestsBefore = requests();
    expect((await engine.up(declare())).ok).toBe(true);
    expect(requests()).toBe(requestsBefore);

    expect((await engine.destroy(declare())).ok).toBe(true);
    expect(writes()).toEqual(systems.map(({ name }) => [name, 1]));
  });

  test("show drift and fix it", LONG, async () => {
    const { engine, declare, systems } = await open(prefer);
    allCurrent(await engine.up(declare()), 1);
    for (const system of systems) system.downgrade();
    expect((await engine.refresh(declare())).ok).toBe(true);
    const drift = await engine.preview(declare());
    expect(
      drift.steps
        .filter(({ op }) => op === "update")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(systems.map(({ name }) => name).sort());
    for (const { before } of systems) expect(drift.output).toContain(before);
    allCurrent(await engine.up(declare()), 2);
  });

  test("stop waiting at ^C, and are joined by the next up", LONG, async () => {
    const { engine, declare, systems, state } = await open(prefer);
    for (const system of systems) system.hang();
    const up = engine.up(declare());
    await allRequested();
    up.cancel();
    const run = await up;
    expect(run.ok).toBe(false);
    expect(await state()).toMatchObject(
      each(() => ({ outputs: { status: "upgrading" }, initErrors: [expect.stringMatching(/Interrupted/)] })),
    );
    await resumeUpgrades(engine.up(declare()));
  });

  test("do not lose their upgrades with a killed plugin", LONG, async () => {
    const { engine, declare, systems } = await open(prefer);
    for (const system of systems) system.hang();
    const up = engine.up(declare());
    await allRequested();
    expect(await up.killPlugin()).toBe(1);
    expect((await up).ok).toBe(false);
    await resumeUpgrades(engine.up(declare()));
  });

  test("stop waiting at customTimeouts without stopping the upgrade", LONG, async () => {
    const { engine, declare, systems } = await open(prefer);
    for (const system of systems) system.hang();
    const first = await engine.up(declare({ customTimeouts: { create: "32s" } }));
    expect(first.ok).toBe(false);
    expect(first.output.match(/The time limit was reached \(customTimeouts\)/g)?.length).toBeGreaterThanOrEqual(6);
    expect(writes()).toEqual(systems.map(({ name }) => [name, 1]));
    await resumeUpgrades(engine.up(declare()));
  });

  test("search for an upgrade whose response was lost, and send no other request", LONG, async () => {
    const { engine, declare, systems } = await open(prefer);
    for (const system of systems) system.loseReply();
    allCurrent(await engine.up(declare()), 1);
  });

  test("report a failure with the vendor's message", LONG, async () => {
    const { engine, declare, systems, state } = await open(prefer);
    for (const system of systems) system.hang();
    const up = engine.up(declare());
    await allHang();
    for (const system of systems) system.fail();
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.output.match(/\[upgrade-failed\]/g)?.length).toBeGreaterThanOrEqual(6);
    expect(await state()).toMatchObject(
      each(() => ({ outputs: { status: "failed", lastUpgrade: { state: "failed" } } })),
    );
    expect(writes()).toEqual(systems.map(({ name }) => [name, 1]));
  });
});
