import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { bodyOf, create } from "./module-runs";
import { CACHE, rig } from "./rig";

describe("arguments alone", () => {
  const there = { ...CACHE, modules: [{ name: "search", version: "2.10.17", args: "WORKERS 6" }] };
  const pins = { search: { version: ">=2.10", args: "WORKERS 8" } };

  it("are an upgrade to the build that runs, and shown as such", async () => {
    const world = rig({ databases: [there] });
    await world.lifecycle.check({}, world.modules({ modules: pins }));
    expect(world.said()).toEqual([
      "search 2.10.17 with other arguments (WORKERS 6 → WORKERS 8), with a failover of each shard",
    ]);
    const { outs } = await create(world, pins);
    const [item] = bodyOf(world).modules;
    expect(item.current_module).toBe(item.new_module);
    expect(item.new_module_args).toBe("WORKERS 8");
    expect(outs).toMatchObject({
      status: "current",
      lastUpgrade: { to: "search 2.10.17 (WORKERS 8)", state: "succeeded" },
    });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ version: "2.10.17", args: "WORKERS 8" });
  });

  it("are changed by an upgrade that outlived its run: the version cannot show it, the vendor's word is enough", async () => {
    const world = rig({ databases: [there] });
    const inputs = world.modules({ modules: pins });
    const first = await partial(world.lifecycle.create({ ...inputs, __timeouts: { create: "6s" } }));
    expect(first.properties).toMatchObject({ status: "upgrading" });
    await world.clock.sleep(10 * 60_000);
    const { outs } = await world.lifecycle.update(first.id, first.properties, inputs);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.said().join()).not.toContain("still runs");
    expect(world.writes()).toBe(1);
  });

  it("can be taken away", async () => {
    const world = rig({ databases: [there] });
    await world.lifecycle.check({}, world.modules({ modules: { search: { version: "2.10", args: "" } } }));
    expect(world.said()[0]).toContain("(WORKERS 6 → none)");
    await create(world, { search: { version: "2.10", args: "" } });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ args: "" });
  });

  it("are the same however they are spaced", async () => {
    const world = rig({ databases: [there] });
    await create(world, { search: { version: "2.10", args: " WORKERS   6 " } });
    expect(world.writes()).toBe(0);
  });

  it("of a build that the cluster no longer ships are changed all the same", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "search", version: "2.10.17", args: "" }] }] });
    world.cluster.control.dropModule("search", "2.10.17");
    const { uid } = world.cluster.database(1).modules[0] ?? { uid: "" };
    const call = create(world, { search: { version: "2.10", args: "WORKERS 2" } });
    await expect(call).rejects.toThrow(/is not present in cluster.*missing_module/);
    expect(bodyOf(world).modules[0]).toMatchObject({ current_module: uid, new_module: uid });
  });

  it("of a module that Redis 8 brings are no arguments any more: told at once, and nothing is called", async () => {
    const world = rig({ databases: [there] });
    const args = world.modules({ modules: { search: { version: ">=2.10", args: "WORKERS 6" } } });
    const { id, outs } = await world.lifecycle.create(args);
    await world.lifecycle.create(world.redis());
    expect(world.cluster.database(1).modules[0]).toMatchObject({ name: "search", version: "7.99.91", args: "" });
    const before = world.writes();
    const { failures } = await world.lifecycle.check({}, args);
    const told =
      /search of database 1 \(cache\) cannot be given the arguments WORKERS 6 \(it has none\): on Redis 8 .* objects search, timeseries and probabilistic\. Remove `args` of search/;
    expect(failures).toEqual([{ property: "modules", reason: expect.stringMatching(told) }]);
    await expect(world.lifecycle.update(id, outs, args)).rejects.toThrow(told);
    expect(world.writes()).toBe(before);
    const { inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject({ modules: { search: { version: ">=2.10", args: "" } } });
    const without = await world.lifecycle.create(world.modules({ modules: { search: ">=2.10" } }));
    expect(without.outs).toMatchObject({ status: "current" });
  });

  it("of a module of one's own are arguments on Redis 8 as well", async () => {
    const own = { name: "own", version: "1.0.0", compatibleRedisVersion: "8.0" };
    const databases = [{ ...CACHE, redisVersion: "8.0", modules: [{ name: "own", version: "1.0.0", args: "A 1" }] }];
    const world = rig({ databases, modules: [own] });
    await create(world, { own: { version: "1.0.0", args: "A 2" } });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ args: "A 2" });
  });

  it("that stray show in a refresh", async () => {
    const world = rig({ databases: [there] });
    const { inputs } = await world.lifecycle.read("id", { ...world.modules({ modules: pins }), status: "current" });
    expect(inputs).toMatchObject({ modules: { search: { version: ">=2.10", args: "WORKERS 6" } } });
  });

  it("never show the passwords that some modules take there", async () => {
    const secret = {
      ...CACHE,
      modules: [{ name: "search", version: "2.10.17", args: "OSS_GLOBAL_PASSWORD hunter22" }],
    };
    const world = rig({ databases: [secret] });
    const args = world.modules({ modules: { search: { version: "2.10", args: "OSS_GLOBAL_PASSWORD geheim22" } } });
    await world.lifecycle.check({}, args);
    const { id, outs } = await world.lifecycle.create(args);
    world.cluster.control.setModule(1, { name: "search", version: "2.10.17", args: "OSS_GLOBAL_PASSWORD hunter22" });
    const read = await world.lifecycle.read(id, outs);
    expect(read).toMatchObject({ inputs: { modules: args["modules"] }, props: { __drifted: true } });
    const { modules: _written, ...rest } = outs;
    const { modules: _asWritten, ...observed } = read.inputs;
    const seen = JSON.stringify([world.lines, rest, observed]);
    expect(seen).not.toContain("hunter22");
    expect(seen).not.toContain("geheim22");
    expect(world.writes()).toBe(1);
  });
});
