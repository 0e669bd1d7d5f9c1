import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareKernel, newest } from "./kernel";
import { BATCH, type CallOptions, FROM, ID, JOB_NAME, LATEST, MINUTE, P, type Reply, Trial } from "./trial";

describe("the version of an instance", () => {
  it("is returned with the version that an upgrade leads to", async () => {
    const trial = new Trial();
    expect(await trial.version()).toEqual({
      upgrade_flag: true,
      datastore: {
        current_version: "8.0.22",
        current_kernel_version: FROM,
        latest_version: "8.0.22",
        latest_kernel_version: LATEST,
      },
    });
    trial.cloud.control.setKernel("2.0.81.1");
    expect(await trial.version()).toMatchObject({
      upgrade_flag: false,
      datastore: { current_kernel_version: "2.0.81.1", latest_kernel_version: "2.0.81.1" },
    });
    trial.cloud.control.offer("2.0.81.28", { instance: ID });
    expect((await trial.version()).datastore.latest_kernel_version).toBe("2.0.81.28");
    expect((await trial.get(`${P}/instances/${"0".repeat(32)}in07/database-version`)).code).toBe("DBS.201028");
    expect((await trial.get(`${P}/instances/abc/database-version`)).code).toBe("DBS.280404");
  });
});

describe("kernel versions", () => {
  it("are compared numerically, although the fourth part changes its format", () => {
    const ordered = [
      "2.0.28.7",
      "2.0.28.18",
      "2.0.48.231200",
      "2.0.51.240305",
      "2.0.69.250900",
      "2.0.75",
      "2.0.75.28",
      "2.0.78.260600",
    ];
    expect([...ordered].reverse().sort(compareKernel)).toEqual(ordered);
    expect(newest(ordered.map((kernel) => ({ kernel })))).toBe("2.0.78.260600");
    expect(newest([])).toBeUndefined();
  });

  it("are compared antisymmetrically", () => {
    const version = fc.array(fc.nat(300_000), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareKernel(a, b))).toBe(0 - Math.sign(compareKernel(b, a)));
      }),
    );
  });
});

describe("a batch upgrade", () => {
  it("returns success, and the instance goes through its states", async () => {
    const trial = new Trial();
    const reply = await trial.batch({ [ID]: FROM });
    expect([reply.status, reply.json]).toEqual([200, { resp: "success" }]);
    const seen: string[] = [];
    for (let minutes = 0; minutes < 20; minutes += 1) {
      const [job] = await trial.jobs();
      const { current_kernel_version } = (await trial.version()).datastore;
      const line = [job?.status, await trial.status(), current_kernel_version].join(" ");
      if (seen.at(-1) !== line) seen.push(line);
      trial.clock.advance(MINUTE);
    }
    expect(seen).toEqual([
      ` ACTIVE ${FROM}`,
      `Running MODIFYING ${FROM}`,
      `Running REBOOTING ${FROM}`,
      `Completed ACTIVE ${LATEST}`,
    ]);
    expect(await trial.version()).toMatchObject({ upgrade_flag: false });
    expect(trial.cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("upgrades several instances, each with its own job", async () => {
    const trial = new Trial({ instances: 3 });
    const ids = trial.cloud.instances.map((one) => one.id);
    await trial.batch(Object.fromEntries(ids.map((id) => [id, FROM])));
    trial.settle();
    expect(trial.cloud.instances.map((one) => one.kernel)).toEqual([LATEST, LATEST, LATEST]);
    expect((await trial.jobs()).map((job) => job.instance_id).sort()).toEqual([...ids].sort());
  });

  it.each([true, "true", false, "false"])("accepts delay %j", async (delay) => {
    const trial = new Trial();
    expect((await trial.batch({ [ID]: FROM }, delay)).status).toBe(200);
    expect(trial.cloud.schedules).toHaveLength(String(delay) === "true" ? 1 : 0);
  });

  const bodies: [string, CallOptions, string][] = [
    ["no body", {}, "DBS.200006"],
    ["null", { rawBody: "null" }, "DBS.200006"],
    ["a body that is not JSON", { rawBody: "{" }, "DBS.280001"],
    ["no list", { body: { delay: false } }, "DBS.280001"],
    ["an empty list", { body: { databases_instance_infos: [], delay: false } }, "DBS.280001"],
    ["no delay", { body: { databases_instance_infos: [{ instance_id: ID, current_version: FROM }] } }, "DBS.280001"],
    ["no version", { body: { databases_instance_infos: [{ instance_id: ID }], delay: false } }, "DBS.280001"],
    [
      "a field of the old request",
      { body: { databases_instance_infos: [], delay: false, is_skip_validate: true } },
      "DBS.280001",
    ],
  ];

  it.each(bodies)("is rejected with %s", async (_, options, code) => {
    const trial = new Trial();
    const reply = await trial.call("POST", BATCH, options);
    expect([reply.status, reply.code]).toEqual([400, code]);
    expect(trial.cloud.acceptedUpgrades).toEqual([]);
    expect(trial.cloud.writes()).toHaveLength(1);
  });

  it("accepts at most 100 instances of one version, or depending on the switches", async () => {
    const trial = new Trial({ instances: 101, timings: "instant" });
    const { control } = trial.cloud;
    const all = Object.fromEntries(trial.cloud.instances.map((one) => [one.id, FROM]));
    expect((await trial.batch(all)).code).toBe("DBS.280001");
    control.setSwitches({ batchLimit: null });
    control.setKernel("2.0.72.1");
    expect((await trial.batch({ ...all, [ID]: "2.0.72.1" })).code).toBe("DBS.280001");
    control.setSwitches({ mixedVersions: "accept" });
    expect((await trial.batch({ ...all, [ID]: "2.0.72.1" })).status).toBe(200);
    expect(new Set(trial.cloud.instances.map((one) => one.kernel))).toEqual(new Set([LATEST]));
  });

  it("is all or nothing, or partial", async () => {
    const trial = new Trial({ instances: 2 });
    const [, other] = trial.cloud.instances;
    trial.cloud.control.deny(ID);
    const both = { [ID]: FROM, [other?.id ?? ""]: FROM };
    const reply = await trial.batch(both);
    expect([reply.status, reply.code]).toEqual([403, "DBS.201003"]);
    expect(trial.cloud.jobs).toEqual([]);
    trial.cloud.control.setSwitches({ batch: "partial" });
    expect((await trial.batch(both)).json).toEqual({ resp: "success" });
    expect(trial.cloud.jobs.map((job) => job.instanceId)).toEqual([other?.id]);
    expect((await trial.batch(both)).code).toBe("DBS.201003");
  });
});

describe("an upgrade is refused", () => {
  const cases: [string, (trial: Trial) => void, number, string][] = [
    ["at the latest version", ({ cloud }) => cloud.control.setKernel(LATEST), 400, "DBS.05000008"],
    ["for a missing instance", ({ cloud }) => cloud.control.removeInstance(ID), 400, "DBS.200022"],
    ["for a frozen instance", ({ cloud }) => cloud.control.setStatus("FROZEN"), 400, "DBS.280449"],
    ["if the storage is full", ({ cloud }) => cloud.control.setStatus("STORAGE FULL"), 409, "DBS.200316"],
    ["during a backup", ({ cloud }) => cloud.control.setStatus("BACKING UP", { ms: 1 }), 409, "DBS.201205"],
    ["for a busy instance", ({ cloud }) => cloud.control.setStatus("SWITCHOVER"), 409, "DBS.200019"],
    ["for a faulty instance", ({ cloud }) => cloud.control.setStatus("FAILED"), 409, "DBS.200019"],
    ["if upgrades of the instance are denied", ({ cloud }) => cloud.control.deny(), 403, "DBS.201003"],
    [
      "for a user without the permission",
      ({ cloud }) => cloud.control.iam.deny(["gaussdbformysql:instance:upgrade"]),
      403,
      "DBS.200010",
    ],
    ["for a user of other enterprise projects", ({ cloud }) => cloud.control.iam.confine(["e1"]), 403, "DBS.201003"],
  ];

  it.each(cases)("%s", async (_, prepare, status, code) => {
    const trial = new Trial();
    prepare(trial);
    const { kernel = FROM } = trial.cloud.instances[0] ?? {};
    const reply = await trial.batch({ [ID]: kernel });
    expect([reply.status, reply.code]).toEqual([status, code]);
    const one = await trial.call("POST", `${P}/instances/${ID}/db-upgrade`, { body: { delay: false } });
    expect([one.status, one.code]).toEqual([status, code]);
  });

  it("from a version that is not the instance's, depending on the switch", async () => {
    const trial = new Trial();
    expect((await trial.batch({ [ID]: "2.0.75.28" })).code).toBe("DBS.280001");
    trial.cloud.control.setSwitches({ wrongCurrentVersion: "accept" });
    expect((await trial.batch({ [ID]: "2.0.75.28" })).status).toBe(200);
  });

  it("while another one is accepted or in progress, and no longer", async () => {
    const trial = new Trial();
    await trial.upgrade();
    expect((await trial.batch({ [ID]: FROM })).code).toBe("DBS.200019");
    trial.clock.advance(10 * MINUTE);
    expect((await trial.batch({ [ID]: FROM })).status).toBe(409);
    trial.settle();
    trial.cloud.control.offer("2.0.81.1");
    expect((await trial.batch({ [ID]: LATEST })).status).toBe(200);
  });

  it("in a temporary state until it ends", async () => {
    const trial = new Trial();
    trial.cloud.control.setStatus("BACKING UP", { ms: MINUTE });
    expect(await trial.status()).toBe("BACKING UP");
    trial.clock.advance(MINUTE);
    expect(await trial.status()).toBe("ACTIVE");
    expect((await trial.batch({ [ID]: FROM })).status).toBe(200);
  });

  it("at the latest version, with the status of the switch", async () => {
    const trial = new Trial({ kernel: LATEST, switches: { alreadyLatestStatus: 409 } });
    const reply = await trial.batch({ [ID]: LATEST });
    expect([reply.status, reply.json["error_msg"]]).toEqual([
      409,
      "The current version is the latest. No update is available.",
    ]);
  });

  it("for a missing instance and unknown fields, depending on the switches", async () => {
    const trial = new Trial({
      switches: { missingForUpgrade: "DBS.200408", missingForRead: "DBS.290005", unknownFields: "ignore" },
    });
    const missing = `${"0".repeat(32)}in07`;
    const reply = await trial.batch({ [missing]: FROM });
    expect([reply.status, reply.code]).toEqual([404, "DBS.200408"]);
    expect((await trial.get(`${P}/instances/${missing}`)).code).toBe("DBS.290005");
    const body = { delay: false, is_skip_validate: true };
    expect((await trial.call("POST", `${P}/instances/${ID}/db-upgrade`, { body })).status).toBe(200);
  });
});

const preCheckOf = (ids: readonly string[], version = FROM) => ({
  body: { databases_instance_infos: ids.map((instance_id) => ({ instance_id, current_version: version })) },
});
const preCheck = (trial: Trial, ids: readonly string[] = [ID], version = FROM): Promise<Reply> =>
  trial.call("POST", `${BATCH}/pre-check`, preCheckOf(ids, version));
const preCheckResult = (trial: Trial, ids: readonly string[] = [ID], version = FROM): Promise<Reply> =>
  trial.call("POST", `${BATCH}/pre-check-result`, preCheckOf(ids, version));

describe("a pre-check", () => {
  it("is a job, then a result with four rows", async () => {
    const trial = new Trial();
    const { json } = await preCheck(trial);
    expect(json["job_ids"]).toHaveLength(1);
    expect((await preCheckResult(trial)).json).toEqual({
      upgrade_precheck_result: "false",
      updated_at: 0,
      upgrade_precheck_detail: [],
    });
    trial.clock.advance(MINUTE);
    const { json: found } = await preCheckResult(trial);
    expect(found).toMatchObject({ upgrade_precheck_result: "true", updated_at: trial.clock.now() - 40_000 });
    expect(found["upgrade_precheck_detail"]).toMatchObject([
      { check_item: "Upgrade permission check", check_object: ID, check_status: "passed" },
      { check_item: "Instance version check", check_status: "passed" },
      { check_item: "Resource check", check_status: "passed" },
      { check_item: "Upgrade feature compatibility check", check_status: "passed" },
    ]);
    const [id] = json["job_ids"] as string[];
    expect((await trial.job(id ?? "")).status).toBe("Completed");
    expect(trial.cloud.acceptedUpgrades).toEqual([]);
    expect(trial.cloud.writes()).toEqual([]);
  });

  it("reports what an upgrade would fail for", async () => {
    const trial = new Trial({ instances: 2 });
    const ids = trial.cloud.instances.map((one) => one.id);
    trial.cloud.control.setConditions({ collation: "utf8mb4_general_ci", replicaLagSeconds: 900 });
    trial.cloud.control.deny(ids[1]);
    await preCheck(trial, ids);
    trial.clock.advance(MINUTE);
    const { json } = await preCheckResult(trial, ids);
    expect(json["upgrade_precheck_result"]).toBe("false");
    const rows = json["upgrade_precheck_detail"] as {
      check_item: string;
      check_object: string;
      check_status: string;
    }[];
    const failed = rows.filter((row) => row.check_status === "failed");
    expect(failed.map((row) => [row.check_object, row.check_item])).toEqual([
      [ids[0], "Resource check"],
      [ids[0], "Upgrade feature compatibility check"],
      [ids[1], "Upgrade permission check"],
    ]);
  });

  it("fails the version check at the latest version", async () => {
    const trial = new Trial({ kernel: LATEST });
    await preCheck(trial, [ID], LATEST);
    trial.clock.advance(MINUTE);
    expect((await preCheckResult(trial, [ID], LATEST)).json["upgrade_precheck_result"]).toBe("false");
  });

  it("is rejected for more than 100 instances or several versions", async () => {
    const trial = new Trial({ instances: 101 });
    expect(
      (
        await preCheck(
          trial,
          trial.cloud.instances.map((one) => one.id),
        )
      ).code,
    ).toBe("DBS.280001");
    trial.cloud.control.setKernel("2.0.72.1");
    const [, other] = trial.cloud.instances;
    expect((await preCheck(trial, [ID, other?.id ?? ""])).code).toBe("DBS.280001");
    expect((await preCheck(trial, [`${"0".repeat(32)}in07`])).code).toBe("DBS.200022");
  });

  it("is rejected for a busy instance depending on the switch, and has no result before it ends", async () => {
    const trial = new Trial({ switches: { preCheckUnfinished: "error" } });
    await trial.upgrade();
    expect((await preCheckResult(trial)).code).toBe("DBS.200543");
    expect((await preCheck(trial)).status).toBe(200);
    trial.cloud.control.setSwitches({ preCheckWhileBusy: "refuse" });
    expect((await preCheck(trial)).code).toBe("DBS.200019");
  });

  it("does not exist in every region", async () => {
    const trial = new Trial();
    trial.cloud.control.setFeatures(["unifyStatus"]);
    expect([(await preCheck(trial)).status, (await preCheckResult(trial)).code]).toEqual([404, "APIGW.0101"]);
  });
});

describe("an accepted upgrade", () => {
  it("can fail with a reason, and leaves the version unchanged", async () => {
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

  it("can leave the instance FAILED, or REBOOTING for a while", async () => {
    const trial = new Trial({ timings: { settleMs: 3 * MINUTE } });
    for (const _ of [1, 2]) {
      await trial.upgrade();
      trial.clock.advance(19 * MINUTE);
      expect(await trial.status()).toBe("REBOOTING");
      trial.clock.advance(3 * MINUTE);
      expect(await trial.status()).toBe("ACTIVE");
      trial.cloud.control.setKernel("2.0.69.250900");
    }
    trial.cloud.control.damage();
    await trial.upgrade();
    trial.settle();
    expect([await trial.status(), (await trial.version()).upgrade_flag]).toEqual(["FAILED", false]);
  });

  it("fails immediately if a prerequisite is not met", async () => {
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

  it("can have no effect and no job", async () => {
    const trial = new Trial();
    trial.cloud.control.vanish();
    expect((await trial.batch({ [ID]: FROM })).status).toBe(200);
    trial.clock.advance(60 * MINUTE);
    expect([await trial.jobs(), await trial.status(), trial.cloud.nextEventAt()]).toEqual([[], "ACTIVE", undefined]);
    expect((await trial.version()).upgrade_flag).toBe(true);
  });

  it("can have no effect when its window opens", async () => {
    const trial = new Trial();
    trial.cloud.control.vanish();
    const id = await trial.upgrade(ID, true);
    trial.settle();
    expect([(await trial.job(id)).status, await trial.jobs()]).toEqual(["Completed", []]);
    expect((await trial.version()).upgrade_flag).toBe(true);
  });

  it("can complete with the instance still outdated", async () => {
    const trial = new Trial({ instances: 2 });
    const [, other] = trial.cloud.instances;
    trial.cloud.control.fallBehind({ instance: ID });
    trial.cloud.control.fallBehind({ instance: other?.id ?? "", to: "2.0.72.1" });
    await trial.batch({ [ID]: FROM, [other?.id ?? ""]: FROM });
    trial.settle();
    expect((await trial.jobs()).map((job) => job.status)).toEqual(["Completed", "Completed"]);
    expect(trial.cloud.instances.map((one) => one.kernel)).toEqual([FROM, "2.0.72.1"]);
  });

  it("can hang until it is continued", async () => {
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

  it("can wait for approval, and is then run or canceled", async () => {
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

  it("can report any status", async () => {
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
  ])("changes the reported version %i ms after the end of the job", async (versionLagMs, expected) => {
    const trial = new Trial({ timings: { versionLagMs } });
    const id = await trial.upgrade();
    trial.clock.advance(30_000 + 18 * MINUTE + Math.min(0, versionLagMs));
    const { current_kernel_version } = (await trial.version()).datastore;
    expect([(await trial.job(id)).status, current_kernel_version]).toEqual(expected);
    trial.settle();
    expect((await trial.version()).datastore.current_kernel_version).toBe(LATEST);
  });

  it("leads to the version that is newest when it starts", async () => {
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

  it("can report only the next round, or be upgraded in one step", async () => {
    const trial = new Trial({ kernel: "2.0.48.231200", switches: { latestShown: "nextRound" } });
    expect((await trial.version()).datastore.latest_kernel_version).toBe("2.0.51.240305");
    trial.cloud.control.setSwitches({ rounds: false });
    await trial.upgrade();
    trial.settle();
    expect((await trial.version()).datastore.current_kernel_version).toBe(LATEST);
  });
});

describe("simulated time", () => {
  it("leads to the same final state however often the simulator is called", () => {
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

  it("advances quickly with five thousand upgrades", { timeout: 60_000 }, async () => {
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
