import { afterEach, describe, expect, test } from "vitest";
import { type EngineKind, engines, type Operation, type Run } from "../engine";
import { openSystems, type System, type Systems } from "./systems";

const LONG = { tags: ["long"] };

/** Every resource type at once, each against its own simulated vendor. */
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

  /** Every pin has got to its version, and each vendor was asked once. */
  const allCurrent = (run: Run, calls: number) => {
    expect(run.ok, run.output).toBe(true);
    expect(run.outputs).toMatchObject(each(({ name }) => ({ status: name === "" ? "" : "current" })));
    for (const { name, after } of stage.systems) expect(JSON.stringify(run.outputs[name])).toContain(after);
    expect(writes()).toEqual(stage.systems.map(({ name }) => [name, calls]));
  };

  const rowOf = (run: Run, { name }: System) =>
    run.diagnostics.filter(({ urn }) => urn.endsWith(`::${name}`)).map(({ message }) => message.trim());

  /** Waits until each vendor's upgrade has begun. */
  const allCalled = () =>
    expect.poll(() => stage.systems.every((system) => system.writes() > 0), { timeout: 60_000 }).toBe(true);

  /** Waits until each vendor's upgrade has come to where it hangs: the engine starts nothing more once one has failed. */
  const allHang = () =>
    expect.poll(() => stage.systems.every((system) => system.hangs()), { timeout: 60_000 }).toBe(true);

  /** Lets what hangs go on while the operation waits for it: everything gets there, with the one call of before. */
  const letGo = async (operation: Operation) => {
    const release = setInterval(() => {
      for (const system of stage.systems) system.unhang();
    }, 200);
    try {
      allCurrent(await operation, 1);
    } finally {
      clearInterval(release);
    }
  };

  test("plan, upgrade with one call each, do nothing, and are unpinned", async () => {
    const { engine, declare, systems } = await open(prefer);
    const preview = await engine.preview(declare());
    expect(preview.ok).toBe(true);
    for (const system of systems) expect(rowOf(preview, system).join("\n")).toMatch(system.plan);
    expect(writes()).toEqual(systems.map(({ name }) => [name, 0]));

    allCurrent(await engine.up(declare()), 1);

    const asked = requests();
    expect((await engine.up(declare())).ok).toBe(true);
    expect(requests()).toBe(asked);

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

  test("are handed over at ^C, and joined by the next up", LONG, async () => {
    const { engine, declare, systems, state } = await open(prefer);
    for (const system of systems) system.hang();
    const up = engine.up(declare());
    await allCalled();
    up.cancel();
    const run = await up;
    expect(run.ok).toBe(false);
    expect(await state()).toMatchObject(
      each(() => ({ outputs: { status: "upgrading" }, initErrors: [expect.stringMatching(/Interrupted/)] })),
    );
    await letGo(engine.up(declare()));
  });

  test("lose nothing with their plugin", LONG, async () => {
    const { engine, declare, systems } = await open(prefer);
    for (const system of systems) system.hang();
    const up = engine.up(declare());
    await allCalled();
    expect(await up.killPlugin()).toBe(1);
    expect((await up).ok).toBe(false);
    await letGo(engine.up(declare()));
  });

  test("end at customTimeouts without ending the upgrade", LONG, async () => {
    const { engine, declare, systems } = await open(prefer);
    for (const system of systems) system.hang();
    const first = await engine.up(declare({ customTimeouts: { create: "32s" } }));
    expect(first.ok).toBe(false);
    expect(first.output.match(/The time limit was reached \(customTimeouts\)/g)?.length).toBeGreaterThanOrEqual(6);
    expect(writes()).toEqual(systems.map(({ name }) => [name, 1]));
    await letGo(engine.up(declare()));
  });

  test("look for an upgrade whose answer was lost, and do not ask again", LONG, async () => {
    const { engine, declare, systems } = await open(prefer);
    for (const system of systems) system.loseReply();
    allCurrent(await engine.up(declare()), 1);
  });

  test("tell of a failure, each in its vendor's words", LONG, async () => {
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
