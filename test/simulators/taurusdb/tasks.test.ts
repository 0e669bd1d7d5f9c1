import { describe, expect, it } from "vitest";
import { FROM, ID, JOB_NAME, MINUTE, P, Trial } from "./trial";

const HOUR = 60 * MINUTE;

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
  ])("of %s is refused for %s=%s", async (path, name, value) => {
    const trial = new Trial();
    expect((await trial.get(`${P}/${path}`, { [name]: value })).code).toBe("DBS.280001");
  });

  it("by unknown parameters is answered where the service ignores them", async () => {
    const trial = new Trial({ switches: { unknownFields: "ignore" } });
    expect((await trial.get(`${P}/immediate-jobs`, { instance_id: ID })).status).toBe(200);
  });

  it("by the newest states of tasks is refused where they are not known yet", async () => {
    const trial = new Trial();
    const ask = async (status: string) => (await trial.get(`${P}/immediate-jobs`, { status })).status;
    expect(await ask("Unauthorized")).toBe(200);
    trial.cloud.control.setSwitches({ newTaskStates: "refused" });
    expect([await ask("Unauthorized"), await ask("Canceled"), await ask("Pending")]).toEqual([400, 400, 200]);
  });
});

describe("a job", () => {
  it("can be asked for some seconds after it was accepted", async () => {
    const trial = new Trial();
    const id = await trial.upgrade();
    const ask = () => trial.get(`${P}/jobs`, { id });
    expect([(await ask()).status, (await ask()).code]).toEqual([400, "DBS.200543"]);
    trial.clock.advance(5000);
    expect((await ask()).json["job"]).toEqual({
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
    expect((await ask()).code).toBe("DBS.200543");
    expect((await trial.get(`${P}/jobs`)).code).toBe("DBS.280001");
  });

  it("tells its progress in parts, with the time that remains", async () => {
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

  it("can be deleted from the records when it is over", async () => {
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

describe("the list of instant tasks", () => {
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

  it("filters by status, name, id and time of creation", async () => {
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

  it("reads a raw plus in a time as the switch says", async () => {
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
