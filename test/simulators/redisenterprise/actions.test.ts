import { describe, expect, it } from "vitest";
import { CACHE, type Reply, Trial } from "./trial";

const newTrial = (options: ConstructorParameters<typeof Trial>[0] = {}) =>
  new Trial({ databases: [CACHE], ...options });

async function start(trial: Trial): Promise<string> {
  return String((await trial.upgradeModules([trial.item("search", "2.10.17")])).json["action_uid"]);
}

/** Everything a poller sees of one action until it has ended. */
async function watch(trial: Trial, uid: string, version = "v1"): Promise<Reply["json"][]> {
  const seen: Reply["json"][] = [];
  for (;;) {
    const { json } = await trial.get(`/${version}/actions/${uid}`);
    seen.push(json);
    const next = trial.cluster.nextEventAt();
    if (next === undefined) return seen;
    trial.clock.set(next);
  }
}

describe("a state machine", () => {
  it("goes through its states in v1 words", async () => {
    const trial = newTrial();
    const uid = await start(trial);
    const seen = await watch(trial, uid);
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

  it("goes through fewer without a replica, through more to preserve roles", async () => {
    const states = async (replication: boolean, body: object) => {
      const trial = newTrial({ databases: [{ ...CACHE, replication }] });
      const { json } = await trial.upgrade(body);
      const seen = await watch(trial, String(json["action_uid"]));
      return seen.map((one) => one["state"]).filter(Boolean);
    };
    expect(await states(false, { redis_version: "8.0" })).toEqual(["init", "wait_for_version", "configure_shards"]);
    expect(await states(false, { redis_version: "7.4" })).toEqual(["init", "restart"]);
    expect((await states(true, { preserve_roles: true })).at(-1)).toBe("second_failover");
  });

  it("has other words and numbers in v2", async () => {
    const trial = newTrial();
    const uid = await start(trial);
    const seen = await watch(trial, uid, "v2");
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

  it("is listed with the cluster, and with its database", async () => {
    const trial = newTrial({ databases: [CACHE, CACHE] });
    const uid = await start(trial);
    const list = await trial.data<{ "state-machines": { action_uid: string }[] }>("GET", "/v1/actions");
    expect(list["state-machines"].map((one) => one.action_uid)).toEqual([uid]);
    expect(await trial.data("GET", "/v1/actions/bdb/1")).toMatchObject([{ action_uid: uid, object_name: "bdb:1" }]);
    expect(await trial.data("GET", "/v1/actions/bdb/2")).toEqual([]);
    expect((await trial.get("/v1/actions/bdb/3")).code).toBe("db_not_exist");
  });

  it("is forgotten for the next one, with its database, or at its end", async () => {
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

describe("a failure", () => {
  it("leaves the database pending, with the error in every view", async () => {
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

  it("may come after some of the shards, and in other words", async () => {
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

  it("is retried by an operator, which is an action too", async () => {
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

  it("is put away by an operator, and the upgrade asked for again", async () => {
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
