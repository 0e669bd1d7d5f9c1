import { describe, expect, it } from "vitest";
import type { ClusterOptions } from ".";
import { CACHE, newTrial, Trial } from "./trial";

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
