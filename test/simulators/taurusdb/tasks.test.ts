import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Agenda } from "./agenda";
import { HOUR } from "./timings";
import { FROM, ID, JOB_NAME, LATEST, MINUTE, P, Trial } from "./trial";
import { currentOrNext, next, windowOf } from "./window";

describe("a query", () => {
  it.each([
    ["immediate-jobs", "instance_id", ID],
    ["immediate-jobs", "status", "Runnig"],
    ["scheduled-jobs", "status", "WAITING"],
    ["jobs", "job_id", "1"],
    ["instances", "instance_id", ID],
    ["instances/details", "ids", ID],
    ["backups", "order_field", "beginTime"],
    ["backups", "backup_type", "full"],
    [`instances/${ID}/backups`, "order", "desc"],
    [`instances/${ID}/database-version`, "limit", "1"],
    [`instances/${ID}/htap`, "offset", "0"],
  ])("for %s is rejected with %s=%s", async (path, name, value) => {
    const trial = new Trial();
    expect((await trial.get(`${P}/${path}`, { [name]: value })).code).toBe("DBS.280001");
  });

  it("with unknown parameters is accepted where the service ignores them", async () => {
    const trial = new Trial({ switches: { unknownFields: "ignore" } });
    expect((await trial.get(`${P}/immediate-jobs`, { instance_id: ID })).status).toBe(200);
  });

  it("for the newest task states is rejected where they do not exist yet", async () => {
    const trial = new Trial();
    const statusOf = async (status: string) => (await trial.get(`${P}/immediate-jobs`, { status })).status;
    expect(await statusOf("Unauthorized")).toBe(200);
    trial.cloud.control.setSwitches({ newTaskStates: "refused" });
    expect([await statusOf("Unauthorized"), await statusOf("Canceled"), await statusOf("Pending")]).toEqual([
      400, 400, 200,
    ]);
  });
});

describe("a job", () => {
  it("is visible a few seconds after it was accepted", async () => {
    const trial = new Trial();
    const id = await trial.upgrade();
    const readJob = () => trial.get(`${P}/jobs`, { id });
    expect([(await readJob()).status, (await readJob()).code]).toEqual([400, "DBS.200543"]);
    trial.clock.advance(5000);
    expect((await readJob()).json["job"]).toEqual({
      id,
      name: JOB_NAME,
      status: "Pending",
      created: "2026-11-22T15:00:00+0000",
      ended: "",
      process: "",
      instance: { id: ID, name: "db1" },
      entities: {},
      fail_reason: "",
    });
    trial.clock.advance(25_000 + 9 * MINUTE);
    expect(await trial.job(id)).toMatchObject({ status: "Running", process: "50%" });
    trial.settle();
    expect(await trial.job(id)).toMatchObject({
      status: "Completed",
      process: "",
      ended: "2026-11-22T15:18:30+0000",
    });
    trial.clock.advance(30 * 24 * HOUR);
    expect((await readJob()).code).toBe("DBS.200543");
    expect((await trial.get(`${P}/jobs`)).code).toBe("DBS.280001");
  });

  it("reports its progress in parts, with the remaining time", async () => {
    const trial = new Trial();
    const job_id = await trial.upgrade();
    const detail = () => trial.get(`${P}/instances/${ID}/task-center-detail`, { job_id, job_name: JOB_NAME });
    trial.clock.advance(10_000);
    expect((await trial.jobs())[0]?.show_detail).toBe(false);
    expect((await detail()).code).toBe("DBS.200543");
    trial.clock.advance(20_000 + 9 * MINUTE);
    expect((await trial.jobs())[0]?.show_detail).toBe(true);
    expect((await detail()).json).toMatchObject({
      instance_id: ID,
      job_id,
      status: "Running",
      sub_task_list: [
        { sub_task_name: "Preparation", percent: "100", status: "Completed", remaining_time: "0" },
        { sub_task_name: "Upgrade read replicas", percent: "80", status: "Running", remaining_time: "108" },
        { sub_task_name: "Upgrade primary node", percent: "0", status: "Pending", remaining_time: "432" },
      ],
    });
    trial.settle();
    expect((await detail()).json).toMatchObject({ status: "Completed" });
  });

  it("can be deleted from the records when it has ended", async () => {
    const trial = new Trial();
    const id = await trial.upgrade();
    trial.clock.advance(MINUTE);
    const remove = () => trial.call("DELETE", `${P}/jobs/${id}`);
    expect((await remove()).code).toBe("DBS.200086");
    trial.settle();
    expect((await remove()).status).toBe(200);
    expect([(await remove()).code, await trial.jobs()]).toEqual(["DBS.200543", []]);
  });
});

describe("the list of immediate jobs", () => {
  it("is paged by page numbers from 0 or 1, newest first", async () => {
    const trial = new Trial({ instances: 25, timings: { visibleMs: 0 } });
    await trial.batch(Object.fromEntries(trial.cloud.instances.map((one) => [one.id, FROM])));
    const newest = trial.cloud.jobs.map((job) => job.id).reverse();
    const ids = async (query: Record<string, string>) => (await trial.jobs(query)).map((job) => job.job_id);
    expect(await ids({})).toEqual(newest.slice(0, 10));
    expect(await ids({ offset: "0" })).toEqual(newest.slice(0, 10));
    expect(await ids({ offset: "1" })).toEqual(newest.slice(0, 10));
    expect(await ids({ offset: "3", limit: "10" })).toEqual(newest.slice(20));
    expect(await ids({ offset: "2", limit: "20" })).toEqual(newest.slice(20));
    trial.cloud.control.setSwitches({ immediateJobsOffset: "record" });
    expect(await ids({ offset: "3", limit: "10" })).toEqual(newest.slice(3, 13));
    for (const limit of ["1", "11", "100"]) {
      expect((await trial.get(`${P}/immediate-jobs`, { limit })).code).toBe("DBS.280001");
    }
  });

  it("filters by status, name, id and creation time", async () => {
    const trial = new Trial({ instances: 2 });
    const first = await trial.upgrade();
    trial.clock.advance(HOUR);
    const second = await trial.upgrade(trial.cloud.instances[1]?.id);
    trial.clock.advance(MINUTE);
    const ids = async (query: Record<string, string>) => (await trial.jobs(query)).map((job) => job.job_id);
    expect(await ids({ status: "Running" })).toEqual([second]);
    expect(await ids({ status: "Completed", job_name: JOB_NAME })).toEqual([first]);
    expect(await ids({ job_name: "RebootInstance" })).toEqual([]);
    expect(await ids({ job_id: first })).toEqual([first]);
    expect(await ids({ start_time: "2026-11-22T15:30:00+0000" })).toEqual([second]);
    expect(await ids({ start_time: "2026-11-22T23:30:00+0800" })).toEqual([second]);
    expect(await ids({ end_time: "2026-11-22T15:30:00+0000" })).toEqual([first]);
    const zulu = { start_time: "2026-11-22T15:30:00Z" };
    expect((await trial.get(`${P}/immediate-jobs`, zulu)).code).toBe("DBS.280001");
    trial.cloud.control.setSwitches({ zuluTimes: "accept" });
    expect(await ids(zulu)).toEqual([second]);
  });

  it("decodes a raw plus in a time depending on the switch", async () => {
    const trial = new Trial({ switches: { plusInQuery: "space" } });
    const value = "2026-11-22T15:30:00+0000";
    const rawTarget = `${P}/immediate-jobs?start_time=${value}`;
    const spaced = await trial.call("GET", `${P}/immediate-jobs`, {
      query: [["start_time", value.replace("+", " ")]],
      rawTarget,
    });
    expect(spaced.code).toBe("DBS.280001");
    trial.cloud.control.setSwitches({ plusInQuery: "literal" });
    const literal = { query: [["start_time", value]] as const, rawTarget };
    expect((await trial.call("GET", `${P}/immediate-jobs`, literal)).status).toBe(200);
  });
});

const NAME = "VERSION_UPGRADE";

const cancel = (trial: Trial, ...ids: readonly string[]) =>
  trial.call("DELETE", `${P}/scheduled-jobs`, { body: { job_ids: ids } });

describe("a scheduled upgrade", () => {
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

  it("may run under another id, which may have the same format as job ids", async () => {
    const trial = new Trial({ switches: { scheduledRunId: "new", scheduleIds: "dashed" } });
    const id = await trial.upgrade(ID, true);
    expect(id).toMatch(/^[0-9a-f]{8}-/);
    trial.settle();
    const [job] = await trial.jobs();
    expect([job?.status, job?.job_id === id]).toEqual(["Completed", false]);
    expect((await trial.job(id)).status).toBe("Completed");
  });

  it("can be canceled only while it is pending", async () => {
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

  it("requires a permission to be canceled", async () => {
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

  it("prevents an immediate upgrade, depending on the switch", async () => {
    const trial = new Trial();
    await trial.upgrade(ID, true);
    expect((await trial.batch({ [ID]: FROM })).code).toBe("DBS.200019");
    trial.cloud.control.setSwitches({ immediateWhilePending: "accept" });
    expect((await trial.batch({ [ID]: FROM })).status).toBe(200);
  });

  it.each([
    ["nextWindow", "2026-11-23T18:00:00+0000"],
    ["now", "2026-11-22T19:00:00+0000"],
  ] as const)(
    "requested inside the window runs in the next window or immediately: %s",
    async (delayedInsideWindow, expected) => {
      const trial = new Trial({ switches: { delayedInsideWindow } }, Date.UTC(2026, 10, 22, 19));
      await trial.upgrade(ID, true);
      trial.clock.advance(5000);
      expect((await trial.schedules())[0]?.start_time).toBe(expected);
    },
  );

  it("waits for a busy instance, and fails if the window closes first", async () => {
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

  it("can be queried by instance, with other status values", async () => {
    const trial = new Trial();
    const query = (schedule_type = NAME) =>
      trial.call("POST", `${P}/instances/${ID}/schedule-tasks/exist`, { body: { schedule_type } });
    expect((await query()).json).toEqual({ exist: false, scheduled_tasks: [] });
    const id = await trial.upgrade(ID, true);
    trial.clock.advance(5000);
    expect((await query()).json).toMatchObject({
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
    expect((await query("REBOOT_NODE")).json["exist"]).toBe(false);
    trial.clock.advance(3 * HOUR);
    expect((await query()).json).toMatchObject({
      scheduled_tasks: [{ task_status: "RUNNING", instance_status: "MODIFYING" }],
    });
    trial.settle();
    expect((await query()).json["exist"]).toBe(false);
    trial.cloud.control.setFeatures([]);
    expect((await query()).code).toBe("APIGW.0101");
  });

  it("is listed in pages of records", async () => {
    const trial = new Trial({ instances: 15 });
    await trial.batch(Object.fromEntries(trial.cloud.instances.map((one) => [one.id, FROM])), true);
    trial.clock.advance(5000);
    const count = async (query: Record<string, string>) => (await trial.schedules(query)).length;
    expect([await count({}), await count({ offset: "10" }), await count({ limit: "1" })]).toEqual([15, 5, 1]);
    trial.cloud.control.setSwitches({ scheduledJobsDefaultLimit: 10 });
    expect(await count({})).toBe(10);
  });
});

describe("a maintenance window", () => {
  it.each([
    ["18:00", "22:00", "18:00-22:00"],
    ["22:00", "02:00", "22:00-02:00"],
    ["18:00", "23:00", undefined],
    ["18:30", "22:30", undefined],
    ["24:00", "04:00", undefined],
  ])("from %s to %s is %s", (start, end, expected) => {
    expect(windowOf(start, end)).toBe(expected);
  });

  it("contains the given time or opens after it, within a day", () => {
    const start = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, "0")}:00`);
    fc.assert(
      fc.property(start, fc.nat(4_102_444_800_000), (from, now) => {
        const window = `${from}-`;
        const current = currentOrNext(window, now);
        expect(current.endAt).toBeGreaterThan(now);
        expect(current.startAt - now).toBeLessThanOrEqual(20 * HOUR);
        const coming = next(window, now);
        expect(coming.startAt).toBeGreaterThan(now);
        expect(coming.startAt - now).toBeLessThanOrEqual(24 * HOUR);
        expect(new Date(coming.startAt).toISOString().slice(11, 16)).toBe(from);
      }),
    );
  });
});

describe("the agenda", () => {
  it("returns the earliest entry first, and the first of several at the same time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (times) => {
        const agenda = new Agenda();
        for (const [order, at] of times.entries()) {
          agenda.push({ at, order, step: "end", kind: "job", owner: "" });
        }
        const given = times.map(() => agenda.pop());
        const sorted = [...times.entries()].sort(([a, x], [b, y]) => x - y || a - b);
        expect(given.map((one) => [one?.order, one?.at])).toEqual(sorted);
        expect([agenda.pop(), agenda.peek()]).toEqual([undefined, undefined]);
      }),
    );
  });
});
