import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FROM, ID, JOB_NAME, LATEST, MINUTE, P, Trial } from "./trial";

describe("what becomes of an upgrade", () => {
  it("is a failure with a reason; the version stays", async () => {
    const trial = new Trial();
    trial.cloud.control.fail({ reason: "Replica lag.", percent: 30 });
    const id = await trial.upgrade();
    trial.settle();
    expect(await trial.job(id)).toMatchObject({ status: "Failed", fail_reason: "Replica lag.", process: "" });
    expect((await trial.jobs({ status: "Failed" }))[0]).toMatchObject({ job_id: id, fail_reason: "Replica lag." });
    expect([await trial.status(), (await trial.version()).upgrade_flag]).toEqual(["ACTIVE", true]);
    await trial.upgrade();
    trial.settle();
    expect((await trial.version()).upgrade_flag).toBe(false);
  });

  it("is a failure at once where a precondition is not met", async () => {
    const trial = new Trial();
    trial.cloud.control.setConditions({ binlogOff: true, replicaLagSeconds: 301 });
    const id = await trial.upgrade();
    trial.settle();
    const { status, fail_reason } = await trial.job(id);
    expect([status, fail_reason]).toEqual([
      "Failed",
      "rds_global_sql_log_bin must be ON. The replication delay of read replicas must not exceed 300 seconds.",
    ]);
  });

  it("is nothing at all", async () => {
    const trial = new Trial();
    trial.cloud.control.vanish();
    expect((await trial.batch({ [ID]: FROM })).status).toBe(200);
    trial.clock.advance(60 * MINUTE);
    expect([await trial.jobs(), await trial.status(), trial.cloud.nextEventAt()]).toEqual([[], "ACTIVE", undefined]);
    expect((await trial.version()).upgrade_flag).toBe(true);
  });

  it("is nothing at all when its window comes", async () => {
    const trial = new Trial();
    trial.cloud.control.vanish();
    const id = await trial.upgrade(ID, true);
    trial.settle();
    expect([(await trial.job(id)).status, await trial.jobs()]).toEqual(["Completed", []]);
    expect((await trial.version()).upgrade_flag).toBe(true);
  });

  it("is Completed, and still behind", async () => {
    const trial = new Trial({ instances: 2 });
    const [, other] = trial.cloud.instances;
    trial.cloud.control.fallBehind({ instance: ID });
    trial.cloud.control.fallBehind({ instance: other?.id ?? "", to: "2.0.72.1" });
    await trial.batch({ [ID]: FROM, [other?.id ?? ""]: FROM });
    trial.settle();
    expect((await trial.jobs()).map((job) => job.status)).toEqual(["Completed", "Completed"]);
    expect(trial.cloud.instances.map((one) => one.kernel)).toEqual([FROM, "2.0.72.1"]);
  });

  it("is a standstill until it goes on", async () => {
    const trial = new Trial();
    trial.cloud.control.hang({ percent: 40 });
    const id = await trial.upgrade();
    trial.clock.advance(120 * MINUTE);
    expect(await trial.job(id)).toMatchObject({ status: "Running", process: "40%" });
    trial.cloud.control.unhang();
    expect((await trial.job(id)).process).toBe("40%");
    expect(trial.settle()).toBeCloseTo(0.6 * 18 * MINUTE, -4);
    expect(await trial.job(id)).toMatchObject({ status: "Completed" });
  });

  it("waits for approval, and is then run or canceled", async () => {
    const trial = new Trial();
    const { control } = trial.cloud;
    control.awaitApproval({ times: 2 });
    const first = await trial.upgrade();
    trial.clock.advance(60 * MINUTE);
    expect((await trial.job(first)).status).toBe("Unauthorized");
    control.cancelJob(first);
    expect((await trial.job(first)).status).toBe("Canceled");
    const second = await trial.upgrade();
    control.approve(second);
    trial.settle();
    expect((await trial.job(second)).status).toBe("Completed");
    expect(() => control.approve(second)).toThrow("not Unauthorized");
  });

  it("may show any status", async () => {
    const trial = new Trial();
    const id = await trial.upgrade();
    trial.clock.advance(MINUTE);
    trial.cloud.control.showStatus("Unknown");
    expect((await trial.job(id)).status).toBe("Unknown");
    trial.cloud.control.showStatus(null);
    trial.cloud.control.failJob("Stopped by hand.");
    expect(await trial.job(id)).toMatchObject({ status: "Failed", fail_reason: "Stopped by hand." });
    expect(() => trial.cloud.control.failJob("again")).toThrow("is over");
  });

  it.each([
    [-5 * MINUTE, ["Running", LATEST]],
    [5 * MINUTE, ["Completed", FROM]],
  ])("is seen in the version %i ms after the job's end", async (versionLagMs, expected) => {
    const trial = new Trial({ timings: { versionLagMs } });
    const id = await trial.upgrade();
    trial.clock.advance(30_000 + 18 * MINUTE + Math.min(0, versionLagMs));
    const { current_kernel_version } = (await trial.version()).datastore;
    expect([(await trial.job(id)).status, current_kernel_version]).toEqual(expected);
    trial.settle();
    expect((await trial.version()).datastore.current_kernel_version).toBe(LATEST);
  });

  it("leads to what is the newest when it starts", async () => {
    const trial = new Trial();
    await trial.upgrade();
    trial.cloud.control.offer("2.0.81.1");
    trial.settle();
    expect((await trial.version()).datastore.current_kernel_version).toBe("2.0.81.1");
  });
});

describe("an old kernel", () => {
  it("needs three rounds and a confirmation in the console", async () => {
    const trial = new Trial({ kernel: "2.0.48.231200" });
    const round = async () => {
      const before = await trial.version();
      await trial.upgrade();
      trial.settle();
      return before;
    };
    expect((await round()).datastore.latest_kernel_version).toBe(LATEST);
    expect((await trial.version()).datastore.current_kernel_version).toBe("2.0.51.240305");
    await round();
    expect(await trial.version()).toMatchObject({ upgrade_flag: true });
    await round();
    expect(await trial.version()).toMatchObject({
      upgrade_flag: false,
      datastore: { current_kernel_version: "2.0.51.240305", latest_kernel_version: LATEST },
    });
    expect((await trial.batch({ [ID]: "2.0.51.240305" })).code).toBe("DBS.200086");
    trial.cloud.control.applyUpgrade();
    expect((await trial.version()).datastore.current_kernel_version).toBe(LATEST);
    expect(() => trial.cloud.control.applyUpgrade()).toThrow("waits to be confirmed");
  });

  it("may be shown the next round only, or go all the way at once", async () => {
    const trial = new Trial({ kernel: "2.0.48.231200", switches: { latestShown: "nextRound" } });
    expect((await trial.version()).datastore.latest_kernel_version).toBe("2.0.51.240305");
    trial.cloud.control.setSwitches({ rounds: false });
    await trial.upgrade();
    trial.settle();
    expect((await trial.version()).datastore.current_kernel_version).toBe(LATEST);
  });
});

describe("time", () => {
  it("brings the same upgrades to the same end however often it is asked", () => {
    const run = async (steps: readonly number[]): Promise<string> => {
      const trial = new Trial({ instances: 3, timings: { jitter: 0.2, versionLagMs: 3000 } });
      const { control } = trial.cloud;
      control.fail({ instance: trial.cloud.instances[1]?.id ?? "" });
      await trial.batch(Object.fromEntries(trial.cloud.instances.map((one) => [one.id, FROM])));
      control.setStatus("BACKING UP", { ms: 1000 });
      const end = trial.clock.now() + 10 * 60 * MINUTE;
      for (const step of steps) {
        trial.clock.advance(step);
        trial.cloud.tick();
      }
      trial.clock.set(end);
      return JSON.stringify(trial.cloud.export());
    };
    return fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 * MINUTE }), { maxLength: 20 }), async (steps) => {
        expect(await run(steps)).toBe(await run([]));
      }),
      { numRuns: 20 },
    );
  });

  it("is no matter for five thousand upgrades", { timeout: 60_000 }, async () => {
    const trial = new Trial({ instances: 5_000, timings: { jitter: 0.5 } });
    const ids = trial.cloud.instances.map((one) => one.id);
    for (let start = 0; start < ids.length; start += 100) {
      await trial.batch(Object.fromEntries(ids.slice(start, start + 100).map((id) => [id, FROM])));
    }
    while (trial.cloud.nextEventAt() !== undefined) trial.clock.advance(MINUTE);
    expect(trial.cloud.instances.filter((one) => one.kernel === LATEST)).toHaveLength(5_000);
    expect((await trial.get(`${P}/immediate-jobs`, { job_name: JOB_NAME })).json["total_count"]).toBe(5_000);
  });
});
