import { describe, expect, it } from "vitest";
import { atLeast, parseVersion } from "../../provider/core/version";
import { redisOf } from "../../provider/redisenterprise/database/database";
import { nodesFrom, softwareAtLeast, supportedByAll } from "../../provider/redisenterprise/node";
import { CACHE, type Rig, rig, UPGRADE } from "./rig";

type Args = Record<string, unknown>;
const bodyOf = (world: Rig) => JSON.parse(world.received.find(({ method }) => method === "POST")?.body ?? "null");
const create = (world: Rig, args: Args = {}) => world.lifecycle.create(world.redis(args));
const versions = (world: Rig) =>
  Object.fromEntries(world.cluster.database(1).modules.map(({ name, version }) => [name, version]));

const PLAIN = { ...CACHE, modules: ["search", "ReJSON"] };

describe("the upgrade request", () => {
  it("has only the version by default", async () => {
    const world = rig({ databases: [PLAIN] });
    await create(world);
    expect(bodyOf(world)).toEqual({ redis_version: "8.0" });
  });

  it("has all arguments, with the vendor's names", async () => {
    const world = rig({ databases: [PLAIN] });
    await create(world, {
      preserveRoles: true,
      mayDiscardData: true,
      parallelShards: 2,
      keepCrdtProtocolVersion: true,
    });
    expect(bodyOf(world)).toEqual({
      redis_version: "8.0",
      preserve_roles: true,
      may_discard_data: true,
      parallel_shards_upgrade: 2,
      keep_crdt_protocol_version: true,
    });
  });

  it("requests the latest modules from servers before 7.8.2, which is the default of later ones", async () => {
    const old = rig({ softwareVersion: "7.4.6-22", databases: [{ ...PLAIN, redisVersion: "6.2" }] });
    await create(old, { redisVersion: "7.2" });
    expect(bodyOf(old)).toEqual({ redis_version: "7.2", latest_with_modules: true });
  });

  it.each([
    ["8.0.10-1", "bundled", {}],
    ["7.22.2-10", "bundled", {}],
    ["7.4.6-22", "bundled", { latest_with_modules: true }],
    ["7.22.2-10", "keep", { latest_with_modules: false }],
  ])(
    "of a cluster %s names no modules (%s), because the server keeps their arguments",
    async (softwareVersion, modules, more) => {
      const own = { name: "own", version: "1.0.0", minRedisVersion: "7.1" };
      const at = {
        ...CACHE,
        redisVersion: softwareVersion === "7.4.6-22" ? "6.2" : "7.2",
        modules: [
          {
            name: modules === "keep" ? "own" : "search",
            version: modules === "keep" ? "1.0.0" : "2.6.1",
            args: "WORKERS 6",
          },
        ],
      };
      const world = rig({ softwareVersion, databases: [at], modules: [own], switches: { bundledUids: "refused" } });
      const redisVersion = softwareVersion === "7.4.6-22" ? "7.2" : "7.4";
      await create(world, { redisVersion, modules });
      expect(bodyOf(world)).toEqual({ redis_version: redisVersion, ...more });
      expect(world.cluster.database(1)).toMatchObject({ redisVersion, modules: [{ args: "WORKERS 6" }] });
    },
  );
});

describe("modules", () => {
  it("are chosen by the server, and shown in the plan", async () => {
    const world = rig({ databases: [PLAIN] });
    await world.lifecycle.check({}, world.redis());
    const { outs } = await create(world);
    expect(world.messages()[0]).toBe(
      "7.4.2 → 8.0.0, with a failover of each shard, search 2.10.17 → 7.99.91, ReJSON 2.8.10 → 7.99.3, adds timeseries 8.0.2 and bf 8.0.1",
    );
    expect(versions(world)).toEqual({ search: "7.99.91", ReJSON: "7.99.3", timeseries: "8.0.2", bf: "8.0.1" });
    expect(outs).toMatchObject({ currentVersion: "8.0.0", members: { "bdb:1": "8.0.0" } });
  });

  it("are added in part with data on flash", async () => {
    const world = rig({ softwareVersion: "8.0.10-1", databases: [{ ...CACHE, bigstore: true, modules: [] }] });
    await world.lifecycle.check({}, world.redis({ redisVersion: "8.4" }));
    await create(world, { redisVersion: "8.4" });
    expect(world.messages()[0]).toMatch(/, adds bf 8\.4\.2 and ReJSON 8\.4\.2$/);
    expect(Object.keys(versions(world)).sort()).toEqual(["ReJSON", "bf"]);
  });

  it("are kept with keep if they are compatible with the target", async () => {
    const own = { name: "search", version: "2.9.0", minRedisVersion: "7.1" };
    const at = { ...CACHE, redisVersion: "7.2", modules: [{ name: "search", version: "2.9.0", args: "WORKERS 2" }] };
    const world = rig({ databases: [at], modules: [own] });
    await world.lifecycle.check({}, world.redis({ redisVersion: "7.4", modules: "keep" }));
    await create(world, { redisVersion: "7.4", modules: "keep" });
    expect(world.messages()[0]).toBe("7.2.7 → 7.4.2, with a failover of each shard, modules unchanged");
    expect(bodyOf(world)).toMatchObject({ latest_with_modules: false });
    expect(world.cluster.database(1)).toMatchObject({
      redisVersion: "7.4",
      modules: [{ version: "2.9.0", args: "WORKERS 2" }],
    });
  });

  it.each([
    ["bundled", /, rg 1\.2\.7 → 1\.2\.13$/, "1.2.13"],
    ["keep", /, modules unchanged$/, "1.2.7"],
  ])(
    "that declare only a minimum Redis version are compatible with every Redis 7, as documented for RedisGears 1.2 (%s)",
    async (...row) => {
      const [modules, plan, version] = row;
      const rg = [{ name: "rg", version: "1.2.7", args: "" }];
      const world = rig({
        softwareVersion: "7.22.2-10",
        databases: [{ ...CACHE, redisVersion: "7.2", modules: rg }],
        modules: ["1.2.7", "1.2.13"].map((one) => ({ name: "rg", version: one, minRedisVersion: "6.0.0" })),
      });
      const { failures } = await world.lifecycle.check({}, world.redis({ redisVersion: "7.4", modules }));
      expect(failures).toEqual([]);
      expect(world.messages()[0]).toMatch(plan);
      expect((await create(world, { redisVersion: "7.4", modules })).outs).toMatchObject({ status: "current" });
      expect(versions(world)).toEqual({ rg: version });
    },
  );

  it.each(["bundled", "keep"])(
    "have search instead of searchlight after an upgrade to Redis 8 (%s)",
    async (modules) => {
      const searchlight = { name: "searchlight", version: "1.0.0", args: "WORKERS 2" };
      const world = rig({
        databases: [{ ...CACHE, modules: [searchlight] }],
        modules: [{ name: "searchlight", version: "1.0.0", compatibleRedisVersion: "7.4" }],
      });
      const args = world.redis({ redisVersion: "8.0", modules });
      expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
      expect(world.messages()[0]).toMatch(
        /, adds search 7\.99\.91, timeseries 8\.0\.2, bf 8\.0\.1 and ReJSON 7\.99\.3, removes searchlight 1\.0\.0$/,
      );
      expect((await create(world, { modules })).outs).toMatchObject({ status: "current" });
      expect(bodyOf(world)).not.toHaveProperty("modules");
      expect(Object.keys(versions(world)).sort()).toEqual(["ReJSON", "bf", "search", "timeseries"]);
    },
  );

  it("keep searchlight in an Active-Active database, which cannot be upgraded to Redis 8 with it", async () => {
    const databases = [{ ...CACHE, modules: [{ name: "searchlight", version: "1.0.0" }], crdtGuid: "g-1" }];
    const world = rig({ databases });
    const { failures } = await world.lifecycle.check({}, world.redis());
    expect(failures?.map(({ reason }) => reason)).toContainEqual(expect.stringContaining("no build of searchlight"));
  });

  it("have no effect on a database without modules", async () => {
    const world = rig({ databases: [{ ...CACHE, redisVersion: "7.2", modules: [] }] });
    await world.lifecycle.check({}, world.redis({ redisVersion: "7.4" }));
    expect(world.messages()[0]).toBe("7.2.7 → 7.4.2, with a failover of each shard, modules unchanged");
    expect((await create(world, { redisVersion: "7.4" })).outs).toMatchObject({ status: "current" });
  });
});

describe("a target that several releases match", () => {
  it.each([
    ["a major version leads to its newest release", "7", "7.4.2"],
    ["a minimum leads to the newest release that all nodes can run", ">=7.2", "8.0.0"],
    ["latest leads to that release as well", "latest", "8.0.0"],
    ["an exact release leads to that release", "7.2", "7.2.7"],
  ])("%s", async (_, redisVersion, expected) => {
    const world = rig({ databases: [{ ...CACHE, redisVersion: "6.2", modules: [] }] });
    const { outs } = await create(world, { redisVersion });
    expect(outs).toMatchObject({ status: "current", currentVersion: expected, redisVersion });
    expect(world.writes()).toBe(1);
  });

  it("the patch version is ignored, because it is part of the software", async () => {
    const world = rig({ databases: [{ ...PLAIN, version: "7.4.0" }] });
    const { outs } = await create(world, { redisVersion: "7.4" });
    expect(outs).toMatchObject({ status: "current", currentVersion: "7.4.0" });
    expect(world.writes()).toBe(0);
  });

  it("latest is outdated if the cluster's software has a newer release", async () => {
    const world = rig({ softwareVersion: "7.22.2-10", databases: [{ ...CACHE, redisVersion: "7.4", modules: [] }] });
    const { id, outs } = await create(world, { redisVersion: "latest" });
    expect(outs).toMatchObject({ status: "current", currentVersion: "7.4.2" });
    world.cluster.control.upgradeCluster("8.0.10-1");
    const read = await world.lifecycle.read(id, outs);
    expect(read).toMatchObject({ props: { status: "behind" }, inputs: { redisVersion: "7.4" } });
    expect((await create(world, { redisVersion: "latest" })).outs).toMatchObject({ currentVersion: "8.4.0" });
  });

  it("a later version through auto_upgrade is reported as newer, and not changed", async () => {
    const world = rig({ softwareVersion: "7.22.2-10", databases: [{ ...CACHE, modules: [], autoUpgrade: true }] });
    const { id, outs } = await create(world, { redisVersion: "7.4" });
    world.cluster.control.upgradeCluster("8.0.10-1");
    await world.clock.sleep(60_000);
    const { props, inputs } = await world.lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "newer", currentVersion: "8.4.0" });
    expect(inputs).toMatchObject({ redisVersion: "8.4" });
    await world.lifecycle.update(id, props ?? {}, world.redis({ redisVersion: "7.4" }));
    expect(world.writes()).toBe(0);
  });
});

describe("dryRun", () => {
  const withDryRun = { dryRun: true };

  it.each(["supported", "ignored", "refused"] as const)("is never sent, which the plan shows: %s", async (dryRun) => {
    const world = rig({ databases: [PLAIN], switches: { dryRun } });
    expect((await world.lifecycle.check({}, world.redis(withDryRun))).failures).toEqual([]);
    expect(world.messages()).toEqual([
      "7.4.2 → 8.0.0, with a failover of each shard, search 2.10.17 → 7.99.91, ReJSON 2.8.10 → 7.99.3, adds timeseries 8.0.2 and bf 8.0.1, dryRun has no effect: a server that does not support the query would start the upgrade",
    ]);
    expect(world.cluster.journal.count("POST")).toBe(0);
    const { outs } = await create(world, withDryRun);
    expect(outs).toMatchObject({ status: "current", dryRun: true });
    const posts = world.received.filter(({ method }) => method === "POST").map(({ target }) => target);
    expect(posts).toEqual([UPGRADE]);
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("in a state that an earlier version wrote causes no diff", async () => {
    const world = rig({ databases: [PLAIN] });
    const { id, outs } = await create(world, { ...withDryRun, redisVersion: "7.4" });
    expect(await world.lifecycle.diff(id, outs, world.redis({ ...withDryRun, redisVersion: "7.4" }))).toMatchObject({
      changes: false,
    });
  });
});

function version(text: string) {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`${text} is no version`);
  return parsed;
}

describe("a Redis version", () => {
  it.each([
    ["7.4", "7.4.2", "7.4", "7.4.2"],
    ["5.0-big", undefined, "5.0", "5.0"],
    [undefined, "6.2.13", "6.2", "6.2.13"],
    ["7.4", "8.0.0", "7.4", "7.4"],
  ])("%s with %s is release %s, in full %s", (text, full, release, exact) => {
    const found = redisOf(text, full);
    expect([found?.release.parts.join("."), found?.full.parts.join(".")]).toEqual([release, exact]);
  });

  it("that is invalid is undefined", () => {
    expect(redisOf("", "latest")).toBeUndefined();
    expect(redisOf(undefined)).toBeUndefined();
  });

  it.each([
    ["7.4.2", "7.4", true],
    ["7.4", "7.4.2", false],
    ["8.0.18", "8.0.18", true],
    ["100.0.21", "8.0.18", true],
    ["8.0.16", "8.0.18", false],
  ])("%s is at least %s: %s", (one, least, expected) => {
    expect(atLeast(version(one), version(least))).toBe(expected);
  });
});

describe("nodes", () => {
  const node = (software_version: string | null, ...versions: string[]) => ({
    uid: 1,
    software_version,
    supported_database_versions: [
      ...versions.map((text) => ({ db_type: "redis", version: text })),
      { db_type: "memcached", version: "1.4.17" },
    ],
  });

  it("offer the releases that all of them can run", () => {
    const nodes = nodesFrom([node("8.0.10-1", "7.4.2", "8.0.0"), node("7.22.0-1", "7.2.7", "7.4.3")]);
    expect(supportedByAll(nodes).map(({ full }) => full.parts.join("."))).toEqual(["7.4.2"]);
    expect(supportedByAll([])).toEqual([]);
  });

  it("have the version of the oldest, and count as too old if one has no version", () => {
    const both = nodesFrom([node("8.0.18-1"), node("8.0.16-33")]);
    expect(softwareAtLeast(both, "8.0.16")).toBe(true);
    expect(softwareAtLeast(both, "8.0.18")).toBe(false);
    expect(softwareAtLeast(nodesFrom([node("8.0.18-1"), node(null)]), "7.0.0")).toBe(false);
    expect(softwareAtLeast([], "7.0.0")).toBe(false);
  });

  it("have internal and external addresses", () => {
    const [one] = nodesFrom([{ uid: 1, addr: "10.0.0.1", external_addr: ["203.0.113.1", ""] }]);
    expect(one?.addresses).toEqual(["10.0.0.1", "203.0.113.1"]);
  });
});
