import { describe, expect, it } from "vitest";
import { BATCH, type CallOptions, FROM, ID, LATEST, MINUTE, P, Trial } from "./trial";

describe("the version of an instance", () => {
  it("is told with what an upgrade would lead to", async () => {
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

describe("a batch upgrade", () => {
  it("answers success, and the instance goes through its states", async () => {
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

  it("upgrades several instances, each by a job of its own", async () => {
    const trial = new Trial({ instances: 3 });
    const ids = trial.cloud.instances.map((one) => one.id);
    await trial.batch(Object.fromEntries(ids.map((id) => [id, FROM])));
    trial.settle();
    expect(trial.cloud.instances.map((one) => one.kernel)).toEqual([LATEST, LATEST, LATEST]);
    expect((await trial.jobs()).map((job) => job.instance_id).sort()).toEqual([...ids].sort());
  });

  it.each([true, "true", false, "false"])("takes delay %j", async (delay) => {
    const trial = new Trial();
    expect((await trial.batch({ [ID]: FROM }, delay)).status).toBe(200);
    expect(trial.cloud.schedules).toHaveLength(String(delay) === "true" ? 1 : 0);
  });

  const bodies: [string, CallOptions, string][] = [
    ["no body", {}, "DBS.200006"],
    ["null", { rawBody: "null" }, "DBS.200006"],
    ["no JSON", { rawBody: "{" }, "DBS.280001"],
    ["no list", { body: { delay: false } }, "DBS.280001"],
    ["an empty list", { body: { databases_instance_infos: [], delay: false } }, "DBS.280001"],
    ["no delay", { body: { databases_instance_infos: [{ instance_id: ID, current_version: FROM }] } }, "DBS.280001"],
    ["no version", { body: { databases_instance_infos: [{ instance_id: ID }], delay: false } }, "DBS.280001"],
    ["a field of old", { body: { databases_instance_infos: [], delay: false, is_skip_validate: true } }, "DBS.280001"],
  ];

  it.each(bodies)("is refused with %s", async (_, options, code) => {
    const trial = new Trial();
    const reply = await trial.call("POST", BATCH, options);
    expect([reply.status, reply.code]).toEqual([400, code]);
    expect(trial.cloud.acceptedUpgrades).toEqual([]);
    expect(trial.cloud.writes()).toHaveLength(1);
  });

  it("takes at most 100 instances of one version, or as the switches say", async () => {
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
    ["when it is missing", ({ cloud }) => cloud.control.removeInstance(ID), 400, "DBS.200022"],
    ["when it is frozen", ({ cloud }) => cloud.control.setStatus("FROZEN"), 400, "DBS.280449"],
    ["when its storage is full", ({ cloud }) => cloud.control.setStatus("STORAGE FULL"), 409, "DBS.200316"],
    ["during a backup", ({ cloud }) => cloud.control.setStatus("BACKING UP", { ms: 1 }), 409, "DBS.201205"],
    ["while it is busy", ({ cloud }) => cloud.control.setStatus("SWITCHOVER"), 409, "DBS.200019"],
    ["when it is faulty", ({ cloud }) => cloud.control.setStatus("FAILED"), 409, "DBS.200019"],
    ["when it is forbidden", ({ cloud }) => cloud.control.deny(), 403, "DBS.201003"],
    [
      "to a user without the permission",
      ({ cloud }) => cloud.control.iam.deny(["gaussdbformysql:instance:upgrade"]),
      403,
      "DBS.200010",
    ],
    ["to a user of other enterprise projects", ({ cloud }) => cloud.control.iam.confine(["e1"]), 403, "DBS.201003"],
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

  it("from a version that is not the instance's, unless nobody looks", async () => {
    const trial = new Trial();
    expect((await trial.batch({ [ID]: "2.0.75.28" })).code).toBe("DBS.280001");
    trial.cloud.control.setSwitches({ wrongCurrentVersion: "accept" });
    expect((await trial.batch({ [ID]: "2.0.75.28" })).status).toBe(200);
  });

  it("as long as another one is accepted or runs, and no longer", async () => {
    const trial = new Trial();
    await trial.upgrade();
    expect((await trial.batch({ [ID]: FROM })).code).toBe("DBS.200019");
    trial.clock.advance(10 * MINUTE);
    expect((await trial.batch({ [ID]: FROM })).status).toBe(409);
    trial.settle();
    trial.cloud.control.offer("2.0.81.1");
    expect((await trial.batch({ [ID]: LATEST })).status).toBe(200);
  });

  it("for a temporary state until it is over", async () => {
    const trial = new Trial();
    trial.cloud.control.setStatus("BACKING UP", { ms: MINUTE });
    expect(await trial.status()).toBe("BACKING UP");
    trial.clock.advance(MINUTE);
    expect(await trial.status()).toBe("ACTIVE");
    expect((await trial.batch({ [ID]: FROM })).status).toBe(200);
  });

  it("with the status of the switch at the latest version", async () => {
    const trial = new Trial({ kernel: LATEST, switches: { alreadyLatestStatus: 409 } });
    const reply = await trial.batch({ [ID]: LATEST });
    expect([reply.status, reply.json["error_msg"]]).toEqual([
      409,
      "The current version is the latest. No update is available.",
    ]);
  });

  it("as the switches say for a missing instance and unknown fields", async () => {
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
