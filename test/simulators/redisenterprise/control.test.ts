import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printed } from "../printed";
import { ManualClock } from "../shell";
import { RedisEnterpriseCluster } from ".";
import { CACHE, Trial } from "./trial";

const UPGRADE = "/v1/bdbs/1/modules/upgrade";

function newTrial(options: ConstructorParameters<typeof Trial>[0] = {}): Trial {
  return new Trial({ databases: [CACHE], ...options });
}

const search = (trial: Trial, uid = 1) => trial.upgradeModules([trial.item("search", "2.10.17", uid)], {}, uid);

describe("time", () => {
  it("brings the same upgrades to the same end however often it is asked", async () => {
    const run = async (steps: readonly number[]): Promise<string> => {
      const trial = newTrial({ databases: [CACHE, { ...CACHE, shards: 3 }], switches: { busy: "queue" } });
      trial.cluster.control.fail({ database: 2, state: "prepare" });
      trial.cluster.control.busy(1, { ms: 2000 });
      await search(trial);
      await trial.upgrade({ redis_version: "8.0", parallel_shards_upgrade: 1 }, 2);
      const start = trial.clock.now();
      trial.cluster.control.stopNode(1);
      for (const step of steps) {
        trial.clock.advance(step);
        trial.cluster.tick();
      }
      trial.clock.set(start + 100_000);
      trial.cluster.control.startNode(1);
      trial.clock.advance(100_000);
      return JSON.stringify(trial.cluster.export());
    };
    const once = await run([]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 30 }), async (steps) => {
        expect(await run(steps)).toBe(once);
      }),
      { numRuns: 30 },
    );
  });

  it("does not pass at all where everything is instant", async () => {
    const trial = newTrial({ timings: "instant" });
    expect((await search(trial)).json).toMatchObject({
      status: "active",
      module_list: [{ semantic_version: "2.10.8" }, {}],
    });
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
    expect((await trial.database()).status).toBe("active");
  });

  it("is made to pass for one database, hung or not", async () => {
    const trial = newTrial();
    trial.cluster.control.hang({ state: "wait_for_version" });
    await search(trial);
    trial.clock.advance(3_600_000);
    expect(trial.machine()).toMatchObject({ status: "active", hung: true });
    trial.cluster.control.finish(1);
    expect(trial.machine()).toMatchObject({ status: "completed" });
    expect(() => trial.cluster.control.unhang(1)).toThrow("is running");
  });

  it("goes on after a hang", async () => {
    const trial = newTrial();
    trial.cluster.control.hang();
    await search(trial);
    trial.clock.advance(60_000);
    expect(trial.machine()?.at).toBe(0);
    trial.cluster.control.unhang(1);
    trial.settle();
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });
});

describe("a cluster", () => {
  it("runs thousands of upgrades at once", async () => {
    const trial = new Trial();
    const count = 3000;
    const statuses = new Set<number>();
    for (let uid = 1; uid <= count; uid += 1) trial.cluster.control.addDatabase(CACHE);
    for (let uid = 1; uid <= count; uid += 1) {
      trial.clock.advance(1);
      statuses.add((await search(trial, uid)).status);
    }
    expect([...statuses]).toEqual([200]);
    trial.clock.advance(60_000);
    const { databases } = trial.cluster.state;
    expect(databases.filter(({ modules }) => modules[0]?.version === "2.10.17")).toHaveLength(count);
    expect(trial.cluster.nextEventAt()).toBeUndefined();
  });

  it("is upgraded: other modules are listed, and databases with auto_upgrade move of themselves", async () => {
    const trial = new Trial({ softwareVersion: "8.0.10-64", databases: [{ ...CACHE, autoUpgrade: true }, CACHE] });
    trial.cluster.control.addModule({ name: "own", version: "1.0.0" });
    trial.cluster.control.upgradeCluster("8.2.0-25");
    trial.settle();
    expect(await trial.database(1)).toMatchObject({ redis_version: "8.6", status: "active" });
    expect(await trial.database(2)).toMatchObject({ redis_version: "7.4" });
    expect(trial.cluster.acceptedUpgrades).toMatchObject([{ database: 1, call: "auto_upgrade" }]);
    const modules = await trial.data<{ module_name: string; semantic_version: string }[]>("GET", "/v1/modules");
    expect(modules).toContainEqual(expect.objectContaining({ module_name: "own" }));
    expect(modules).not.toContainEqual(expect.objectContaining({ module_name: "search", semantic_version: "2.10.19" }));
  });

  it("leaves an auto_upgrade database alone that cannot move or is busy", async () => {
    const stuck = { redisVersion: "7.4", modules: [{ name: "rg", version: "1.2.5" }], autoUpgrade: true };
    const trial = new Trial({ databases: [stuck, { ...CACHE, autoUpgrade: true }] });
    trial.cluster.control.busy(2);
    trial.cluster.control.upgradeCluster("100.0.22-1");
    expect(trial.cluster.acceptedUpgrades).toEqual([]);
  });

  it("drifts", async () => {
    const trial = newTrial();
    trial.cluster.control.setModule(1, { name: "bf", version: "2.8.7" });
    trial.cluster.control.setModule(1, { name: "search", version: "2.10.20" });
    trial.cluster.control.setRedis(1, "8.0");
    expect(await trial.database()).toMatchObject({ redis_version: "8.0", version: "8.0.0" });
    expect(await trial.versions()).toEqual({ search: "2.10.20", ReJSON: "2.8.4", bf: "2.8.7" });
    expect(() => trial.cluster.control.setModule(1, "rg")).toThrow("no module rg for Redis 8.0");
    expect(() => trial.cluster.control.setModule(9, "bf")).toThrow("no database 9");
  });
});

describe("the journal", () => {
  it("counts writes, lost replies among them, and keeps no secret", async () => {
    const trial = newTrial();
    trial.cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    await expect(search(trial)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await search(trial)).status).toBe(409);
    await trial.call("POST", "/v1/users/authorize");
    expect(trial.cluster.writes().map((entry) => [entry.status, entry.fault])).toEqual([
      [200, "loseReply"],
      [409, undefined],
    ]);
    expect(trial.cluster.acceptedUpgrades).toHaveLength(1);
    expect(JSON.stringify(trial.cluster.journal.entries)).not.toContain("p@ss");
  });

  it("is preceded by hooks that may change the cluster", async () => {
    const trial = newTrial();
    trial.cluster.onCall(({ node }) => trial.cluster.control.setDatabase(1, { name: node }));
    expect((await trial.database()).name).toBe("node1");
  });
});

describe("the state", () => {
  it("is saved in the middle of an upgrade and carried on elsewhere", async () => {
    const first = newTrial();
    await search(first);
    first.clock.advance(3000);
    const state = JSON.parse(JSON.stringify(first.cluster.export()));
    const clock = new ManualClock(first.clock.now());
    const second = new RedisEnterpriseCluster({ clock, state });
    clock.advance(60_000);
    expect(second.database(1).modules[0]?.version).toBe("2.10.17");
    expect(first.machine()?.status).toBe("active");
    first.clock.advance(60_000);
    expect(second.export()).toEqual(first.cluster.export());
  });

  it("is the same for the same seed", async () => {
    const uid = async (seed: number) => (await search(newTrial({ seed }))).json["action_uid"];
    expect(await uid(1)).toBe(await uid(1));
    expect(await uid(1)).not.toBe(await uid(2));
  });
});

describe("npm run simulate", () => {
  it("explains itself and refuses what it does not know", async () => {
    expect(await printed("redis-enterprise", "--help")).toEqual({
      code: 0,
      text: expect.stringContaining("--database"),
    });
    const text = expect.stringContaining("no module nope for Redis 7.4");
    expect(await printed("redis-enterprise", "--database", "cache=7.4:nope")).toEqual({ code: 2, text });
  });
});
