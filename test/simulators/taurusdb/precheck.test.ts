import { describe, expect, it } from "vitest";
import { BATCH, FROM, ID, LATEST, MINUTE, type Reply, Trial } from "./trial";

const targets = (ids: readonly string[], version = FROM) => ({
  body: { databases_instance_infos: ids.map((instance_id) => ({ instance_id, current_version: version })) },
});
const check = (trial: Trial, ids: readonly string[] = [ID], version = FROM): Promise<Reply> =>
  trial.call("POST", `${BATCH}/pre-check`, targets(ids, version));
const result = (trial: Trial, ids: readonly string[] = [ID], version = FROM): Promise<Reply> =>
  trial.call("POST", `${BATCH}/pre-check-result`, targets(ids, version));

describe("a pre-check", () => {
  it("is a job, then a result with four rows", async () => {
    const trial = new Trial();
    const { json } = await check(trial);
    expect(json["job_ids"]).toHaveLength(1);
    expect((await result(trial)).json).toEqual({
      upgrade_precheck_result: "false",
      updated_at: 0,
      upgrade_precheck_detail: [],
    });
    trial.clock.advance(MINUTE);
    const { json: found } = await result(trial);
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

  it("finds what an upgrade would fail for", async () => {
    const trial = new Trial({ instances: 2 });
    const ids = trial.cloud.instances.map((one) => one.id);
    trial.cloud.control.setConditions({ collation: "utf8mb4_general_ci", replicaLagSeconds: 900 });
    trial.cloud.control.deny(ids[1]);
    await check(trial, ids);
    trial.clock.advance(MINUTE);
    const { json } = await result(trial, ids);
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
    await check(trial, [ID], LATEST);
    trial.clock.advance(MINUTE);
    expect((await result(trial, [ID], LATEST)).json["upgrade_precheck_result"]).toBe("false");
  });

  it("is refused for more than 100 instances or several versions", async () => {
    const trial = new Trial({ instances: 101 });
    expect(
      (
        await check(
          trial,
          trial.cloud.instances.map((one) => one.id),
        )
      ).code,
    ).toBe("DBS.280001");
    trial.cloud.control.setKernel("2.0.72.1");
    const [, other] = trial.cloud.instances;
    expect((await check(trial, [ID, other?.id ?? ""])).code).toBe("DBS.280001");
    expect((await check(trial, [`${"0".repeat(32)}in07`])).code).toBe("DBS.200022");
  });

  it("is refused or not for a busy instance, and has no result before it ends", async () => {
    const trial = new Trial({ switches: { preCheckUnfinished: "error" } });
    await trial.upgrade();
    expect((await result(trial)).code).toBe("DBS.200543");
    expect((await check(trial)).status).toBe(200);
    trial.cloud.control.setSwitches({ preCheckWhileBusy: "refuse" });
    expect((await check(trial)).code).toBe("DBS.200019");
  });

  it("does not exist in every region", async () => {
    const trial = new Trial();
    trial.cloud.control.setFeatures(["unifyStatus"]);
    expect([(await check(trial)).status, (await result(trial)).code]).toEqual([404, "APIGW.0101"]);
  });
});
