import { describe, expect, it } from "vitest";
import { databaseFrom, redisOf } from "../../provider/redisenterprise/database/database";
import {
  missingCapabilities,
  neededRedis,
  runsOn,
  shippedFrom,
} from "../../provider/redisenterprise/modules/catalogue";
import { shownArguments } from "../../provider/redisenterprise/modules/targets";
import { partial } from "../support/partial";
import { bodyOf, create } from "./module-runs";
import { CACHE, MODULES_UPGRADE, type Rig, rig } from "./rig";

const uidOf = (world: Rig, name: string, version: string) =>
  world.cluster.state.modules.find((module) => module.name === name && module.version === version)?.uid;
const versions = (world: Rig) =>
  Object.fromEntries(world.cluster.database(1).modules.map(({ name, version }) => [name, version]));

describe("the upgrade request", () => {
  it("has all five keys of every outdated module, and its name in the server's case", async () => {
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

  it("sets the given arguments together with the version", async () => {
    const world = rig();
    await world.lifecycle.check({}, world.modules({ modules: { search: { version: "2.10.17", args: "WORKERS 8" } } }));
    const { outs } = await create(world, { search: { version: "2.10.17", args: "WORKERS 8" } });
    expect(world.messages()[0]).toMatch(
      /^search 2\.10\.8 → 2\.10\.17 with other arguments \(WORKERS 6 → WORKERS 8\), /,
    );
    expect(world.cluster.database(1).modules[0]).toMatchObject({ version: "2.10.17", args: "WORKERS 8" });
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { to: "search 2.10.17 (WORKERS 8)" } });
  });

  it("has the arguments about roles and data, and no others", async () => {
    const world = rig();
    await create(world, { search: "2.10.17" }, { preserveRoles: true, mayDiscardData: false });
    expect(Object.keys(bodyOf(world))).toEqual(["modules", "preserve_roles", "may_discard_data"]);
    expect(bodyOf(world)).toMatchObject({ preserve_roles: true, may_discard_data: false });
  });
});

describe("three outdated modules and one ahead of its target", () => {
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

  it("are upgraded in one request, and the one ahead is reported and not changed", async () => {
    const world = rig({ databases: [four] });
    await world.lifecycle.check({}, world.modules({ modules: pins }));
    expect(world.messages()).toEqual([
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

  it("are not changed with onNewer fail, which the preview reports", async () => {
    const world = rig({ databases: [four] });
    const args = world.modules({ modules: pins, onNewer: "fail" });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([
      { property: "modules", reason: expect.stringContaining("newer than the target version: timeseries") },
    ]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(/\[newer\]/);
    expect(world.writes()).toBe(0);
  });

  it("are upgraded without a message about the one ahead with onNewer accept", async () => {
    const world = rig({ databases: [four] });
    const { outs } = await create(world, pins, { onNewer: "accept" });
    expect(outs).toMatchObject({ status: "newer" });
    expect(world.lines.filter(({ severity }) => severity === "WARNING")).toEqual([]);
    expect(world.writes()).toBe(1);
  });

  it("are shown by a refresh individually, as written if they are up to date", async () => {
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

describe("unnamed modules", () => {
  it("are not changed, and are shown", async () => {
    const world = rig();
    const { outs } = await create(world, { search: "2.10.17" });
    expect(outs).toMatchObject({ status: "current", members: { search: "2.10.17", ReJSON: "2.8.4" } });
    expect(bodyOf(world).modules).toHaveLength(1);
  });

  it("have no effect if their versions cannot be parsed", async () => {
    const world = rig();
    world.cluster.control.setModule(1, { name: "custom", version: "nightly" });
    const { outs } = await create(world, { search: "2.10.17" });
    expect(outs).toMatchObject({ status: "current", members: { search: "2.10.17", ReJSON: "2.8.4" } });
  });
});

describe("a named module whose version cannot be parsed", () => {
  it("is unknown, not outdated", async () => {
    const world = rig();
    world.cluster.control.setModule(1, { name: "search", version: "nightly" });
    await world.lifecycle.check({}, world.modules());
    expect(world.messages()).toEqual(["cannot plan: the version of its module search cannot be read: nightly"]);
    await expect(world.lifecycle.create(world.modules({ unreachableTimeout: "1m" }))).rejects.toThrow(
      /cannot be read: nightly/,
    );
    expect(world.writes()).toBe(0);
  });
});

describe("a target that several builds match", () => {
  const cases: [string, string, string][] = [
    ["a prefix leads to its newest compatible build", "2.10", "2.10.21"],
    ["a minimum leads to the newest compatible build, not to one for another Redis", ">=2.10.9", "2.10.21"],
    ["latest leads to the newest compatible build", "latest", "2.10.21"],
    ["an exact version leads to that build", "2.10.17", "2.10.17"],
  ];
  it.each(cases)("%s", async (_, pinned, expected) => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "search", version: "2.8.26" }] }] });
    world.cluster.control.addModule({ name: "search", version: "2.10.21", compatibleRedisVersion: "7.4" });
    const { outs } = await create(world, { search: pinned });
    expect(outs).toMatchObject({ status: "current", members: { search: expected } });
    expect(world.writes()).toBe(1);
  });

  it("latest is outdated as soon as the cluster ships a newer build, and a minimum is not", async () => {
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

  it("a custom module without a declared Redis is compatible from its minimum version on", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "own", version: "1.0.0" }] }] });
    world.cluster.control.addModule({ name: "own", version: "1.1.0", minRedisVersion: "7.1" });
    world.cluster.control.addModule({ name: "own", version: "1.2.0", minRedisVersion: "7.9" });
    await create(world, { own: ">=1.1" });
    expect(versions(world)).toEqual({ own: "1.1.0" });
  });

  it("a module without a declared Redis is compatible with later major versions below 8", async () => {
    const databases = [{ ...CACHE, redisVersion: "7.2", modules: [{ name: "rg", version: "1.2.7" }] }];
    const modules = [{ name: "rg", version: "1.2.13", minRedisVersion: "6.0.0" }];
    const world = rig({ softwareVersion: "7.22.2-10", databases, modules });
    expect((await world.lifecycle.check({}, world.modules({ modules: { rg: "1.2.13" } }))).failures).toEqual([]);
    await create(world, { rg: "1.2.13" });
    expect(versions(world)).toEqual({ rg: "1.2.13" });
  });

  it("a build that lacks a feature that the database uses is skipped", async () => {
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
    "of %s are upgraded in the same way",
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

describe("changed arguments without a new version", () => {
  const there = { ...CACHE, modules: [{ name: "search", version: "2.10.17", args: "WORKERS 6" }] };
  const pins = { search: { version: ">=2.10", args: "WORKERS 8" } };

  it("are an upgrade to the running build, and shown as such", async () => {
    const world = rig({ databases: [there] });
    await world.lifecycle.check({}, world.modules({ modules: pins }));
    expect(world.messages()).toEqual([
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

  it("are changed by an upgrade that continued after its run: the version does not show it, so the vendor's result decides", async () => {
    const world = rig({ databases: [there] });
    const inputs = world.modules({ modules: pins });
    const first = await partial(world.lifecycle.create({ ...inputs, __timeouts: { create: "6s" } }));
    expect(first.properties).toMatchObject({ status: "upgrading" });
    await world.clock.sleep(10 * 60_000);
    const { outs } = await world.lifecycle.update(first.id, first.properties, inputs);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.messages().join()).not.toContain("still runs");
    expect(world.writes()).toBe(1);
  });

  it("can be removed", async () => {
    const world = rig({ databases: [there] });
    await world.lifecycle.check({}, world.modules({ modules: { search: { version: "2.10", args: "" } } }));
    expect(world.messages()[0]).toContain("(WORKERS 6 → none)");
    await create(world, { search: { version: "2.10", args: "" } });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ args: "" });
  });

  it("are compared without differences of spaces", async () => {
    const world = rig({ databases: [there] });
    await create(world, { search: { version: "2.10", args: " WORKERS   6 " } });
    expect(world.writes()).toBe(0);
  });

  it("of a build that the cluster no longer ships may be rejected, which the preview shows", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "search", version: "2.10.17", args: "" }] }] });
    world.cluster.control.dropModule("search", "2.10.17");
    const { uid } = world.cluster.database(1).modules[0] ?? { uid: "" };
    const args = { search: { version: "2.10", args: "WORKERS 2" } };
    await world.lifecycle.check({}, world.modules({ modules: args }));
    expect(world.messages().at(-1)).toMatch(
      /^The cluster no longer ships search 2\.10\.17, so it may reject the change of its arguments \(missing_module\)\. It ships 2\.6/,
    );
    const call = create(world, args);
    await expect(call).rejects.toThrow(
      /is not present in cluster.*missing_module.*set a version that the cluster ships/,
    );
    expect(bodyOf(world).modules[0]).toMatchObject({ current_module: uid, new_module: uid });
  });

  it("of a module that is part of Redis 8 are no longer valid, which is reported without a request", async () => {
    const world = rig({ databases: [there] });
    const args = world.modules({ modules: { search: { version: ">=2.10", args: "WORKERS 6" } } });
    const { id, outs } = await world.lifecycle.create(args);
    await world.lifecycle.create(world.redis());
    expect(world.cluster.database(1).modules[0]).toMatchObject({ name: "search", version: "7.99.91", args: "" });
    const before = world.writes();
    const { failures } = await world.lifecycle.check({}, args);
    const problem =
      /search of database 1 \(cache\) cannot be given the arguments WORKERS 6 \(it has none\): on Redis 8 .* objects search, timeseries and probabilistic\. Remove `args` of search/;
    expect(failures).toEqual([{ property: "modules", reason: expect.stringMatching(problem) }]);
    await expect(world.lifecycle.update(id, outs, args)).rejects.toThrow(problem);
    expect(world.writes()).toBe(before);
    const { inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject({ modules: { search: { version: ">=2.10", args: "" } } });
    const without = await world.lifecycle.create(world.modules({ modules: { search: ">=2.10" } }));
    expect(without.outs).toMatchObject({ status: "current" });
  });

  it("of a custom module are also valid on Redis 8", async () => {
    const own = { name: "own", version: "1.0.0", compatibleRedisVersion: "8.0" };
    const databases = [{ ...CACHE, redisVersion: "8.0", modules: [{ name: "own", version: "1.0.0", args: "A 1" }] }];
    const world = rig({ databases, modules: [own] });
    await create(world, { own: { version: "1.0.0", args: "A 2" } });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ args: "A 2" });
  });

  it("with drift are shown by a refresh", async () => {
    const world = rig({ databases: [there] });
    const { inputs } = await world.lifecycle.read("id", { ...world.modules({ modules: pins }), status: "current" });
    expect(inputs).toMatchObject({ modules: { search: { version: ">=2.10", args: "WORKERS 6" } } });
  });

  it("are shown without the passwords of some modules", async () => {
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

/** @param newest the newest Redis that the cluster ships */
function build(fields: Record<string, unknown>, newest = "8.6") {
  const supported = [{ ...redis(newest), major: true }];
  const module = { uid: "u", module_name: "search", semantic_version: "2.10.17", ...fields };
  const [one] = shippedFrom([module], [{ supported }]);
  if (one === undefined) throw new Error("a build has a version");
  return one;
}

function redis(text: string, full?: string) {
  const found = redisOf(text, full);
  if (found === undefined) throw new Error(`${text} is no Redis version`);
  return found;
}

describe("a build", () => {
  it.each([
    [{ compatible_redis_version: "7.4" }, "7.4", "7.4.2", true, "Redis 7.4"],
    [{ compatible_redis_version: "7.4" }, "7.2", "7.2.7", false, "Redis 7.4"],
    [{ compatible_redis_version: "8.0", min_redis_version: "7.1" }, "7.4", "7.4.2", false, "Redis 8.0"],
    [{ compatible_redis_version: "", min_redis_version: "7.1" }, "7.4", "7.4.2", true, "Redis 7.1 or later, below 8"],
    [{ min_redis_version: "6.0.7" }, "6.2", "6.2.13", true, "Redis 6.0.7 or later, below 7"],
    [{ min_redis_version: "6.0.7" }, "6.0", "6.0.5", false, "Redis 6.0.7 or later, below 7"],
    [{ min_redis_version: "6.0.7" }, "7.4", "7.4.2", false, "Redis 6.0.7 or later, below 7"],
    [{ min_redis_version: "5.0.7" }, "6.2", "6.2.13", false, "Redis 5.0.7 or later, below 6"],
    [{ min_redis_version: "6.0.0" }, "8.0", "8.0.0", false, "Redis 6.0.0 or later, below 7"],
    [{ min_redis_version: "8.0" }, "8.2", "8.2.0", true, "Redis 8.0 or later, below 9"],
    [{ min_redis_version: "8.0" }, "9.0", "9.0.0", false, "Redis 8.0 or later, below 9"],
    [{}, "6.0", "6.0.5", true, "any Redis"],
  ])("with %j runs on Redis %s (%s): %s", (fields, release, full, expected, needed) => {
    expect(runsOn(build(fields), redis(release, full))).toBe(expected);
    expect(neededRedis(build(fields))).toBe(needed);
  });

  it.each([
    [{ min_redis_version: "6.0.7" }, "7.4", "7.4.2", true, "Redis 6.0.7 or later"],
    [{ min_redis_version: "6.0.7" }, "6.0", "6.0.5", false, "Redis 6.0.7 or later"],
    [{ min_redis_version: "5.0.7" }, "6.2", "6.2.13", true, "Redis 5.0.7 or later"],
  ])("with %j runs on Redis %s (%s) of a server without Redis 8: %s", (fields, release, full, expected, needed) => {
    expect(runsOn(build(fields, "7.4"), redis(release, full))).toBe(expected);
    expect(neededRedis(build(fields, "7.4"))).toBe(needed);
  });

  it("whose version is not a number is ignored", () => {
    expect(shippedFrom([{ uid: "u", module_name: "own", semantic_version: "nightly" }], [])).toEqual([]);
  });

  it.each([
    [{ bigstore: true }, ["flash"]],
    [{ crdt: true }, ["crdb"]],
    [{ replica_sync: "enabled" }, ["replica_of"]],
    [{ replica_sync: "paused" }, ["replica_of"]],
    [{ replica_sync: "disabled" }, []],
    [{ replication: true }, ["failover_migrate"]],
    [{ data_persistence: "aof" }, ["persistence_aof"]],
    [{ data_persistence: "snapshot" }, ["persistence_rdb"]],
    [{ shards_count: 3 }, ["clustering"]],
    [{}, []],
  ])("lacks features of a database with %j: %j", (fields, missing) => {
    const database = databaseFrom({ uid: 1, status: "active", ...fields });
    expect(missingCapabilities(database, build({ capabilities: ["types"] }))).toEqual(missing);
    expect(missingCapabilities(database, build({}))).toEqual([]);
  });
});

describe("arguments in messages", () => {
  it.each([
    ["WORKERS 6", "WORKERS 6"],
    ["OSS_GLOBAL_PASSWORD abc WORKERS 6", "OSS_GLOBAL_PASSWORD [secret] WORKERS 6"],
    ["  a   b ", "a b"],
    ["password x", "password [secret]"],
  ])("%j are shown as %j", (args, shown) => {
    expect(shownArguments(args)).toBe(shown);
  });
});
