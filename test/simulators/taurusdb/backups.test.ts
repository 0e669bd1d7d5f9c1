import { describe, expect, it } from "vitest";
import { ID, P, Trial } from "./trial";

const HOUR = 3_600_000;

interface Listed {
  readonly backups: readonly Record<string, unknown>[];
  readonly total_count: number;
}

const list = (trial: Trial, query: Record<string, string> = {}, path = `${P}/backups`) =>
  trial.data<Listed>("GET", path, { query: Object.entries(query) });
const statuses = ({ backups }: Listed) => backups.map(({ status }) => status);

/** Three backups of the first instance, three, two and one hour ago, and one of the second. */
function trialWithBackups(): Trial {
  const trial = new Trial({ instances: 2 });
  const { control, instances } = trial.cloud;
  const now = trial.clock.now();
  const at = (hours: number) => ({ startedAt: now - hours * HOUR, endsAt: now - hours * HOUR + 60_000 });
  control.addBackup(ID, { ...at(3), type: "manual" });
  control.addBackup(ID, { ...at(2), status: "FAILED" });
  control.addBackup(ID, { ...at(1), status: "AVAILABLE" });
  control.addBackup(instances[1]?.id ?? "", at(1));
  return trial;
}

describe("GET backups", () => {
  it("shows a backup as the sample has it", async () => {
    const { backups, total_count } = await list(trialWithBackups(), { limit: "1" });
    expect(total_count).toBe(4);
    expect(backups).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}br07$/),
        name: expect.any(String),
        begin_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/),
        end_time: expect.stringMatching(/\+0000$/),
        take_up_time: 1,
        status: "COMPLETED",
        type: "manual",
        size: 2803,
        datastore: { type: "gaussdb-mysql", version: "8.0" },
        instance_id: ID,
        description: "",
      },
    ]);
  });

  it("is BUILDING, without an end, until it has ended", async () => {
    const trial = new Trial();
    trial.cloud.control.addBackup(ID, { startedAt: trial.clock.now(), endsAt: trial.clock.now() + HOUR });
    expect((await list(trial)).backups[0]).toMatchObject({ status: "BUILDING", end_time: "" });
    trial.clock.advance(HOUR);
    expect(statuses(await list(trial))).toEqual(["COMPLETED"]);
  });

  it("filters and pages by records", async () => {
    const trial = trialWithBackups();
    expect(statuses(await list(trial, { instance_id: ID }))).toEqual(["COMPLETED", "FAILED", "AVAILABLE"]);
    expect((await list(trial, { backup_type: "manual" })).total_count).toBe(1);
    expect(statuses(await list(trial, { offset: "1", limit: "2" }))).toEqual(["FAILED", "AVAILABLE"]);
    for (const query of [{ limit: "0" }, { limit: "101" }, { offset: "-1" }, { begin_time: "yesterday" }]) {
      expect((await trial.get(`${P}/backups`, query)).code).toBe("DBS.280001");
    }
  });

  it("needs a permission of its own, and shows only what the user may see", async () => {
    const trial = trialWithBackups();
    trial.cloud.control.iam.deny(["gaussdb:backup:list"]);
    expect((await trial.get(`${P}/backups`)).code).toBe("DBS.200010");
    trial.cloud.control.iam.deny([]);
    trial.cloud.control.iam.confine(["another"]);
    expect((await list(trial)).total_count).toBe(0);
  });
});

describe("GET instances/{id}/backups", () => {
  const path = `${P}/instances/${ID}/backups`;

  it("sorts as it is asked to", async () => {
    const trial = trialWithBackups();
    const newest = { order_field: "beginTime", order_rule: "desc" };
    expect(statuses(await list(trial, newest, path))).toEqual(["AVAILABLE", "FAILED", "COMPLETED"]);
    expect((await trial.get(path, { order_field: "endTime" })).code).toBe("DBS.280001");
    expect((await trial.get(path, { order_field: "name", order_rule: "down" })).code).toBe("DBS.280001");
  });

  it("is of TaurusDB instances alone", async () => {
    const trial = trialWithBackups();
    const starRocks = trial.cloud.starRocks[0]?.id ?? "";
    expect((await trial.get(`${P}/instances/${starRocks}/backups`)).status).toBe(404);
  });
});
