import { describe, expect, it } from "vitest";
import { FROM, ID, JOB_NAME, LATEST, MINUTE, P, Trial } from "./trial";

const HOUR = 60 * MINUTE;
const NAME = "VERSION_UPGRADE";

const cancel = (trial: Trial, ...ids: readonly string[]) =>
  trial.call("DELETE", `${P}/scheduled-jobs`, { body: { job_ids: ids } });

describe("a delayed upgrade", () => {
  it("waits for the maintenance window and runs in it", async () => {
    const trial = new Trial();
    const id = await trial.upgrade(ID, true);
    trial.clock.advance(5000);
    expect(await trial.job(id)).toMatchObject({ name: NAME, status: "Pending" });
    expect(await trial.schedules({ instance_id: ID, job_name: NAME, status: "Pending" })).toEqual([
      {
        job_id: id,
        instance_id: ID,
        instance_name: "db1",
        instance_status: "normal",
        project_id: "054e292c9880d4992f02c0196d3ea468",
        job_name: NAME,
        create_time: "2026-11-22T15:00:00+0000",
        start_time: "2026-11-22T18:00:00+0000",
        end_time: "2026-11-22T22:00:00+0000",
        job_status: "Pending",
        datastore_type: "gaussdb-mysql",
        target_config: {},
        proxy_id: "",
        proxy_name: "",
      },
    ]);
    expect([await trial.status(), await trial.jobs()]).toEqual(["ACTIVE", []]);
    trial.clock.advance(3 * HOUR + MINUTE);
    expect(await trial.job(id)).toMatchObject({ name: JOB_NAME, status: "Running" });
    expect((await trial.schedules())[0]?.job_status).toBe("Running");
    expect((await trial.jobs())[0]).toMatchObject({ job_id: id, status: "Running" });
    trial.settle();
    expect((await trial.schedules())[0]?.job_status).toBe("Completed");
    expect((await trial.version()).datastore.current_kernel_version).toBe(LATEST);
  });

  it("may run under another id, which looks like any other", async () => {
    const trial = new Trial({ switches: { scheduledRunId: "new", scheduleIds: "dashed" } });
    const id = await trial.upgrade(ID, true);
    expect(id).toMatch(/^[0-9a-f]{8}-/);
    trial.settle();
    const [job] = await trial.jobs();
    expect([job?.status, job?.job_id === id]).toEqual(["Completed", false]);
    expect((await trial.job(id)).status).toBe("Completed");
  });

  it("is cancelled while it is pending, and only then", async () => {
    const trial = new Trial();
    const id = await trial.upgrade(ID, true);
    expect((await cancel(trial, id)).json).toEqual({ job_ids: [] });
    trial.clock.advance(5000);
    expect((await cancel(trial, id, "0".repeat(32))).json).toEqual({ job_ids: [id] });
    expect((await trial.job(id)).status).toBe("Canceled");
    expect(await trial.schedules({ status: "Canceled" })).toHaveLength(1);
    expect((await cancel(trial, id)).json).toEqual({ job_ids: [] });
    expect((await cancel(trial)).code).toBe("DBS.280001");
    const numbers = await trial.call("DELETE", `${P}/scheduled-jobs`, { body: { job_ids: [1] } });
    expect(numbers.code).toBe("DBS.280001");
    trial.settle();
    expect((await trial.version()).upgrade_flag).toBe(true);
    const record = { body: { job_id: id } };
    const path = `/v3/054e292c9880d4992f02c0196d3ea468/instance/${ID}/scheduled-jobs`;
    expect((await trial.call("DELETE", path, record)).json).toEqual({ result: true });
    expect(await trial.schedules()).toEqual([]);
  });

  it("needs a permission to be cancelled", async () => {
    const trial = new Trial();
    trial.cloud.control.iam.deny(["gaussdbformysql:task:delete"]);
    expect((await cancel(trial, await trial.upgrade(ID, true))).code).toBe("DBS.200010");
  });

  it.each([
    ["refuse", 409, ["Pending"]],
    ["accept", 200, ["Pending", "Pending"]],
    ["replace", 200, ["Pending", "Canceled"]],
  ] as const)("is followed by a second one: %s", async (secondDelayed, status, expected) => {
    const trial = new Trial({ switches: { secondDelayed } });
    await trial.batch({ [ID]: FROM }, true);
    expect((await trial.batch({ [ID]: FROM }, true)).status).toBe(status);
    trial.clock.advance(5000);
    expect((await trial.schedules()).map((one) => one.job_status)).toEqual(expected);
    trial.settle();
    expect((await trial.version()).datastore.current_kernel_version).toBe(LATEST);
  });

  it("stands in the way of an immediate one, unless it does not", async () => {
    const trial = new Trial();
    await trial.upgrade(ID, true);
    expect((await trial.batch({ [ID]: FROM })).code).toBe("DBS.200019");
    trial.cloud.control.setSwitches({ immediateWhilePending: "accept" });
    expect((await trial.batch({ [ID]: FROM })).status).toBe(200);
  });

  it.each([
    ["nextWindow", "2026-11-23T18:00:00+0000"],
    ["now", "2026-11-22T19:00:00+0000"],
  ] as const)("inside the window runs in the next one or now: %s", async (delayedInsideWindow, expected) => {
    const trial = new Trial({ switches: { delayedInsideWindow } }, Date.UTC(2026, 10, 22, 19));
    await trial.upgrade(ID, true);
    trial.clock.advance(5000);
    expect((await trial.schedules())[0]?.start_time).toBe(expected);
  });

  it("waits for a busy instance, and fails when the window closes first", async () => {
    const trial = new Trial({ instances: 2 });
    const other = trial.cloud.instances[1]?.id ?? "";
    await trial.batch({ [ID]: FROM, [other]: FROM }, true);
    trial.cloud.control.setStatus("BACKING UP", { ms: 3.5 * HOUR });
    trial.cloud.control.setStatus("SWITCHOVER", { instance: other });
    trial.settle();
    const [failed, done] = await trial.schedules();
    expect([failed?.job_status, done?.job_status]).toEqual(["Failed", "Completed"]);
    expect((await trial.job(failed?.job_id ?? "")).fail_reason).toContain("maintenance window");
  });

  it("moves with the window", async () => {
    const trial = new Trial();
    await trial.upgrade(ID, true);
    trial.clock.advance(5000);
    const move = (start_time: string, end_time: string) =>
      trial.call("PUT", `${P}/instances/${ID}/ops-window`, { body: { start_time, end_time } });
    expect((await move("18:30", "22:30")).code).toBe("DBS.280001");
    expect((await move("18:00", "23:00")).code).toBe("DBS.280001");
    expect((await move("22:00", "02:00")).status).toBe(200);
    expect((await trial.schedules())[0]).toMatchObject({
      start_time: "2026-11-22T22:00:00+0000",
      end_time: "2026-11-23T02:00:00+0000",
    });
    trial.cloud.control.setWindow("16:00");
    expect((await trial.schedules())[0]?.start_time).toBe("2026-11-22T16:00:00+0000");
  });

  it("is asked for by instance, in words of its own", async () => {
    const trial = new Trial();
    const ask = (schedule_type = NAME) =>
      trial.call("POST", `${P}/instances/${ID}/schedule-tasks/exist`, { body: { schedule_type } });
    expect((await ask()).json).toEqual({ exist: false, scheduled_tasks: [] });
    const id = await trial.upgrade(ID, true);
    trial.clock.advance(5000);
    expect((await ask()).json).toMatchObject({
      exist: true,
      scheduled_tasks: [
        {
          task_id: id,
          task_status: "WAITING",
          task_order: 1,
          instance_status: "NORMAL",
          start_time: Date.UTC(2026, 10, 22, 18),
        },
      ],
    });
    expect((await ask("REBOOT_NODE")).json["exist"]).toBe(false);
    trial.clock.advance(3 * HOUR);
    expect((await ask()).json).toMatchObject({
      scheduled_tasks: [{ task_status: "RUNNING", instance_status: "MODIFYING" }],
    });
    trial.settle();
    expect((await ask()).json["exist"]).toBe(false);
    trial.cloud.control.setFeatures([]);
    expect((await ask()).code).toBe("APIGW.0101");
  });

  it("is paged by records", async () => {
    const trial = new Trial({ instances: 15 });
    await trial.batch(Object.fromEntries(trial.cloud.instances.map((one) => [one.id, FROM])), true);
    trial.clock.advance(5000);
    const count = async (query: Record<string, string>) => (await trial.schedules(query)).length;
    expect([await count({}), await count({ offset: "10" }), await count({ limit: "1" })]).toEqual([15, 5, 1]);
    trial.cloud.control.setSwitches({ scheduledJobsDefaultLimit: 10 });
    expect(await count({})).toBe(10);
  });
});
