import { describe, expect, it } from "vitest";
import type { SwitchChange } from ".";
import { CACHE, Trial } from "./trial";

const newTrial = (switches: SwitchChange = {}, softwareVersion = "100.0.21-16135") =>
  new Trial({ databases: [CACHE], switches, softwareVersion });

const start = (trial: Trial) => trial.upgradeModules([trial.item("search", "2.10.17")]);

describe("the answer to modules/upgrade", () => {
  it("may be a module, without any action", async () => {
    const trial = newTrial({ modulesUpgradeAnswer: "module" });
    const { json } = await start(trial);
    expect(json).toMatchObject({ module_name: "search", semantic_version: "2.10.17", compatible_redis_version: "7.4" });
    expect(json).not.toHaveProperty("action_uid");
    expect(await trial.data("GET", "/v1/actions/bdb/1")).toHaveLength(1);
  });

  it("may be the page's example", async () => {
    expect((await start(newTrial({ modulesUpgradeAnswer: "example" }))).json).toEqual({
      action_uid: expect.any(String),
      uid: 1,
      name: "database-1",
      module_id: "b212cb64b206074750414b81d9fb1135",
      module_name: "search",
      semantic_version: "2.10.17",
    });
  });

  it("may name no action, show none, and be pending at once", async () => {
    const trial = newTrial({
      answersActionUid: false,
      actionUidOnDatabase: false,
      statusAfterCall: "active-change-pending",
    });
    const { json } = await start(trial);
    expect(json).toMatchObject({ status: "active-change-pending" });
    expect(json).not.toHaveProperty("action_uid");
    expect(await trial.database()).not.toHaveProperty("action_uid");
    expect((await trial.upgrade({})).json).not.toHaveProperty("action_uid");
  });
});

describe("a busy database", () => {
  it("answers 409, or 400", async () => {
    const trial = newTrial();
    trial.cluster.control.busy(1);
    expect(await start(trial)).toMatchObject({ status: 409, code: "busy" });
    trial.cluster.control.setSwitches({ busy: "400" });
    expect(await trial.upgrade({})).toMatchObject({ status: 400, code: "busy" });
    trial.cluster.control.finish(1);
    expect((await start(trial)).status).toBe(200);
  });

  it("is busy in any status but active", async () => {
    const trial = newTrial();
    trial.cluster.control.setDatabase(1, { status: "recovery" });
    expect(await start(trial)).toMatchObject({ status: 409, code: "busy" });
  });

  it("lets upgrades wait in order", async () => {
    const trial = newTrial({ busy: "queue" });
    trial.cluster.control.busy(1, { ms: 10_000 });
    trial.clock.advance(1000);
    const { json } = await start(trial);
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

  it("lets an upgrade wait for another that moves what it leaves alone", async () => {
    const trial = newTrial({ busy: "queue" });
    await start(trial);
    await trial.upgrade({ redis_version: "7.4", latest_with_modules: false, force_restart: true });
    trial.settle();
    expect(trial.machine()).toMatchObject({ status: "completed" });
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });

  it("may take an upgrade after one that failed", async () => {
    const trial = newTrial({ afterFailure: "accepted" });
    trial.cluster.control.fail();
    await start(trial);
    trial.settle();
    expect((await start(trial)).status).toBe(200);
    trial.settle();
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });
});

describe("an upgrade that changes nothing", () => {
  const again = async (switches: SwitchChange) => {
    const trial = newTrial(switches);
    await start(trial);
    trial.settle();
    const restarts = trial.cluster.database(1).shardRestarts;
    const reply = await start(trial);
    trial.settle();
    return {
      status: reply.status,
      action: "action_uid" in reply.json,
      machine: trial.machine()?.status,
      restarts: trial.cluster.database(1).shardRestarts - restarts,
      accepted: trial.cluster.acceptedUpgrades.length,
    };
  };

  it("completes at once, starts no action, or is refused", async () => {
    const same = { machine: "completed", restarts: 0 };
    expect(await again({})).toEqual({ ...same, status: 200, action: true, accepted: 2 });
    expect(await again({ noChange: "noAction" })).toEqual({ ...same, status: 200, action: false, accepted: 1 });
    expect(await again({ noChange: "refused" })).toEqual({ ...same, status: 400, action: false, accepted: 1 });
  });

  it("restarts the shards when told to", async () => {
    const trial = newTrial();
    await trial.upgradeModules([{ ...trial.item("search", "2.10.17") }], { force_restart: true });
    trial.settle();
    await trial.upgradeModules([trial.item("search", "2.10.17")], { force_restart: true });
    trial.settle();
    expect(trial.cluster.database(1).shardRestarts).toBe(4);
  });
});

describe("uids of bundled modules on Redis Enterprise 8", () => {
  it("may be ignored although the call is answered 200", async () => {
    const trial = newTrial({ bundledUids: "ignored" });
    expect((await start(trial)).status).toBe(200);
    trial.settle();
    expect(trial.machine()).toMatchObject({ status: "completed" });
    expect(await trial.versions()).toMatchObject({ search: "2.10.8" });
  });

  it("may be refused, and choose nothing in /upgrade when ignored", async () => {
    expect((await start(newTrial({ bundledUids: "refused" }))).status).toBe(400);
    const trial = newTrial({ bundledUids: "ignored" });
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

  it("are honoured before 8, and for modules of one's own", async () => {
    const old = new Trial({
      softwareVersion: "7.22.2-10",
      databases: [{ redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] }],
      switches: { bundledUids: "ignored" },
    });
    await old.upgradeModules([old.item("search", "2.10.14")]);
    old.settle();
    expect(await old.versions()).toEqual({ search: "2.10.14" });
    const own = newTrial({ bundledUids: "refused" });
    own.cluster.control.addModule({ name: "search", version: "2.11.0", compatibleRedisVersion: "7.4" });
    expect((await own.upgradeModules([own.item("search", "2.11.0")])).status).toBe(200);
  });
});
