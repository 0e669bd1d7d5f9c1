import { describe, expect, it } from "vitest";
import type { DatabaseSpec, SwitchChange } from ".";
import { CACHE, newTrial, type Reply, Trial } from "./trial";

const upgradeSearch = (trial: Trial) => trial.upgradeModules([trial.item("search", "2.10.17")]);

/** The action of an upgrade of one module. */
async function start(trial: Trial): Promise<string> {
  return String((await upgradeSearch(trial)).json["action_uid"]);
}

/** The responses of polls of one action until it has ended. */
async function pollToEnd(trial: Trial, uid: string, version = "v1"): Promise<Reply["json"][]> {
  const seen: Reply["json"][] = [];
  for (;;) {
    const { json } = await trial.get(`/${version}/actions/${uid}`);
    seen.push(json);
    const next = trial.cluster.nextEventAt();
    if (next === undefined) return seen;
    trial.clock.set(next);
  }
}

describe("the response to modules/upgrade", () => {
  it("may be a module, without an action", async () => {
    const trial = newTrial({ switches: { modulesUpgradeAnswer: "module" } });
    const { json } = await upgradeSearch(trial);
    expect(json).toMatchObject({ module_name: "search", semantic_version: "2.10.17", compatible_redis_version: "7.4" });
    expect(json).not.toHaveProperty("action_uid");
    expect(await trial.data("GET", "/v1/actions/bdb/1")).toHaveLength(1);
  });

  it("may be the example of the documentation", async () => {
    expect((await upgradeSearch(newTrial({ switches: { modulesUpgradeAnswer: "example" } }))).json).toEqual({
      action_uid: expect.any(String),
      uid: 1,
      name: "database-1",
      module_id: "b212cb64b206074750414b81d9fb1135",
      module_name: "search",
      semantic_version: "2.10.17",
    });
  });

  it("may omit the action, while the database shows none and is pending immediately", async () => {
    const trial = newTrial({
      switches: { answersActionUid: false, actionUidOnDatabase: false, statusAfterCall: "active-change-pending" },
    });
    const { json } = await upgradeSearch(trial);
    expect(json).toMatchObject({ status: "active-change-pending" });
    expect(json).not.toHaveProperty("action_uid");
    expect(await trial.database()).not.toHaveProperty("action_uid");
    expect((await trial.upgrade({})).json).not.toHaveProperty("action_uid");
  });
});

describe("a busy database", () => {
  it("rejects upgrades with 409 or 400", async () => {
    const trial = newTrial();
    trial.cluster.control.busy(1);
    expect(await upgradeSearch(trial)).toMatchObject({ status: 409, code: "busy" });
    trial.cluster.control.setSwitches({ busy: "400" });
    expect(await trial.upgrade({})).toMatchObject({ status: 400, code: "busy" });
    trial.cluster.control.finish(1);
    expect((await upgradeSearch(trial)).status).toBe(200);
  });

  it("is one in any status but active", async () => {
    const trial = newTrial();
    trial.cluster.control.setDatabase(1, { status: "recovery" });
    expect(await upgradeSearch(trial)).toMatchObject({ status: 409, code: "busy" });
  });

  it("queues upgrades in order, depending on the switch", async () => {
    const trial = newTrial({ switches: { busy: "queue" } });
    trial.cluster.control.busy(1, { ms: 10_000 });
    trial.clock.advance(1000);
    const { json } = await upgradeSearch(trial);
    expect(json).toMatchObject({ status: "active-change-pending" });
    const first = json["action_uid"];
    const second = (await trial.upgrade({ redis_version: "8.0" })).json["action_uid"];
    const third = (await trial.upgrade({ redis_version: "7.4" })).json["action_uid"];
    const actions = await trial.data<{ status: string }[]>("GET", "/v1/actions/bdb/1");
    expect(actions.map((one) => one.status)).toEqual(["active", "pending", "pending", "pending"]);
    const ends: unknown[] = [];
    while (trial.cluster.nextEventAt() !== undefined) {
      trial.clock.set(trial.cluster.nextEventAt() ?? 0);
      const machine = trial.machine();
      if (machine?.status === "active" && ends.at(-1) !== machine.actionUid) ends.push(machine.actionUid);
    }
    expect(ends).toEqual([first, second, third]);
    expect(trial.machine()).toMatchObject({ status: "failed" });
    expect(trial.machine()?.error).toMatch(/^Target version|^Module downgrade/);
    expect((await trial.database()).redis_version).toBe("8.0");
  });

  it("queues an upgrade that leaves modules unchanged behind one that upgrades them", async () => {
    const trial = newTrial({ switches: { busy: "queue" } });
    await upgradeSearch(trial);
    await trial.upgrade({ redis_version: "7.4", latest_with_modules: false, force_restart: true });
    trial.settle();
    expect(trial.machine()).toMatchObject({ status: "completed" });
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });

  it("may accept an upgrade after a failed one", async () => {
    const trial = newTrial({ switches: { afterFailure: "accepted" } });
    trial.cluster.control.fail();
    await upgradeSearch(trial);
    trial.settle();
    expect((await upgradeSearch(trial)).status).toBe(200);
    trial.settle();
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });
});

describe("an upgrade without changes", () => {
  const again = async (switches: SwitchChange) => {
    const trial = newTrial({ switches });
    await upgradeSearch(trial);
    trial.settle();
    const restarts = trial.cluster.database(1).shardRestarts;
    const reply = await upgradeSearch(trial);
    trial.settle();
    return {
      status: reply.status,
      action: "action_uid" in reply.json,
      machine: trial.machine()?.status,
      restarts: trial.cluster.database(1).shardRestarts - restarts,
      accepted: trial.cluster.acceptedUpgrades.length,
    };
  };

  it("completes immediately, starts no action, or is refused", async () => {
    const same = { machine: "completed", restarts: 0 };
    expect(await again({})).toEqual({ ...same, status: 200, action: true, accepted: 2 });
    expect(await again({ noChange: "noAction" })).toEqual({ ...same, status: 200, action: false, accepted: 1 });
    expect(await again({ noChange: "refused" })).toEqual({ ...same, status: 400, action: false, accepted: 1 });
  });

  it("restarts the shards if requested", async () => {
    const trial = newTrial();
    await trial.upgradeModules([{ ...trial.item("search", "2.10.17") }], { force_restart: true });
    trial.settle();
    await trial.upgradeModules([trial.item("search", "2.10.17")], { force_restart: true });
    trial.settle();
    expect(trial.cluster.database(1).shardRestarts).toBe(4);
  });
});

describe("a state machine", () => {
  it("goes through its states with v1 status values", async () => {
    const trial = newTrial();
    const uid = await start(trial);
    const seen = await pollToEnd(trial, uid);
    expect(seen.map((one) => [one["status"], one["state"], one["progress"]])).toEqual([
      ["pending", undefined, 0],
      ["active", "init", 0],
      ["active", "check_slaves", 16.67],
      ["active", "prepare", 33.33],
      ["active", "stop_forwarding", 50],
      ["active", "start_wd", 66.67],
      ["active", "wait_for_version", 83.33],
      ["completed", undefined, undefined],
    ]);
    expect(seen.at(-1)).toEqual({
      action_uid: uid,
      heartbeat: Math.floor(trial.clock.now() / 1000),
      name: "SMUpgradeBDB",
      object_name: "bdb:1",
      status: "completed",
    });
  });

  it("has fewer states without a replica, and more states to preserve roles", async () => {
    const states = async (replication: boolean, body: object) => {
      const trial = newTrial({ databases: [{ ...CACHE, replication }] });
      const { json } = await trial.upgrade(body);
      const seen = await pollToEnd(trial, String(json["action_uid"]));
      return seen.map((one) => one["state"]).filter(Boolean);
    };
    expect(await states(false, { redis_version: "8.0" })).toEqual(["init", "wait_for_version", "configure_shards"]);
    expect(await states(false, { redis_version: "7.4" })).toEqual(["init", "restart"]);
    expect((await states(true, { preserve_roles: true })).at(-1)).toBe("second_failover");
  });

  it("has other status values and numbers in v2", async () => {
    const trial = newTrial();
    const uid = await start(trial);
    const seen = await pollToEnd(trial, uid, "v2");
    expect([...new Set(seen.map((one) => one["status"]))]).toEqual(["queued", "running", "completed"]);
    expect(seen.at(-1)).toEqual({
      action_type: "state-machine",
      action_uid: uid,
      additional_info: { object_type: "bdb", object_uid: "1" },
      creation_time: expect.any(Number),
      name: "SMUpgradeBDB",
      progress: 100,
      status: "completed",
    });
    expect(await trial.data("GET", "/v2/actions")).toHaveLength(1);
    trial.cluster.control.setSwitches({ v2StateMachines: false });
    expect(await trial.get(`/v2/actions/${uid}`)).toMatchObject({ status: 404, code: "action_not_found" });
    expect(await trial.data("GET", "/v2/actions")).toEqual([]);
  });

  it("is listed for the cluster and for its database", async () => {
    const trial = newTrial({ databases: [CACHE, CACHE] });
    const uid = await start(trial);
    const list = await trial.data<{ "state-machines": { action_uid: string }[] }>("GET", "/v1/actions");
    expect(list["state-machines"].map((one) => one.action_uid)).toEqual([uid]);
    expect(await trial.data("GET", "/v1/actions/bdb/1")).toMatchObject([{ action_uid: uid, object_name: "bdb:1" }]);
    expect(await trial.data("GET", "/v1/actions/bdb/2")).toEqual([]);
    expect((await trial.get("/v1/actions/bdb/3")).code).toBe("db_not_exist");
  });

  it("is no longer returned after the next one started, after its database was removed, or after its end", async () => {
    const trial = newTrial();
    const first = await start(trial);
    trial.settle();
    expect((await trial.get(`/v1/actions/${first}`)).status).toBe(200);
    await trial.upgradeModules([trial.item("ReJSON", "2.8.10")]);
    expect((await trial.get(`/v1/actions/${first}`)).json).toEqual({
      description: `Action ${first} does not exist`,
      error_code: "action_not_found",
    });
    trial.settle();
    trial.cluster.control.setSwitches({ finishedActions: "forgotten" });
    expect((await trial.get(`/v1/actions/${trial.machine()?.actionUid}`)).status).toBe(404);
    expect(await trial.data("GET", "/v1/actions/bdb/1")).toEqual([]);
    trial.cluster.control.removeDatabase(1);
    expect((await trial.get("/v1/bdbs/1")).status).toBe(404);
  });
});

describe("a failed state machine", () => {
  it("leaves the database pending and reports the error in every view", async () => {
    const trial = newTrial();
    trial.cluster.control.fail({ state: "wait_for_version", error: "boom" });
    const uid = await start(trial);
    trial.settle();
    expect(await trial.database()).toMatchObject({ status: "active-change-pending" });
    expect(await trial.versions()).toMatchObject({ search: "2.10.8" });
    expect((await trial.get(`/v1/actions/${uid}`)).json).toMatchObject({
      status: "failed",
      state: "wait_for_version",
      progress: 83.33,
      error: "boom",
    });
    expect((await trial.get(`/v2/actions/${uid}`)).json).toMatchObject({
      status: "failed",
      additional_info: { error: "boom" },
    });
  });

  it("may fail after some shards were upgraded, and report another status", async () => {
    const trial = newTrial({ databases: [{ ...CACHE, shards: 4 }], switches: { actionWords: "action" } });
    trial.cluster.control.fail({ database: 1, state: "wait_for_version", afterSlots: 2, failure: "aborted" });
    const { json } = await trial.upgrade({ redis_version: "8.0", parallel_shards_upgrade: 1 });
    expect((await trial.get(`/v1/actions/${json["action_uid"]}`)).json).toMatchObject({ status: "queued" });
    trial.settle();
    expect(
      trial.cluster
        .database(1)
        .shards.map((shard) => shard.version[0])
        .join(""),
    ).toBe("88887777");
    expect((await trial.get(`/v1/actions/${json["action_uid"]}`)).json).toMatchObject({
      status: "aborted",
      error_code: "internal_error",
      error_message: expect.any(String),
    });
  });

  it("can be retried by an operator, and the retry is an action too", async () => {
    const trial = newTrial();
    trial.cluster.control.fail();
    const uid = await start(trial);
    trial.settle();
    trial.cluster.control.retry(1);
    const list = await trial.data<{ actions: { action_uid: string }[] }>("GET", "/v1/actions");
    expect(list.actions).toMatchObject([
      { name: "retry_bdb", progress: "100", creation_time: expect.stringMatching(/^\d+$/), status: "completed" },
    ]);
    const task = list.actions[0]?.action_uid;
    expect((await trial.get(`/v1/actions/${task}`)).json).toMatchObject({ task_id: task });
    expect((await trial.get(`/v2/actions/${task}`)).json).toMatchObject({ action_type: "task", progress: 100 });
    trial.settle();
    expect((await trial.get(`/v1/actions/${uid}`)).json).toMatchObject({ status: "completed" });
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });

  it("can be reset by an operator, and the upgrade requested again", async () => {
    const trial = newTrial();
    trial.cluster.control.fail();
    await start(trial);
    trial.settle();
    expect((await trial.upgradeModules([trial.item("search", "2.10.17")])).status).toBe(409);
    trial.cluster.control.reset(1);
    expect((await trial.database()).status).toBe("active");
    await start(trial);
    trial.settle();
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });
});

async function upgraded(spec: DatabaseSpec, body: object = {}) {
  const trial = new Trial({ databases: [{ ...CACHE, shards: 4, keys: 1002, ...spec }] });
  const reply = await trial.upgrade({ redis_version: "8.0", ...body });
  expect(reply.status).toBe(200);
  const took = trial.settle();
  const { lostKeys, failovers, shards, status } = trial.cluster.database(1);
  expect(status).toBe("active");
  const keys = shards.filter((shard) => shard.role === "master").reduce((sum, shard) => sum + shard.keys, 0);
  return { trial, took, lostKeys, failovers, keys, firstRole: shards[0]?.role };
}

describe("the data of a database", () => {
  it("is kept by replication or persistence", async () => {
    expect(await upgraded({ persistence: "disabled" })).toMatchObject({ lostKeys: 0, keys: 1002 });
    expect(await upgraded({ replication: false })).toMatchObject({ lostKeys: 0, keys: 1002 });
    expect(await upgraded({ replication: false, persistence: "snapshot" })).toMatchObject({ lostKeys: 0 });
    expect(await upgraded({}, { may_discard_data: true })).toMatchObject({ lostKeys: 0, keys: 1002 });
  });

  it("is lost without both, whether requested or not", async () => {
    const { trial, ...result } = await upgraded({ replication: false, persistence: "disabled" });
    expect(result).toMatchObject({ lostKeys: 1002, keys: 0 });
    expect(trial.cluster.lostKeys).toBe(1002);
  });

  it("is always discarded with force_discard", async () => {
    expect(await upgraded({}, { force_discard: true })).toMatchObject({ lostKeys: 1002, keys: 0 });
  });

  it("is protected by servers that require consent", async () => {
    const spec = { ...CACHE, replication: false, persistence: "disabled" } as const;
    const trial = new Trial({ databases: [spec], switches: { missingConsent: "refused" } });
    const item = trial.item("search", "2.10.17");
    expect(await trial.upgradeModules([item])).toMatchObject({ status: 400, code: "upgrade_bdb_failed" });
    expect((await trial.upgrade({})).status).toBe(400);
    expect((await trial.upgradeModules([item], { may_discard_data: true })).status).toBe(200);
  });

  it("is lost in the same way when modules are upgraded", async () => {
    const trial = new Trial({ databases: [{ ...CACHE, replication: false, persistence: "disabled" }] });
    await trial.upgradeModules([trial.item("search", "2.10.17")]);
    trial.settle();
    expect(trial.cluster.lostKeys).toBe(1000);
  });
});

describe("the shards of a database", () => {
  it("fail over once, and once more to preserve their roles", async () => {
    expect(await upgraded({})).toMatchObject({ failovers: 4, firstRole: "slave" });
    expect(await upgraded({}, { preserve_roles: true })).toMatchObject({ failovers: 8, firstRole: "master" });
    expect(await upgraded({ replication: false })).toMatchObject({ failovers: 0, firstRole: "master" });
  });

  it("restart all at once, or in groups, which takes longer", async () => {
    const all = await upgraded({});
    const two = await upgraded({}, { parallel_shards_upgrade: 2 });
    const one = await upgraded({}, { parallel_shards_upgrade: 1 });
    expect([two.took - all.took, one.took - all.took]).toEqual([5000, 15_000]);
  });

  it("report the new version one after the other while they restart", async () => {
    const trial = new Trial({ databases: [{ shards: 3, redisVersion: "7.4", replication: false }] });
    const { action_uid: uid } = (await trial.upgrade({ redis_version: "8.0", parallel_shards_upgrade: 1 })).json;
    trial.clock.advance(1500);
    const seen: string[] = [];
    for (let at = 0; at < 3; at += 1) {
      const { json } = await trial.get(`/v1/actions/${uid}`);
      expect(json).toMatchObject({ state: "wait_for_version", status: "active" });
      const versions = trial.cluster.database(1).shards.map((shard) => shard.version[0]);
      seen.push(`${versions.join("")} ${Object.keys(json["pending_ops"] ?? {})}`);
      trial.clock.advance(5000);
    }
    expect(seen).toEqual(["777 1", "877 2", "887 3"]);
    expect((await trial.database()).redis_version).toBe("7.4");
  });

  it("wait for a node that is down", async () => {
    const trial = new Trial({ databases: [{ ...CACHE, shards: 3 }] });
    await trial.upgrade({ redis_version: "8.0" });
    trial.clock.advance(1000);
    trial.cluster.control.stopNode(3);
    trial.clock.advance(600_000);
    expect((await trial.database()).status).toBe("active-change-pending");
    trial.cluster.control.startNode(3);
    trial.settle();
    expect(await trial.database()).toMatchObject({ status: "active", redis_version: "8.0" });
  });
});
