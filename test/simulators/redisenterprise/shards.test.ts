import { describe, expect, it } from "vitest";
import type { DatabaseSpec } from ".";
import { CACHE, Trial } from "./trial";

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

describe("data", () => {
  it("is kept by a replica or by a file", async () => {
    expect(await upgraded({ persistence: "disabled" })).toMatchObject({ lostKeys: 0, keys: 1002 });
    expect(await upgraded({ replication: false })).toMatchObject({ lostKeys: 0, keys: 1002 });
    expect(await upgraded({ replication: false, persistence: "snapshot" })).toMatchObject({ lostKeys: 0 });
    expect(await upgraded({}, { may_discard_data: true })).toMatchObject({ lostKeys: 0, keys: 1002 });
  });

  it("is lost without both, asked or not", async () => {
    const { trial, ...result } = await upgraded({ replication: false, persistence: "disabled" });
    expect(result).toMatchObject({ lostKeys: 1002, keys: 0 });
    expect(trial.cluster.lostKeys).toBe(1002);
  });

  it("is thrown away by force_discard wherever it is", async () => {
    expect(await upgraded({}, { force_discard: true })).toMatchObject({ lostKeys: 1002, keys: 0 });
  });

  it("is guarded by servers that ask for consent", async () => {
    const spec = { ...CACHE, replication: false, persistence: "disabled" } as const;
    const trial = new Trial({ databases: [spec], switches: { missingConsent: "refused" } });
    const item = trial.item("search", "2.10.17");
    expect(await trial.upgradeModules([item])).toMatchObject({ status: 400, code: "upgrade_bdb_failed" });
    expect((await trial.upgrade({})).status).toBe(400);
    expect((await trial.upgradeModules([item], { may_discard_data: true })).status).toBe(200);
  });

  it("of modules is lost the same way", async () => {
    const trial = new Trial({ databases: [{ ...CACHE, replication: false, persistence: "disabled" }] });
    await trial.upgradeModules([trial.item("search", "2.10.17")]);
    trial.settle();
    expect(trial.cluster.lostKeys).toBe(1000);
  });
});

describe("shards", () => {
  it("fail over once, and once more to preserve their roles", async () => {
    expect(await upgraded({})).toMatchObject({ failovers: 4, firstRole: "slave" });
    expect(await upgraded({}, { preserve_roles: true })).toMatchObject({ failovers: 8, firstRole: "master" });
    expect(await upgraded({ replication: false })).toMatchObject({ failovers: 0, firstRole: "master" });
  });

  it("restart all at once, or a few at a time, which takes longer", async () => {
    const all = await upgraded({});
    const two = await upgraded({}, { parallel_shards_upgrade: 2 });
    const one = await upgraded({}, { parallel_shards_upgrade: 1 });
    expect([two.took - all.took, one.took - all.took]).toEqual([5000, 15_000]);
  });

  it("show the new version one after the other, while they restart", async () => {
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
