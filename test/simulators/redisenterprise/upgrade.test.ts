import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventQueue } from "./queue";
import { CACHE, Trial } from "./trial";

const newTrial = (options: ConstructorParameters<typeof Trial>[0] = {}) =>
  new Trial({ databases: [CACHE], ...options });
const OLD = { redisVersion: "7.2", modules: ["search", "bf"] } as const;

describe("an upgrade of a database", () => {
  it("goes to a Redis version and takes the modules along", async () => {
    const trial = newTrial({ databases: [OLD] });
    const reply = await trial.upgrade({ redis_version: "7.4" });
    expect(reply).toMatchObject({ status: 200, json: { status: "active", redis_version: "7.2", version: "7.2.7" } });
    trial.settle();
    expect(await trial.database()).toMatchObject({ redis_version: "7.4", version: "7.4.2", status: "active" });
    expect(await trial.versions()).toEqual({ search: "2.10.17", bf: "2.8.7" });
    expect(trial.cluster.database(1).shards.map((shard) => shard.version)).toEqual(["7.4.2", "7.4.2"]);
  });

  it("goes to the cluster's default version, where the bundled modules join", async () => {
    const trial = newTrial();
    await trial.upgrade({});
    trial.settle();
    expect(await trial.database()).toMatchObject({ redis_version: "8.0", version: "8.0.0", bigstore_version: 2 });
    expect(await trial.versions()).toEqual({
      search: "7.99.91",
      ReJSON: "7.99.3",
      timeseries: "8.0.2",
      bf: "8.0.1",
    });
    expect((await trial.database()).module_list.map((one) => one.module_args)).toEqual(["", "", "", ""]);
  });

  it("keeps Redis and moves the modules to the latest for it", async () => {
    for (const body of [{ redis_version: "7.4" }, { keep_redis_version: true }]) {
      const trial = newTrial();
      await trial.upgrade(body);
      trial.settle();
      expect(await trial.versions()).toEqual({ search: "2.10.17", ReJSON: "2.8.10" });
      expect((await trial.database()).module_list[0]?.module_args).toBe("WORKERS 6");
    }
  });

  it("keeps the arguments of modules it does not move", async () => {
    const modules = [
      { name: "search", version: "2.10.17", args: "WORKERS 6" },
      { name: "ReJSON", version: "2.8.4" },
    ];
    const trial = newTrial({ databases: [{ redisVersion: "7.4", modules }] });
    await trial.upgrade({ redis_version: "7.4" });
    trial.settle();
    expect((await trial.database()).module_list).toMatchObject([
      { semantic_version: "2.10.17", module_args: "WORKERS 6" },
      { semantic_version: "2.8.10" },
    ]);
  });

  it("accepts the version it has: a later patch comes along, one that no node brings stays", async () => {
    const trial = newTrial({ databases: [{ redisVersion: "7.4", version: "7.4.1" }, { redisVersion: "7.3" }] });
    await trial.upgrade({ redis_version: "7.4" }, 1);
    expect((await trial.upgrade({ redis_version: "7.3", force_restart: true }, 2)).status).toBe(200);
    trial.settle();
    expect((await trial.database(1)).version).toBe("7.4.2");
    expect((await trial.database(2)).version).toBe("7.3.0");
  });

  it("leaves modules alone with latest_with_modules false, if they still fit", async () => {
    const trial = newTrial();
    await trial.upgrade({ redis_version: "7.4", latest_with_modules: false, force_restart: true });
    trial.settle();
    expect(await trial.versions()).toEqual({ search: "2.10.8", ReJSON: "2.8.4" });
    expect(await trial.upgrade({ redis_version: "8.0", latest_with_modules: false })).toMatchObject({
      status: 400,
      code: "upgrade_bdb_failed",
    });
    expect(trial.cluster.database(1).shardRestarts).toBe(2);
  });

  it("leaves modules alone by default before 7.8.2", async () => {
    const trial = newTrial({
      softwareVersion: "7.4.6-22",
      databases: [{ ...OLD, modules: [{ name: "search", version: "2.8.9" }] }],
    });
    await trial.upgrade({ redis_version: "7.2", force_restart: true });
    trial.settle();
    expect(await trial.versions()).toEqual({ search: "2.8.9" });
  });

  it("takes named modules to the version named", async () => {
    const trial = newTrial();
    trial.cluster.control.addModule({ name: "search", version: "2.10.12", compatibleRedisVersion: "7.4" });
    const { current_module, new_module, new_module_args } = trial.item("search", "2.10.12");
    await trial.upgrade({ redis_version: "7.4", modules: [{ current_module, new_module, new_module_args }] });
    trial.settle();
    expect(await trial.versions()).toEqual({ search: "2.10.12", ReJSON: "2.8.10" });
    const down = { ...trial.item("search", "2.10.12"), new_module: "7f976c52f927ad1d0a2921fe349f01f5" };
    expect(await trial.upgrade({ redis_version: "7.4", modules: [down] })).toMatchObject({
      status: 406,
      code: "module_downgrade_unsupported",
    });
  });

  it("does nothing on a dry run but tell what would be", async () => {
    const trial = newTrial();
    const reply = await trial.upgrade({ redis_version: "8.0" }, 1, "?dry_run=true");
    expect(reply.json).toMatchObject({ redis_version: "8.0", version: "8.0.0" });
    expect(reply.json["module_list"]).toHaveLength(4);
    expect(reply.json).not.toHaveProperty("action_uid");
    expect([trial.machine(), trial.cluster.writes().length]).toEqual([null, 0]);
    expect((await trial.upgrade({ redis_version: "9.0" }, 1, "?dry_run=true")).status).toBe(400);
    trial.cluster.control.setSwitches({ dryRun: "refused" });
    expect((await trial.upgrade({}, 1, "?dry_run=true")).status).toBe(400);
    trial.cluster.control.setSwitches({ dryRun: "ignored" });
    expect((await trial.upgrade({}, 1, "?dry_run=true")).json).toHaveProperty("action_uid");
    expect(trial.cluster.writes()).toHaveLength(1);
  });
});

describe("/upgrade refuses", () => {
  const refused = async (trial: Trial, body: object) => {
    const { status, code, json } = await trial.upgrade(body);
    return [status, code, json["description"]];
  };

  it("another direction, an unknown target, and contradictions", async () => {
    const trial = newTrial();
    expect(await refused(trial, { redis_version: "7.2" })).toEqual([
      400,
      "upgrade_bdb_failed",
      "Target version 7.2 is not higher (or equal) to the current version 7.4",
    ]);
    expect((await refused(trial, { redis_version: "9.9" }))[0]).toBe(400);
    expect((await refused(trial, { redis_version: "7.2", keep_redis_version: true }))[1]).toBe("invalid_schema");
    expect((await refused(trial, { parallel_shards_upgrade: -1 }))[1]).toBe("invalid_schema");
  });

  it("a module without a version for the target", async () => {
    const trial = newTrial({ databases: [{ redisVersion: "7.4", modules: [{ name: "rg", version: "1.2.5" }] }] });
    expect(await refused(trial, { redis_version: "8.0" })).toEqual([
      400,
      "upgrade_bdb_failed",
      "Unable to find a version of the module rg that is supported by target redis version of BDB 8.0",
    ]);
  });

  it("nodes of different versions", async () => {
    const trial = newTrial();
    trial.cluster.control.upgradeNode(2, "100.0.22-1");
    expect((await refused(trial, {}))[2]).toBe("not all nodes upgraded to the same version");
  });

  it("what the policy forbids", async () => {
    const trial = newTrial({ policy: { redisUpgradePolicy: "major" } });
    for (const node of trial.cluster.state.nodes) {
      node.supported = node.supported.map((one) => ({ ...one, major: one.redisVersion !== "8.0" }));
    }
    expect((await refused(trial, { redis_version: "8.0" })).slice(0, 2)).toEqual([
      400,
      "redis_upgrade_policy_mismatch",
    ]);
  });

  it("memcached, Redis 8.0 on flash, and everything once the license is over", async () => {
    const trial = newTrial({ databases: [{ ...CACHE, bigstore: true, modules: [] }, { type: "memcached" }] });
    expect((await refused(trial, { redis_version: "8.0" }))[0]).toBe(400);
    expect((await trial.upgrade({}, 2)).status).toBe(400);
    trial.cluster.control.setSettings({ licenseExpired: true });
    expect((await trial.upgrade({ redis_version: "7.4" })).status).toBe(403);
  });
});

describe("Active-Active", () => {
  const guid = "552bbccb-99f3-4142-bd17-93d245f0bc79";
  const newPair = (options = {}) =>
    newTrial({ databases: [{ ...CACHE, crdtGuid: guid, otherClusters: ["other.local"] }], ...options });

  it("does not get the bundled modules, and moves its protocol unless told to keep it", async () => {
    for (const [keep, protocol] of [
      [false, 2],
      [true, 1],
    ] as const) {
      const trial = newPair();
      await trial.upgrade({ redis_version: "8.0", keep_crdt_protocol_version: keep });
      trial.settle();
      expect(Object.keys(await trial.versions())).toEqual(["search", "ReJSON"]);
      expect(await trial.database()).toMatchObject({ crdt: true, crdt_guid: guid, crdt_protocol_version: protocol });
    }
  });

  it("is upgraded by a task of its own", async () => {
    const trial = newPair();
    const target = `/v1/crdbs/${guid}/upgrade`;
    expect((await trial.call("POST", target, { keep_redis_version: true })).status).toBe(400);
    const task = await trial.data<{ id: string }>("POST", target, { redis_version: "8.0" });
    expect(task).toMatchObject({ crdb_guid: guid, status: "queued", errors: [] });
    const status = async () => (await trial.data<{ status: string }>("GET", `/v1/crdb_tasks/${task.id}`)).status;
    trial.clock.advance(1000);
    expect(await status()).toBe("started");
    trial.settle();
    expect(await status()).toBe("finished");
    expect(await trial.data("GET", `/v1/crdbs/${guid}`)).toHaveProperty("instances");
    expect(await trial.data("GET", "/v1/crdbs")).toHaveLength(1);
  });

  it("fails with its database, and has no such call before 8.0.18", async () => {
    const trial = newPair();
    trial.cluster.control.fail({ error: "boom" });
    const { id } = await trial.data<{ id: string }>("POST", `/v1/crdbs/${guid}/upgrade`, { redis_version: "8.0" });
    trial.settle();
    expect(await trial.data("GET", `/v1/crdb_tasks/${id}`)).toMatchObject({
      status: "failed",
      errors: [{ cluster_name: "cluster.local", description: "boom" }],
    });
    expect((await trial.get("/v1/crdb_tasks/x")).status).toBe(404);
    const old = newPair({ softwareVersion: "8.0.10-64" });
    expect((await old.call("POST", `/v1/crdbs/${guid}/upgrade`, {})).status).toBe(404);
  });
});

describe("the event queue", () => {
  it("gives out events by time, and in order where times are equal", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = new EventQueue();
        const events = times.map((at, seq) => ({ at, seq, database: 1 }));
        for (const event of events) queue.push(event);
        const taken = events.map(() => queue.pop());
        expect(taken).toEqual([...events].sort((a, b) => a.at - b.at || a.seq - b.seq));
        expect([queue.peek(), queue.pop()]).toEqual([undefined, undefined]);
      }),
    );
  });
});
