import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { CACHE, type Rig, rig } from "./rig";

type Args = Record<string, unknown>;
const GUID = "552bbccb-99f3-4142-bd17-93d245f0bc79";
const CRDB_UPGRADE = `/v1/crdbs/${GUID}/upgrade`;
const NEW = "8.0.18-10";
const OLD = "8.0.16-33";
const at = (redisVersion: string, modules: typeof CACHE.modules | string[]) => ({
  ...CACHE,
  redisVersion,
  modules,
  crdtGuid: GUID,
  otherClusters: ["cluster-b.local"],
});
const SIDES: [string, (world: Rig, args?: Args) => Args, string][] = [
  ["modules", (world, args) => world.modules({ modules: { search: "2.10.20" }, ...args }), "modules"],
  ["Redis", (world, args) => world.redis({ redisVersion: "7.4", ...args }), "redisVersion"],
];
const newCluster = (softwareVersion: string) =>
  rig({
    softwareVersion,
    databases: [
      at("7.2", [
        { name: "search", version: "2.8.1", args: "WORKERS 6" },
        { name: "ReJSON", version: "2.6.1", args: "" },
      ]),
    ],
  });
const posts = (world: Rig) => world.received.filter(({ method }) => method === "POST");

describe.each(SIDES)("a participant of an Active-Active database (%s)", (_, inputs, property) => {
  it("is refused on clusters without a call for all of them, which is named", async () => {
    const world = newCluster(OLD);
    const args = inputs(world, property === "modules" ? { modules: { search: ">=2.8.5" } } : {});
    const { failures } = await world.lifecycle.check({}, args);
    expect(failures).toEqual([
      {
        property,
        reason: expect.stringMatching(
          /Database 1 \(cache\) is a participant of an Active-Active database, and this cluster \(8\.0\.16-33\) has no call .*crdb-cli crdb update --crdb-guid \S+ --featureset-version true.*8\.0\.18 or later, where POST \/v1\/crdbs\/\{guid\}\/upgrade/,
        ),
      },
    ]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(/\[blocked\]/);
    expect(posts(world)).toEqual([]);
  });

  it("at its pin is adopted on any cluster", async () => {
    const world = rig({ softwareVersion: OLD, databases: [at("7.4", ["search"])] });
    const { outs } = await world.lifecycle.create(
      inputs(world, property === "modules" ? { modules: { search: "2.10" } } : {}),
    );
    expect(outs).toMatchObject({ status: "current" });
  });

  it("needs a permission of its own", async () => {
    const world = newCluster(NEW);
    world.cluster.control.addUser({ email: "viewer@x", password: "view-only", role: "cluster_viewer" });
    const args = inputs(world, { username: "viewer@x", password: "view-only" });
    if (property === "modules") Object.assign(args, { modules: { search: ">=2.8.5", ReJSON: ">=2.6.5" } });
    await expect(world.lifecycle.create(args)).rejects.toThrow(
      /requires the permission upgrade_crdb, which the roles admin/,
    );
  });
});

describe("the CRDB call", () => {
  it("takes Redis along on all participants, and its task is followed", async () => {
    const world = newCluster(NEW);
    const { outs } = await world.lifecycle.create(world.redis({ redisVersion: "7.4", keepCrdtProtocolVersion: true }));
    const [{ target, body } = { target: "", body: "" }] = posts(world);
    expect(target).toBe(CRDB_UPGRADE);
    expect(JSON.parse(body)).toEqual({
      redis_version: "7.4",
      keep_crdt_protocol_version: true,
    });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ name: "search", args: "WORKERS 6" });
    const [task] = world.cluster.state.crdbTasks;
    expect(outs).toMatchObject({
      status: "current",
      currentVersion: "7.4.2",
      lastUpgrade: { task: `crdb_tasks/${task?.id}`, kind: "CRDB upgrade", state: "succeeded" },
    });
    expect(world.lines.some(({ message }) => message.startsWith(`CRDB task ${task?.id}: started`))).toBe(true);
    expect(world.cluster.database(1).crdtProtocolVersion).toBe(1);
  });

  it("names every module when modules are to be kept, since it has no other word for that", async () => {
    const own = { name: "own", version: "1.0.0", minRedisVersion: "7.1" };
    const world = rig({
      softwareVersion: NEW,
      databases: [at("7.2", [{ name: "own", version: "1.0.0", args: "" }])],
      modules: [own],
    });
    await world.lifecycle.create(world.redis({ redisVersion: "7.4", modules: "keep" }));
    const { uid } = world.cluster.database(1).modules[0] ?? { uid: "" };
    expect(JSON.parse(posts(world)[0]?.body ?? "").modules).toEqual([
      { current_module: uid, new_module: uid, new_module_args: "" },
    ]);
  });

  it("takes modules along, leaves those alone that are not named, and Redis too", async () => {
    const world = rig({
      softwareVersion: NEW,
      databases: [at("7.2", [{ name: "search", version: "2.8.1", args: "WORKERS 6" }, "ReJSON"] as string[])],
    });
    const json = world.cluster.database(1).modules[1];
    world.cluster.control.addModule({ name: "ReJSON", version: "2.6.99", compatibleRedisVersion: "7.2" });
    const { outs } = await world.lifecycle.create(world.modules({ modules: { search: ">=2.8.5" } }));
    expect(outs).toMatchObject({ status: "current" });
    const { redisVersion, modules } = world.cluster.database(1);
    expect(redisVersion).toBe("7.2");
    expect(modules).toMatchObject([{ name: "search", args: "WORKERS 6" }, json]);
    expect(posts(world).map(({ target }) => target)).toEqual([CRDB_UPGRADE]);
  });

  it("is not sent where a module that is not pinned could not stay", async () => {
    const world = newCluster(NEW);
    const args = world.modules({ modules: { search: ">=2.8.5" } });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    expect(world.lines.at(-1)?.message).toMatch(
      /would also change ReJSON 2\.6\.1, because the cluster no longer ships the current builds/,
    );
    await expect(world.lifecycle.create(args)).rejects.toThrow(/Set a version for these modules too.*\[blocked\]/);
    expect(posts(world)).toEqual([]);
  });

  it("that fails is told with the clusters' own words", async () => {
    const world = newCluster(NEW);
    world.cluster.control.fail({ error: "boom" });
    const { reasons } = await partial(world.lifecycle.create(world.redis({ redisVersion: "7.4" })));
    expect(reasons[0]).toMatch(/CRDB task \S+ failed: cluster\.local: boom \(internal_error\)\..*\[upgrade-failed\]/);
  });

  it("is handed over and found again by the upgrade of the participant", async () => {
    const world = newCluster(NEW);
    const args = world.redis({ redisVersion: "7.4" });
    const first = await partial(world.lifecycle.create({ ...args, __timeouts: { create: "6s" } }));
    expect(first.properties).toMatchObject({ status: "upgrading" });
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current" });
    expect(posts(world)).toHaveLength(1);
  });
});
