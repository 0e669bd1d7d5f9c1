import { describe, expect, it } from "vitest";
import { bodyOf, create } from "./module-runs";
import { CACHE, MODULES_UPGRADE, type Rig, rig } from "./rig";

const uidOf = (world: Rig, name: string, version: string) =>
  world.cluster.state.modules.find((module) => module.name === name && module.version === version)?.uid;
const versions = (world: Rig) =>
  Object.fromEntries(world.cluster.database(1).modules.map(({ name, version }) => [name, version]));

describe("the call", () => {
  it("has all five keys of every module that is behind, and the server's own case of its name", async () => {
    const world = rig();
    const before = world.cluster.database(1).modules.map(({ uid }) => uid);
    await create(world, { SEARCH: "2.10.17", rejson: "2.8.10" });
    expect(bodyOf(world)).toEqual({
      modules: [
        {
          module_name: "search",
          current_module: before[0],
          current_semantic_version: "2.10.8",
          new_module: uidOf(world, "search", "2.10.17"),
          new_module_args: "WORKERS 6",
        },
        {
          module_name: "ReJSON",
          current_module: before[1],
          current_semantic_version: "2.8.4",
          new_module: uidOf(world, "ReJSON", "2.8.10"),
          new_module_args: "",
        },
      ],
    });
  });

  it("keeps the arguments that a module has", async () => {
    const world = rig();
    await create(world, { search: "2.10.17" });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ version: "2.10.17", args: "WORKERS 6" });
  });

  it("sets the arguments that are given, together with the version", async () => {
    const world = rig();
    await world.lifecycle.check({}, world.modules({ modules: { search: { version: "2.10.17", args: "WORKERS 8" } } }));
    const { outs } = await create(world, { search: { version: "2.10.17", args: "WORKERS 8" } });
    expect(world.said()[0]).toMatch(/^search 2\.10\.8 → 2\.10\.17 with other arguments \(WORKERS 6 → WORKERS 8\), /);
    expect(world.cluster.database(1).modules[0]).toMatchObject({ version: "2.10.17", args: "WORKERS 8" });
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { to: "search 2.10.17 (WORKERS 8)" } });
  });

  it("carries what was said about roles and data, and nothing else", async () => {
    const world = rig();
    await create(world, { search: "2.10.17" }, { preserveRoles: true, mayDiscardData: false });
    expect(Object.keys(bodyOf(world))).toEqual(["modules", "preserve_roles", "may_discard_data"]);
    expect(bodyOf(world)).toMatchObject({ preserve_roles: true, may_discard_data: false });
  });
});

describe("three modules behind and one ahead", () => {
  const four = {
    ...CACHE,
    modules: [
      { name: "search", version: "2.10.8" },
      { name: "ReJSON", version: "2.8.4" },
      { name: "bf", version: "2.8.1" },
      { name: "timeseries", version: "1.12.9" },
    ],
  };
  const pins = { search: "2.10.17", ReJSON: "2.8.10", bf: ">=2.8.5", timeseries: "1.12.7" };

  it("are brought to their pins in one request, and the one ahead is reported and left alone", async () => {
    const world = rig({ databases: [four] });
    await world.lifecycle.check({}, world.modules({ modules: pins }));
    expect(world.said()).toEqual([
      "search 2.10.8 → 2.10.17, ReJSON 2.8.4 → 2.8.10, bf 2.8.1 → 2.8.7, in one request, with a failover of each shard, timeseries 1.12.9 is newer than 1.12.7 and is not changed",
    ]);
    const { id, outs } = await create(world, pins);
    expect(world.writes()).toBe(1);
    expect(bodyOf(world).modules.map((one: { module_name: string }) => one.module_name)).toEqual([
      "search",
      "ReJSON",
      "bf",
    ]);
    const members = { search: "2.10.17", ReJSON: "2.8.10", bf: "2.8.7", timeseries: "1.12.9" };
    expect(outs).toMatchObject({ status: "newer", members, lastUpgrade: { state: "succeeded" } });
    expect(versions(world)).toEqual(members);
    expect(world.lines.slice(-2)).toMatchObject([
      { severity: "WARNING", message: expect.stringMatching(/newer than the target version: timeseries/) },
      {
        severity: "INFO",
        message: expect.stringMatching(/^upgraded .* → search 2\.10\.17, ReJSON 2\.8\.10, bf 2\.8\.7 in /),
      },
    ]);
    expect(await world.lifecycle.diff(id, outs, world.modules({ modules: pins }))).toMatchObject({ changes: false });
  });

  it("are all left alone when newer is to be an error: the preview says so", async () => {
    const world = rig({ databases: [four] });
    const args = world.modules({ modules: pins, onNewer: "fail" });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([
      { property: "modules", reason: expect.stringContaining("newer than the target version: timeseries") },
    ]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(/\[newer\]/);
    expect(world.writes()).toBe(0);
  });

  it("are brought to their pins in silence about the one ahead when that is accepted", async () => {
    const world = rig({ databases: [four] });
    const { outs } = await create(world, pins, { onNewer: "accept" });
    expect(outs).toMatchObject({ status: "newer" });
    expect(world.lines.filter(({ severity }) => severity === "WARNING")).toEqual([]);
    expect(world.writes()).toBe(1);
  });

  it("show in a refresh each in its own place, as written where the pin holds", async () => {
    const world = rig({ databases: [four] });
    const args = {
      search: "2.10",
      ReJSON: { version: ">=2.8", args: "" },
      bf: "2.8.1",
      timeseries: { version: "1.12.7" },
    };
    const { inputs } = await world.lifecycle.read("id", { ...world.modules({ modules: args }), status: "current" });
    expect(inputs).toMatchObject({
      modules: {
        search: "2.10",
        ReJSON: { version: ">=2.8", args: "" },
        bf: "2.8.1",
        timeseries: { version: "1.12.9" },
      },
    });
  });
});

describe("modules that are not named", () => {
  it("are left alone, and shown", async () => {
    const world = rig();
    const { outs } = await create(world, { search: "2.10.17" });
    expect(outs).toMatchObject({ status: "current", members: { search: "2.10.17", ReJSON: "2.8.4" } });
    expect(bodyOf(world).modules).toHaveLength(1);
  });

  it("do not matter with versions that cannot be read", async () => {
    const world = rig();
    world.cluster.control.setModule(1, { name: "custom", version: "nightly" });
    const { outs } = await create(world, { search: "2.10.17" });
    expect(outs).toMatchObject({ status: "current", members: { search: "2.10.17", ReJSON: "2.8.4" } });
  });
});

describe("a named module whose version cannot be read", () => {
  it("is unknown, never behind", async () => {
    const world = rig();
    world.cluster.control.setModule(1, { name: "search", version: "nightly" });
    await world.lifecycle.check({}, world.modules());
    expect(world.said()).toEqual(["cannot plan: the version of its module search cannot be read: nightly"]);
    await expect(world.lifecycle.create(world.modules({ unreachableTimeout: "1m" }))).rejects.toThrow(
      /cannot be read: nightly/,
    );
    expect(world.writes()).toBe(0);
  });
});

describe("where a pin leaves a choice", () => {
  const cases: [string, string, string][] = [
    ["a prefix goes to the newest build of it that fits", "2.10", "2.10.21"],
    ["a floor goes to the newest build that fits, not to one for another Redis", ">=2.10.9", "2.10.21"],
    ["latest goes to the newest build that fits", "latest", "2.10.21"],
    ["an exact version goes there", "2.10.17", "2.10.17"],
  ];
  it.each(cases)("%s", async (_, wish, expected) => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "search", version: "2.8.26" }] }] });
    world.cluster.control.addModule({ name: "search", version: "2.10.21", compatibleRedisVersion: "7.4" });
    const { outs } = await create(world, { search: wish });
    expect(outs).toMatchObject({ status: "current", members: { search: expected } });
    expect(world.writes()).toBe(1);
  });

  it("latest is behind as soon as the cluster ships a newer build, and a floor is not", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: ["search"] }] });
    const { outs } = await create(world, { search: "latest" });
    expect(outs).toMatchObject({ status: "current", members: { search: "2.10.17" } });
    world.cluster.control.addModule({ name: "search", version: "2.10.21", compatibleRedisVersion: "7.4" });
    const floor = await world.lifecycle.read("id", { ...world.modules({ modules: { search: ">=2.10" } }) });
    expect(floor.props).toMatchObject({ status: "current" });
    const { props, inputs } = await world.lifecycle.read("id", { ...world.modules({ modules: { search: "latest" } }) });
    expect(props).toMatchObject({ status: "behind" });
    expect(inputs).toMatchObject({ modules: { search: "2.10.17" } });
    await create(world, { search: "latest" });
    expect(versions(world)).toEqual({ search: "2.10.21" });
  });

  it("a module of one's own without a declared Redis fits by its least version", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "own", version: "1.0.0" }] }] });
    world.cluster.control.addModule({ name: "own", version: "1.1.0", minRedisVersion: "7.1" });
    world.cluster.control.addModule({ name: "own", version: "1.2.0", minRedisVersion: "7.9" });
    await create(world, { own: ">=1.1" });
    expect(versions(world)).toEqual({ own: "1.1.0" });
  });

  it("a module without a declared Redis goes with a later major version below 8", async () => {
    const databases = [{ ...CACHE, redisVersion: "7.2", modules: [{ name: "rg", version: "1.2.7" }] }];
    const modules = [{ name: "rg", version: "1.2.13", minRedisVersion: "6.0.0" }];
    const world = rig({ softwareVersion: "7.22.2-10", databases, modules });
    expect((await world.lifecycle.check({}, world.modules({ modules: { rg: "1.2.13" } }))).failures).toEqual([]);
    await create(world, { rg: "1.2.13" });
    expect(versions(world)).toEqual({ rg: "1.2.13" });
  });

  it("a build that lacks what the database uses is passed over", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "own", version: "1.0.0" }] }] });
    world.cluster.control.addModule({ name: "own", version: "1.1.0", compatibleRedisVersion: "7.4" });
    world.cluster.control.addModule({
      name: "own",
      version: "1.2.0",
      compatibleRedisVersion: "7.4",
      capabilities: ["types"],
    });
    await create(world, { own: ">=1.1" });
    expect(versions(world)).toEqual({ own: "1.1.0" });
  });
});

describe("servers", () => {
  it.each(["7.4.6-22", "7.8.6-10", "7.22.2-10", "8.0.20-5", "8.2.0-25"])(
    "of %s are upgraded alike",
    async (softwareVersion) => {
      const world = rig({
        softwareVersion,
        databases: [{ ...CACHE, redisVersion: "7.2", modules: [{ name: "search", version: "2.8.1" }] }],
      });
      const { outs } = await create(world, { search: ">=2.8.5" });
      expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
      expect(world.cluster.journal.count("POST", MODULES_UPGRADE)).toBe(1);
    },
  );
});
