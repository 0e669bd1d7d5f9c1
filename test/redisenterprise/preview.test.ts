import { describe, expect, it } from "vitest";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { CACHE, PASSWORD, type Rig } from "./rig";
import { rigFor, SIDES } from "./sides";

const NOWHERE = ["https://10.9.9.9:9443"];

describe.each(SIDES)("the preview of a new resource (%s)", (_, side) => {
  it("shows the plan on one line and writes nothing", async () => {
    const world = rigFor(side, "behind");
    const { failures } = await world.lifecycle.check({}, side.inputs(world));
    expect(failures).toEqual([]);
    expect(world.messages()).toEqual([side.plan]);
    expect(world.writes()).toBe(0);
    expect(world.cluster.journal.count("POST")).toBe(0);
  });

  it.each([
    ["an exact target", {}, 1],
    ["a minimum", undefined, 0],
  ])("notes that the cluster upgrades the database itself, beyond %s: %s", async (_target, args, notes) => {
    const world = rigFor(side, "behind", { databases: [{ ...CACHE, autoUpgrade: true }] });
    const minimum = side.property === "modules" ? { search: ">=2.10.9" } : ">=7.4";
    await world.lifecycle.check({}, side.inputs(world, args ?? { [side.property]: minimum }));
    expect(world.messages()).toHaveLength(1 + notes);
    if (notes > 0)
      expect(world.messages()[1]).toMatch(/^Database 1 \(cache\) has auto_upgrade: .* beyond the target version/);
  });

  it("shows that the database is up to date", async () => {
    const world = rigFor(side, "there");
    await world.lifecycle.check({}, side.inputs(world));
    expect(world.messages()).toEqual([side.already]);
  });

  it("shows that a running upgrade will be waited for, although its target is unknown", async () => {
    const world = rigFor(side, "behind");
    await world.lifecycle.create(side.inputs(world, { wait: false }));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    world.lines.length = 0;
    await world.lifecycle.check({}, side.inputs(world));
    expect(world.messages()).toEqual([
      `joins running upgrade ${task} (SMUpgradeBDB to a version that the cluster does not report)`,
    ]);
  });

  it("shows that it waits for another change", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.busy(1);
    await world.lifecycle.check({}, side.inputs(world));
    expect(world.messages()).toEqual([`${side.plan}, after SMUpdateBDB of database 1 (cache) has ended`]);
  });

  it("does not fail if the cluster is unreachable", async () => {
    const world = rigFor(side, "behind");
    const began = world.clock.now();
    const { failures } = await world.lifecycle.check({}, side.inputs(world, { endpoints: NOWHERE }));
    expect(failures).toEqual([]);
    expect(world.lines).toEqual([
      expect.objectContaining({
        severity: "WARNING",
        message: expect.stringMatching(/^cannot plan: unreachable, .*ENOTFOUND/),
      }),
    ]);
    expect(world.clock.since(began)).toBeLessThanOrEqual(10_000);
  });

  it("is not delayed by a slow cluster", async () => {
    const world = rigFor(side, "behind");
    world.cluster.faults.add({ match: { path: "/v1/cluster" }, times: 9, fault: { kind: "hang" } });
    const began = world.clock.now();
    await world.lifecycle.check({}, side.inputs(world));
    expect(world.messages()).toEqual(["cannot plan: unreachable, no response in time"]);
    expect(world.clock.since(began)).toBeLessThanOrEqual(10_000);
  });

  it("shows why there is no plan for unknown arguments, and sends no request", async () => {
    const world = rigFor(side, "behind");
    const unknown = { endpoints: [UNKNOWN], password: UNKNOWN, databaseId: UNKNOWN };
    expect((await world.lifecycle.check({}, side.inputs(world, unknown))).failures).toEqual([]);
    expect(world.messages()).toEqual(["cannot plan yet: `endpoints`, `password`, `databaseId` are known after apply"]);
    expect(world.cluster.journal.entries).toEqual([]);
  });

  it("is shown once, although both check and diff could show it", async () => {
    const world = rigFor(side, "behind");
    const args = side.inputs(world);
    await world.lifecycle.check({ ...args, wait: false }, args);
    await world.lifecycle.diff("id", { ...args, status: "behind" }, args);
    expect(world.messages()).toHaveLength(1);
  });
});

describe.each(SIDES)("a refresh (%s)", (_, side) => {
  const settled = async (world: Rig, args: Record<string, unknown> = {}) => {
    const { id, outs } = await world.lifecycle.create(side.inputs(world, args));
    world.cluster.journal.clear();
    return { id, outs };
  };

  it("returns the inputs as written if the database is up to date", async () => {
    const world = rigFor(side, "there");
    const { id, outs } = await settled(world);
    const read = await world.lifecycle.read(id, outs);
    expect(read).toMatchObject({ id, props: { status: "current", [side.property]: side.pin } });
    expect(read.inputs).toEqual(side.inputs(world));
  });

  it("returns the observed version in place of the target of a downgraded database, and the next up upgrades it", async () => {
    const world = rigFor(side, "there");
    const { id, outs } = await settled(world);
    side.put(world.cluster, "behind");
    const { props, inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject({ [side.property]: side.drifted.behind });
    expect(props).toMatchObject({ [side.property]: side.pin, status: "behind" });
    expect(await world.lifecycle.diff(id, props ?? {}, side.inputs(world))).toEqual({ changes: true, replaces: [] });
    expect(world.writes()).toBe(0);
    const { outs: repaired } = await world.lifecycle.update(id, props ?? {}, side.inputs(world));
    expect(repaired).toMatchObject({ status: "current", members: side.members });
    expect(repaired).not.toHaveProperty("__drifted");
    expect(world.writes()).toBe(1);
  });

  it("warns about a database that auto_upgrade has upgraded beyond the target, and shows it once", async () => {
    const world = rigFor(side, "there");
    const { id, outs } = await settled(world);
    side.put(world.cluster, "ahead");
    const { props, inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject({ [side.property]: side.drifted.ahead });
    expect(world.lines.at(-1)).toMatchObject({
      severity: "WARNING",
      message: expect.stringContaining("newer than the target version"),
    });
    expect(await world.lifecycle.diff(id, props ?? {}, side.inputs(world))).toMatchObject({ changes: true });
    const { outs: reported } = await world.lifecycle.update(id, props ?? {}, side.inputs(world));
    expect(reported).toMatchObject({ status: "newer" });
    expect(await world.lifecycle.diff(id, reported, side.inputs(world))).toMatchObject({ changes: false });
    expect(world.writes()).toBe(0);
  });

  it("reports no change within a minimum version", async () => {
    const world = rigFor(side, "there");
    const { id, outs } = await settled(world, side.floor);
    side.put(world.cluster, "ahead");
    const before = world.messages().length;
    const { props, inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject(side.floor);
    expect(props).toMatchObject({ status: "current" });
    expect(world.messages()).toHaveLength(before);
  });

  it("keeps the last known state while the cluster is unavailable", async () => {
    const world = rigFor(side, "there");
    const { id, outs } = await settled(world);
    for (const node of [1, 2, 3]) world.cluster.control.stopNode(node);
    expect(await world.lifecycle.read(id, outs)).toEqual({ id, props: outs });
    expect(world.lines.at(-1)).toMatchObject({ severity: "WARNING" });
  });

  it("shows a running upgrade", async () => {
    const world = rigFor(side, "behind");
    const { id, outs } = await settled(world, { wait: false });
    const { props } = await world.lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "upgrading" });
  });

  it("never adds credentials of other sources to the inputs", async () => {
    const world = rigFor(side, "there");
    await world.lifecycle.configure({
      config: { get: (key) => (key === "redisenterprise:password" ? PASSWORD : undefined) },
    });
    const { id, outs } = await settled(world, { password: undefined });
    side.put(world.cluster, "behind");
    const read = await world.lifecycle.read(id, outs);
    expect(JSON.stringify([outs, read])).not.toContain(PASSWORD);
    expect(read.inputs).toMatchObject({ [side.property]: side.drifted.behind });
  });
});
