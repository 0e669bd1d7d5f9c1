import { describe, expect, it } from "vitest";
import type { ClusterOptions } from "./";
import { CACHE, newTrial, Trial } from "./trial";

const SEARCH_17 = "b212cb64b206074750414b81d9fb1135";
const OLD = { redisVersion: "7.2", modules: ["search", "bf"] } as const;

describe("an upgrade of a database", () => {
  it("changes the Redis version and upgrades the modules", async () => {
    const trial = newTrial({ databases: [OLD] });
    const reply = await trial.upgrade({ redis_version: "7.4" });
    expect(reply).toMatchObject({ status: 200, json: { status: "active", redis_version: "7.2", version: "7.2.7" } });
    trial.settle();
    expect(await trial.database()).toMatchObject({ redis_version: "7.4", version: "7.4.2", status: "active" });
    expect(await trial.versions()).toEqual({ search: "2.10.17", bf: "2.8.7" });
    expect(trial.cluster.database(1).shards.map((shard) => shard.version)).toEqual(["7.4.2", "7.4.2"]);
  });

  it("leads to the cluster's default version, with the bundled modules added", async () => {
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

  it("to its current Redis version upgrades the modules to the latest compatible version", async () => {
    for (const body of [{ redis_version: "7.4" }, { keep_redis_version: true }]) {
      const trial = newTrial();
      await trial.upgrade(body);
      trial.settle();
      expect(await trial.versions()).toEqual({ search: "2.10.17", ReJSON: "2.8.10" });
      expect((await trial.database()).module_list[0]?.module_args).toBe("WORKERS 6");
    }
  });

  it("keeps the arguments of modules that it does not upgrade", async () => {
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

  it("to its current version installs a later patch, and changes nothing if no node has one", async () => {
    const trial = newTrial({ databases: [{ redisVersion: "7.4", version: "7.4.1" }, { redisVersion: "7.3" }] });
    await trial.upgrade({ redis_version: "7.4" }, 1);
    expect((await trial.upgrade({ redis_version: "7.3", force_restart: true }, 2)).status).toBe(200);
    trial.settle();
    expect((await trial.database(1)).version).toBe("7.4.2");
    expect((await trial.database(2)).version).toBe("7.3.0");
  });

  it("does not upgrade compatible modules with latest_with_modules false", async () => {
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

  it("does not upgrade modules by default before 7.8.2", async () => {
    const trial = newTrial({
      softwareVersion: "7.4.6-22",
      databases: [{ ...OLD, modules: [{ name: "search", version: "2.8.9" }] }],
    });
    await trial.upgrade({ redis_version: "7.2", force_restart: true });
    trial.settle();
    expect(await trial.versions()).toEqual({ search: "2.8.9" });
  });

  it("upgrades named modules to the named version", async () => {
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

  it("with dry_run only returns the result", async () => {
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

describe("POST bdbs/{uid}/upgrade refuses", () => {
  const refused = async (trial: Trial, body: object) => {
    const { status, code, json } = await trial.upgrade(body);
    return [status, code, json["description"]];
  };

  it("a lower or unknown version, and contradictory arguments", async () => {
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

  it("any upgrade while nodes have different versions", async () => {
    const trial = newTrial();
    trial.cluster.control.upgradeNode(2, "100.0.22-1");
    expect((await refused(trial, {}))[2]).toBe("not all nodes upgraded to the same version");
  });

  it("a version that the policy forbids", async () => {
    const trial = newTrial({ policy: { redisUpgradePolicy: "major" } });
    for (const node of trial.cluster.state.nodes) {
      node.supported = node.supported.map((one) => ({ ...one, major: one.redisVersion !== "8.0" }));
    }
    expect((await refused(trial, { redis_version: "8.0" })).slice(0, 2)).toEqual([
      400,
      "redis_upgrade_policy_mismatch",
    ]);
  });

  it("memcached, Redis 8.0 on flash, and every upgrade after the license expired", async () => {
    const trial = newTrial({ databases: [{ ...CACHE, bigstore: true, modules: [] }, { type: "memcached" }] });
    expect((await refused(trial, { redis_version: "8.0" }))[0]).toBe(400);
    expect((await trial.upgrade({}, 2)).status).toBe(400);
    trial.cluster.control.setSettings({ licenseExpired: true });
    expect((await trial.upgrade({ redis_version: "7.4" })).status).toBe(403);
  });
});

describe("an upgrade of modules", () => {
  it("returns the database before the change, active with its old versions, and the action", async () => {
    const trial = newTrial();
    const reply = await trial.upgradeModules([trial.item("search", "2.10.17")]);
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({
      uid: 1,
      status: "active",
      action_uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      background_op: [{ name: "SMUpgradeBDB", progress: 0, status: "pending" }],
      module_list: [{ semantic_version: "2.10.8" }, { semantic_version: "2.8.4" }],
    });
    expect(trial.cluster.acceptedUpgrades).toEqual([
      { at: trial.clock.now(), database: 1, actionUid: reply.json["action_uid"], call: "modules/upgrade" },
    ]);
  });

  it("is pending, then in progress with the old versions, then completed with the new ones", async () => {
    const trial = newTrial();
    const before = Number((await trial.get("/v1/bdbs/1")).headers["cluster-state-id"]);
    await trial.upgradeModules([trial.item("search", "2.10.17"), trial.item("ReJSON", "2.8.10")]);
    expect(await trial.database()).toMatchObject({ status: "active", action_uid: trial.machine()?.actionUid });
    trial.clock.advance(2000);
    expect(await trial.database()).toMatchObject({ status: "active-change-pending" });
    expect(await trial.versions()).toEqual({ search: "2.10.8", ReJSON: "2.8.4" });
    trial.settle();
    expect(await trial.database()).toMatchObject({
      status: "active",
      version: "7.4.2",
      module_list: [
        { module_id: SEARCH_17, module_name: "search", module_args: "WORKERS 6", semantic_version: "2.10.17" },
        { module_name: "ReJSON", semantic_version: "2.8.10" },
      ],
    });
    expect(await trial.database()).not.toHaveProperty("action_uid");
    expect(Number((await trial.get("/v1/bdbs/1")).headers["cluster-state-id"])).toBeGreaterThan(before);
  });

  it("clears arguments that are omitted, and can change only the arguments", async () => {
    const trial = newTrial();
    const { new_module_args: _, ...bare } = trial.item("search", "2.10.17");
    await trial.upgradeModules([bare]);
    trial.settle();
    expect((await trial.database()).module_list[0]).toMatchObject({ module_args: "" });
    await trial.upgradeModules([{ ...trial.item("search", "2.10.17"), new_module_args: "WORKERS 4" }]);
    trial.settle();
    expect((await trial.database()).module_list[0]).toMatchObject({ module_args: "WORKERS 4" });
    const kept = newTrial({ switches: { argsOmitted: "kept" } });
    await kept.upgradeModules([bare]);
    kept.settle();
    expect((await kept.database()).module_list[0]).toMatchObject({ module_args: "WORKERS 6" });
  });
});

describe("POST bdbs/{uid}/modules/upgrade refuses", () => {
  const refused = async (change: object, more: object = {}, options = {}) => {
    const trial = newTrial(options);
    const reply = await trial.upgradeModules([{ ...trial.item("search", "2.10.17"), ...change }], more);
    expect(trial.cluster.acceptedUpgrades).toHaveLength(0);
    return [reply.status, reply.code];
  };

  it("an invalid body", async () => {
    const trial = newTrial();
    const target = "/v1/bdbs/1/modules/upgrade";
    const bodies: unknown[] = [{}, { modules: [] }, { modules: {} }, { modules: ["search"] }, [], { modules: [{}] }];
    for (const body of bodies) {
      expect(await trial.call("POST", target, body)).toMatchObject({ status: 400, code: "invalid_schema" });
    }
    expect((await trial.call("POST", target, undefined, { raw: "{" })).status).toBe(400);
    expect((await trial.call("POST", target)).status).toBe(400);
  });

  it("fields of another type, unknown fields and contradictory fields", async () => {
    const bad = [400, "invalid_schema"];
    expect(await refused({ new_module_args: ["WORKERS", "6"] })).toEqual(bad);
    expect(await refused({ new_module: 1 })).toEqual(bad);
    expect(await refused({ new_version: "2.10.17" })).toEqual(bad);
    expect(await refused({}, { preserve_roles: "yes" })).toEqual(bad);
    expect(await refused({}, { parallel_shards_upgrade: 1 })).toEqual(bad);
    expect(await refused({ module_name: "ReJSON" })).toEqual(bad);
    expect(await refused({ module_name: "Search" })).toEqual(bad);
    expect(await refused({ current_module: SEARCH_17 })).toEqual(bad);
    expect(await refused({ current_semantic_version: "2.10.9" })).toEqual(bad);
    expect(await refused({ new_module: "3a82b335f9fede93926e1e3504a91326" })).toEqual(bad);
    const trial = newTrial();
    const item = trial.item("search", "2.10.17");
    expect((await trial.upgradeModules([item, item])).status).toBe(400);
  });

  it("a module that the cluster does not have", async () => {
    expect(await refused({ new_module: "0".repeat(32) })).toEqual([400, "missing_module"]);
    const statuses = { missing_module: 406 };
    expect(await refused({ new_module: "0".repeat(32) }, {}, { switches: { statuses } })).toEqual([
      406,
      "missing_module",
    ]);
  });

  it("a downgrade", async () => {
    const trial = newTrial();
    trial.cluster.control.setModule(1, { name: "search", version: "2.10.30" });
    expect(await trial.upgradeModules([trial.item("search", "2.10.17")])).toMatchObject({
      status: 406,
      code: "module_downgrade_unsupported",
    });
  });

  it("a module for another Redis version", async () => {
    const trial = newTrial();
    const code = "redis_incompatible_version";
    expect(await trial.upgradeModules([trial.item("search", "7.99.91")])).toMatchObject({ status: 406, code });
    trial.cluster.control.addModule({ name: "search", version: "2.11.0", minRedisVersion: "7.5" });
    expect(await trial.upgradeModules([trial.item("search", "2.11.0")])).toMatchObject({ status: 406, code });
    trial.cluster.control.addModule({ name: "search", version: "2.12.0", minRedisVersion: "7.4.2" });
    expect((await trial.upgradeModules([trial.item("search", "2.12.0")])).status).toBe(200);
  });

  it("a module for a Redis version that the database does not have yet", async () => {
    const trial = newTrial({ databases: [{ redisVersion: "7.2", modules: ["search", "bf"] }] });
    const refusal = { status: 406, code: "redis_incompatible_version" };
    expect(await trial.upgradeModules([trial.item("search", "2.10.17")])).toMatchObject(refusal);
    expect(await trial.upgradeModules([trial.item("bf", "2.8.7")])).toMatchObject(refusal);
  });

  it("a module for a later Redis Enterprise version", async () => {
    const trial = newTrial({ softwareVersion: "7.22.2-10" });
    const spec = { name: "search", version: "2.11.0", compatibleRedisVersion: "7.4", minRedisPackVersion: "7.22.3" };
    trial.cluster.control.addModule(spec);
    expect(await trial.upgradeModules([trial.item("search", "2.11.0")])).toMatchObject({
      status: 406,
      code: "redis_pack_incompatible_version",
    });
  });

  it.each([
    ["replica_of, failover_migrate, persistence_aof", { replicaSync: "enabled" }],
    ["replica_of, failover_migrate, persistence_aof", { replicaSync: "paused" }],
    ["failover_migrate, persistence_aof, hash_policy", { needs: ["hash_policy"] }],
  ] as const)("a module without the capabilities that the database needs: %s", async (missing, needing) => {
    const trial = newTrial({ databases: [{ ...CACHE, ...needing }] });
    trial.cluster.control.addModule({
      name: "search",
      version: "2.11.0",
      minRedisVersion: "7.4",
      capabilities: ["types"],
    });
    expect(await trial.upgradeModules([trial.item("search", "2.11.0")])).toMatchObject({
      status: 406,
      code: "unsupported_module_capabilities",
      json: { description: `Module search 2.11.0 lacks capabilities: ${missing}` },
    });
  });

  it("an unknown database, after it has validated the body", async () => {
    const trial = newTrial();
    expect(await trial.upgradeModules([trial.item("search", "2.10.17")], {}, 9)).toMatchObject({
      status: 404,
      code: "db_not_exist",
    });
    expect((await trial.upgradeModules([], {}, 9)).status).toBe(400);
  });
});

describe("POST bdbs/{uid}/modules/upgrade accepts", () => {
  it("the documentation's example, and fewer fields than its table requires", async () => {
    const example = { module_name: "search", current_semantic_version: "2.10.8", new_module: SEARCH_17 };
    const more = { preserve_roles: true, may_discard_data: false };
    expect((await newTrial().upgradeModules([example], more)).status).toBe(200);
    expect((await newTrial({ switches: { moduleKeys: "table" } }).upgradeModules([example], more)).status).toBe(400);
  });

  it("a current module that the cluster no longer lists", async () => {
    const trial = newTrial();
    trial.cluster.control.setModule(1, "search");
    trial.cluster.control.addModule({ name: "search", version: "2.10.20", compatibleRedisVersion: "7.4" });
    trial.cluster.control.dropModule("search", "2.10.17");
    const uids = (await trial.data<{ uid: string }[]>("GET", "/v1/modules")).map(({ uid }) => uid);
    expect(uids).not.toContain((await trial.database()).module_list[0]?.module_id);
    expect((await trial.upgradeModules([trial.item("search", "2.10.20")])).status).toBe(200);
  });

  it("names in any case, lists of arguments and unknown keys, depending on the switches", async () => {
    const trial = newTrial({ switches: { moduleNames: "anyCase", moduleArgs: "either", unknownKeys: "ignored" } });
    const item = { ...trial.item("ReJSON", "2.8.10"), module_name: "ReJson", new_module_args: ["A", "1"] };
    expect((await trial.upgradeModules([item], { "// Optional fields": "" })).status).toBe(200);
    trial.settle();
    expect((await trial.database()).module_list[1]).toMatchObject({ module_name: "ReJSON", module_args: "A 1" });
  });

  it("the deprecated path depending on the switch", async () => {
    const trial = newTrial();
    const body = { modules: [trial.item("search", "2.10.17")] };
    expect((await trial.call("POST", "/v1/modules/upgrade/bdb/1", body)).status).toBe(404);
    trial.cluster.control.setSwitches({ deprecatedTwin: true });
    expect((await trial.call("POST", "/v1/modules/upgrade/bdb/1", body)).status).toBe(200);
  });
});

describe("a module that declares only a minimum Redis version", () => {
  it.each([
    ["7.22.2-10", 200],
    ["8.0.10-1", 400],
  ])("of another major version is accepted by servers before 8.0 (%s: %i)", async (softwareVersion, status) => {
    const trial = new Trial({
      softwareVersion,
      databases: [{ redisVersion: "7.2", modules: [{ name: "rg", version: "1.2.7" }] }],
      modules: [{ name: "rg", version: "1.2.7", minRedisVersion: "6.0.0" }],
    });
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", { redis_version: "7.4" })).status).toBe(status);
  });
});

const upgradeSearch = (trial: Trial) => trial.upgradeModules([trial.item("search", "2.10.17")]);

describe("the uids of bundled modules on Redis Enterprise 8", () => {
  it("may be ignored although the response is 200", async () => {
    const trial = newTrial({ switches: { bundledUids: "ignored" } });
    expect((await upgradeSearch(trial)).status).toBe(200);
    trial.settle();
    expect(trial.machine()).toMatchObject({ status: "completed" });
    expect(await trial.versions()).toMatchObject({ search: "2.10.8" });
  });

  it("may be refused, and are not applied by /upgrade when ignored", async () => {
    expect((await upgradeSearch(newTrial({ switches: { bundledUids: "refused" } }))).status).toBe(400);
    const trial = newTrial({ switches: { bundledUids: "ignored" } });
    trial.cluster.control.addModule({
      name: "search",
      version: "2.10.12",
      compatibleRedisVersion: "7.4",
      bundled: true,
    });
    await trial.upgrade({ redis_version: "7.4", modules: [trial.item("search", "2.10.12")] });
    trial.settle();
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });

  it("are applied before 8, and for custom modules", async () => {
    const old = new Trial({
      softwareVersion: "7.22.2-10",
      databases: [{ redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] }],
      switches: { bundledUids: "ignored" },
    });
    await old.upgradeModules([old.item("search", "2.10.14")]);
    old.settle();
    expect(await old.versions()).toEqual({ search: "2.10.14" });
    const own = newTrial({ switches: { bundledUids: "refused" } });
    own.cluster.control.addModule({ name: "search", version: "2.11.0", compatibleRedisVersion: "7.4" });
    expect((await own.upgradeModules([own.item("search", "2.11.0")])).status).toBe(200);
  });
});

/** The GUID of the Active-Active database. */
const GUID = "552bbccb-99f3-4142-bd17-93d245f0bc79";
const OTHER = "other.local";
const UPGRADE_CRDB = `/v1/crdbs/${GUID}/upgrade`;

describe("an Active-Active database", () => {
  const newPair = (options = {}) =>
    newTrial({ databases: [{ ...CACHE, crdtGuid: GUID, otherClusters: [OTHER] }], ...options });

  it("does not get the bundled modules, and updates its protocol version unless requested otherwise", async () => {
    for (const [keep, protocol] of [
      [false, 2],
      [true, 1],
    ] as const) {
      const trial = newPair();
      await trial.upgrade({ redis_version: "8.0", keep_crdt_protocol_version: keep });
      trial.settle();
      expect(Object.keys(await trial.versions())).toEqual(["search", "ReJSON"]);
      expect(await trial.database()).toMatchObject({ crdt: true, crdt_guid: GUID, crdt_protocol_version: protocol });
    }
  });

  it("is upgraded by a CRDB task", async () => {
    const trial = newPair();
    expect((await trial.call("POST", UPGRADE_CRDB, { keep_redis_version: true })).status).toBe(400);
    const task = await trial.data<{ id: string }>("POST", UPGRADE_CRDB, { redis_version: "8.0" });
    expect(task).toMatchObject({ crdb_guid: GUID, status: "queued", errors: [] });
    const status = async () => (await trial.data<{ status: string }>("GET", `/v1/crdb_tasks/${task.id}`)).status;
    trial.clock.advance(1000);
    expect(await status()).toBe("started");
    trial.settle();
    expect(await status()).toBe("finished");
    expect(await trial.data("GET", `/v1/crdbs/${GUID}`)).toHaveProperty("instances");
    expect(await trial.data("GET", "/v1/crdbs")).toHaveLength(1);
  });

  it("fails its CRDB task if its upgrade fails, and has no upgrade request before 8.0.18", async () => {
    const trial = newPair();
    trial.cluster.control.fail({ error: "boom" });
    const { id } = await trial.data<{ id: string }>("POST", UPGRADE_CRDB, { redis_version: "8.0" });
    trial.settle();
    expect(await trial.data("GET", `/v1/crdb_tasks/${id}`)).toMatchObject({
      status: "failed",
      errors: [{ cluster_name: "cluster.local", description: "boom" }],
    });
    expect((await trial.get("/v1/crdb_tasks/x")).status).toBe(404);
    const old = newPair({ softwareVersion: "8.0.10-64" });
    expect((await old.call("POST", UPGRADE_CRDB, {})).status).toBe(404);
  });
});

/** An Active-Active database of Redis 7.2. */
function pairOn72(options: ClusterOptions = {}): Trial {
  const databases = [{ redisVersion: "7.2", modules: ["search"], crdtGuid: GUID, otherClusters: [OTHER] }];
  return new Trial({ softwareVersion: "8.0.18-10", databases, ...options });
}

interface TaskView {
  readonly id: string;
  readonly status: string;
  readonly errors: readonly unknown[];
}

async function startTask(trial: Trial, headers: Record<string, string> = {}): Promise<string> {
  const { status, json } = await trial.call("POST", UPGRADE_CRDB, { redis_version: "7.4" }, { headers });
  expect(status).toBe(200);
  return String(json["id"]);
}

const readTask = (trial: Trial, id: string) => trial.data<TaskView>("GET", `/v1/crdb_tasks/${id}`);

describe("a CRDB task", () => {
  it("has the id from the request, or a generated one", async () => {
    expect(await startTask(pairOn72(), { "x-task-id": "mine" })).toBe("mine");
    expect(await startTask(pairOn72())).toMatch(/^[\da-f-]{36}$/);
    expect(await startTask(pairOn72({ switches: { crdbTaskNamed: false } }), { "x-task-id": "mine" })).not.toBe("mine");
  });

  it("is queued before the database shows anything, then upgrades the database", async () => {
    const trial = pairOn72({ timings: { crdbQueueMs: 60_000 } });
    const id = await startTask(trial);
    trial.clock.advance(59_000);
    expect(await readTask(trial, id)).toMatchObject({ status: "queued" });
    expect(trial.cluster.database(1).machine).toBeNull();
    expect(trial.cluster.acceptedUpgrades).toEqual([]);
    trial.clock.advance(2_000);
    expect(await readTask(trial, id)).toMatchObject({ status: "started" });
    expect(trial.cluster.acceptedUpgrades).toMatchObject([{ call: "crdbs/upgrade", database: 1 }]);
    trial.settle();
    expect(await readTask(trial, id)).toMatchObject({ status: "finished" });
    expect(trial.cluster.database(1).redisVersion).toBe("7.4");
  });

  it("is in progress and listed until the last participant has completed", async () => {
    const trial = pairOn72();
    trial.cluster.control.setParticipant(OTHER, { lastsMs: 120_000 });
    const id = await startTask(trial);
    trial.clock.advance(119_000);
    expect(trial.cluster.database(1)).toMatchObject({ status: "active", redisVersion: "7.4" });
    expect(await readTask(trial, id)).toMatchObject({ status: "started" });
    expect(await trial.data("GET", "/v1/crdb_tasks")).toMatchObject([{ id, crdb_guid: GUID, status: "started" }]);
    trial.clock.advance(2_000);
    expect(await readTask(trial, id)).toMatchObject({ status: "finished", errors: [] });
    expect(await trial.data("GET", "/v1/crdb_tasks")).toEqual([]);
    expect((await pairOn72({ switches: { crdbTaskList: false } }).get("/v1/crdb_tasks")).status).toBe(404);
  });

  it("has failed if one participant has failed, even if this database is upgraded", async () => {
    const trial = pairOn72();
    trial.cluster.control.setParticipant(OTHER, { error: "no memory" });
    const id = await startTask(trial);
    trial.settle();
    expect(await readTask(trial, id)).toMatchObject({
      status: "failed",
      errors: [{ cluster_name: OTHER, description: "no memory", error_code: "internal_error" }],
    });
    expect(trial.cluster.database(1).redisVersion).toBe("7.4");
    expect(() => trial.cluster.control.setParticipant("nobody", {})).toThrow(/no Active-Active database/);
  });

  it.each([
    [{}, 500],
    [{ "x-result-ttl": "3600" }, 3_600],
  ])("is returned for a limited time after its end (%j)", async (headers, kept) => {
    const trial = pairOn72({ timings: "instant" });
    const id = await startTask(trial, headers);
    expect(await readTask(trial, id)).toMatchObject({ status: "finished" });
    trial.clock.advance(kept * 1_000);
    expect(await readTask(trial, id)).toMatchObject({ status: "finished" });
    trial.clock.advance(1);
    expect((await trial.get(`/v1/crdb_tasks/${id}`)).status).toBe(404);
  });
});

describe("a request for a CRDB task", () => {
  it.each(["0", "soon", "-1", ""])("is rejected with X-Result-TTL %j", async (ttl) => {
    const reply = await pairOn72().call("POST", UPGRADE_CRDB, {}, { headers: { "x-result-ttl": ttl } });
    expect(reply.status).toBe(400);
  });

  it("is rejected with the id of an existing task", async () => {
    const trial = pairOn72({ timings: "instant" });
    await startTask(trial, { "x-task-id": "mine" });
    const reply = await trial.call("POST", UPGRADE_CRDB, {}, { headers: { "x-task-id": "mine" } });
    expect(reply.status).toBe(400);
  });
});
