import { describe, expect, it } from "vitest";
import type { ClusterOptions } from ".";
import { Trial } from "./trial";

const guid = "552bbccb-99f3-4142-bd17-93d245f0bc79";
const UPGRADE = `/v1/crdbs/${guid}/upgrade`;
const OTHER = "other.local";

function pair(options: ClusterOptions = {}): Trial {
  const databases = [{ redisVersion: "7.2", modules: ["search"], crdtGuid: guid, otherClusters: [OTHER] }];
  return new Trial({ softwareVersion: "8.0.18-10", databases, ...options });
}

interface TaskView {
  readonly id: string;
  readonly status: string;
  readonly errors: readonly unknown[];
}

async function start(trial: Trial, headers: Record<string, string> = {}): Promise<string> {
  const { status, json } = await trial.call("POST", UPGRADE, { redis_version: "7.4" }, { headers });
  expect(status).toBe(200);
  return String(json["id"]);
}

const read = (trial: Trial, id: string) => trial.data<TaskView>("GET", `/v1/crdb_tasks/${id}`);

describe("a CRDB task", () => {
  it("has the id that the call names, or one of its own", async () => {
    expect(await start(pair(), { "x-task-id": "mine" })).toBe("mine");
    expect(await start(pair())).toMatch(/^[\da-f-]{36}$/);
    expect(await start(pair({ switches: { crdbTaskNamed: false } }), { "x-task-id": "mine" })).not.toBe("mine");
  });

  it("is queued while nothing shows at the database, then begins there", async () => {
    const trial = pair({ timings: { crdbQueueMs: 60_000 } });
    const id = await start(trial);
    trial.clock.advance(59_000);
    expect(await read(trial, id)).toMatchObject({ status: "queued" });
    expect(trial.cluster.database(1).machine).toBeNull();
    expect(trial.cluster.acceptedUpgrades).toEqual([]);
    trial.clock.advance(2_000);
    expect(await read(trial, id)).toMatchObject({ status: "started" });
    expect(trial.cluster.acceptedUpgrades).toMatchObject([{ call: "crdbs/upgrade", database: 1 }]);
    trial.settle();
    expect(await read(trial, id)).toMatchObject({ status: "finished" });
    expect(trial.cluster.database(1).redisVersion).toBe("7.4");
  });

  it("is over when the last participant is, and listed until then", async () => {
    const trial = pair();
    trial.cluster.control.setParticipant(OTHER, { lastsMs: 120_000 });
    const id = await start(trial);
    trial.clock.advance(119_000);
    expect(trial.cluster.database(1)).toMatchObject({ status: "active", redisVersion: "7.4" });
    expect(await read(trial, id)).toMatchObject({ status: "started" });
    expect(await trial.data("GET", "/v1/crdb_tasks")).toMatchObject([{ id, crdb_guid: guid, status: "started" }]);
    trial.clock.advance(2_000);
    expect(await read(trial, id)).toMatchObject({ status: "finished", errors: [] });
    expect(await trial.data("GET", "/v1/crdb_tasks")).toEqual([]);
    expect((await pair({ switches: { crdbTaskList: false } }).get("/v1/crdb_tasks")).status).toBe(404);
  });

  it("has failed when one of them has, though the database here is upgraded", async () => {
    const trial = pair();
    trial.cluster.control.setParticipant(OTHER, { error: "no memory" });
    const id = await start(trial);
    trial.settle();
    expect(await read(trial, id)).toMatchObject({
      status: "failed",
      errors: [{ cluster_name: OTHER, description: "no memory", error_code: "internal_error" }],
    });
    expect(trial.cluster.database(1).redisVersion).toBe("7.4");
    expect(() => trial.cluster.control.setParticipant("nobody", {})).toThrow(/no Active-Active database/);
  });

  it.each([
    [{}, 500],
    [{ "x-result-ttl": "3600" }, 3_600],
  ])("is remembered for a while after its end (%j)", async (headers, kept) => {
    const trial = pair({ timings: "instant" });
    const id = await start(trial, headers);
    expect(await read(trial, id)).toMatchObject({ status: "finished" });
    trial.clock.advance(kept * 1_000);
    expect(await read(trial, id)).toMatchObject({ status: "finished" });
    trial.clock.advance(1);
    expect((await trial.get(`/v1/crdb_tasks/${id}`)).status).toBe(404);
  });
});

describe("a request for a task", () => {
  it.each(["0", "soon", "-1", ""])("is refused with X-Result-TTL %j", async (ttl) => {
    const reply = await pair().call("POST", UPGRADE, {}, { headers: { "x-result-ttl": ttl } });
    expect(reply.status).toBe(400);
  });

  it("is refused with the id of a task that there is", async () => {
    const trial = pair({ timings: "instant" });
    await start(trial, { "x-task-id": "mine" });
    const reply = await trial.call("POST", UPGRADE, {}, { headers: { "x-task-id": "mine" } });
    expect(reply.status).toBe(400);
  });
});

describe("a module that declares a least Redis alone", () => {
  it.each([
    ["7.22.2-10", 200],
    ["8.0.10-1", 400],
  ])("of another major version is taken by servers before 8.0 (%s: %i)", async (softwareVersion, status) => {
    const trial = new Trial({
      softwareVersion,
      databases: [{ redisVersion: "7.2", modules: [{ name: "rg", version: "1.2.7" }] }],
      modules: [{ name: "rg", version: "1.2.7", minRedisVersion: "6.0.0" }],
    });
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", { redis_version: "7.4" })).status).toBe(status);
  });
});
