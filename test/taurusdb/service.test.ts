import { describe, expect, it, onTestFinished } from "vitest";
import { requestOf } from "../../provider/core/request";
import { wallClock } from "../../provider/core/runtime";
import { networkTransport } from "../../provider/huaweicloud/connection";
import { type Meaning, readResponse } from "../../provider/huaweicloud/responses";
import { upgradeBatch, upgradeRequest, upgradeStep } from "../../provider/taurusdb/kernel/instances";
import { openAccess } from "../../provider/taurusdb/project";
import { conditionOf } from "../../provider/taurusdb/schema";
import { TAURUSDB } from "../../provider/taurusdb/service";
import {
  readStarRocks,
  readStarRocksKernels,
  upgradeStep as starRocksStep,
  upgradeStarRocks,
} from "../../provider/taurusdb/starrocks/instance";
import {
  cancelSchedules,
  nextWindow,
  readJobs,
  readSchedules,
  readUnfinishedJobs,
  TaskCenter,
  windowOf,
} from "../../provider/taurusdb/tasks";
import { serve, TaurusCloud, WALL } from "../simulators";
import { instanceId, KEY, MINUTE, region, rig, USER } from "./rig";

function meaningOf(status: number, code: string): string {
  const body = JSON.stringify({ error_code: code, error_msg: "Because." });
  return readResponse({ status, headers: {}, body: new TextEncoder().encode(body) }, TAURUSDB.codes).kind;
}

describe("an error code of TaurusDB", () => {
  it.each<[number, string, Meaning]>([
    [400, "DBS.05000008", "latest"],
    [409, "DBS.05000008", "latest"],
    ...["DBS.201028", "DBS.200002", "DBS.200045", "DBS.200408", "DBS.200602", "DBS.290005", "DBS.290011"].map(
      (code): [number, string, Meaning] => [404, code, "missing"],
    ),
    [400, "DBS.05000044", "missing"],
    [400, "DBS.200022", "missing"],
    [409, "DBS.200022", "refused"],
    [400, "DBS.200543", "no-job"],
    ...["200011", "200019", "200047", "201202", "212006", "201015", "212033", "216011", "201205", "05000084"].map(
      (code): [number, string, Meaning] => [409, `DBS.${code}`, "busy"],
    ),
    [409, "DBS.201014", "busy"],
    [400, "DBS.201014", "refused"],
    [400, "DBS.200086", "refused"],
    [409, "DBS.200316", "refused"],
    [409, "DBS.280406", "refused"],
    [400, "DBS.280449", "refused"],
    [400, "DBS.280404", "refused"],
    [400, "DBS.280001", "refused"],
    [403, "DBS.200010", "forbidden"],
    [403, "DBS.201003", "forbidden"],
    [403, "DBS.280056", "stale"],
    ...["108000", "108002", "108005", "200005", "200208", "213002", "213004", "290006", "290015"].map(
      (code): [number, string, Meaning] => [500, `DBS.${code}`, "unavailable"],
    ),
    // The status alone would have another meaning.
    [403, "DBS.280343", "refused"],
    [400, "DBS.280343", "refused"],
    [403, "DBS.200810", "refused"],
    [403, "DBS.212033", "busy"],
    [403, "DBS.200019", "busy"],
    [500, "DBS.200047", "busy"],
    [404, "DBS.201010", "refused"],
    [404, "DBS.212001", "refused"],
    [409, "DBS.200826", "refused"],
    [403, "DBS.201028", "missing"],
    [500, "DBS.05000008", "latest"],
  ])("HTTP %i %s: %s", (status, code, meaning) => {
    expect(meaningOf(status, code)).toBe(meaning);
  });
});

describe("the status of an instance", () => {
  it.each([
    ["ACTIVE", "ready"],
    ["normal", "ready"],
    ["NORMAL", "ready"],
    ["BUILD", "busy"],
    ["creating", "busy"],
    ["MODIFYING", "busy"],
    ["REBOOTING", "busy"],
    ["BACKING UP", "busy"],
    ["MODIFYING DATABASE PORT", "busy"],
    ["Upgrading minor version", "busy"],
    ["FAILED", "unhealthy"],
    ["FROZEN", "unhealthy"],
    ["STORAGE FULL", "unhealthy"],
    ["abnormal", "unhealthy"],
    ["createfail", "unhealthy"],
  ])("%s is %s", (status, condition) => {
    expect(conditionOf(status)).toBe(condition);
  });
});

describe("maintenance windows", () => {
  const at = (hour: number) => Date.UTC(2026, 0, 10, hour);
  const day = (date: number, hour: number) => new Date(Date.UTC(2026, 0, date, hour)).toISOString();

  it.each([
    ["18:00-22:00", 12, day(10, 18), day(10, 22)],
    ["18:00-22:00", 19, day(10, 18), day(10, 22)],
    ["18:00-22:00", 22, day(11, 18), day(11, 22)],
    ["22:00-02:00", 1, day(9, 22), day(10, 2)],
    ["22:00-02:00", 3, day(10, 22), day(11, 2)],
    ["18:00", 12, day(10, 18), day(10, 22)],
  ])("%s, read at %i o'clock", (daily, hour, opens, closes) => {
    expect(nextWindow(daily, at(hour))).toEqual({ opens, closes });
  });

  it.each(["", "-", "tonight"])("are undefined for %j", (daily) => {
    expect(nextWindow(daily, at(0))).toBeUndefined();
  });

  it("of a scheduled task are read from it", () => {
    const row = { start_time: "2026-01-10T18:00:00+0000", end_time: "2026-01-10T22:00:00+0000" };
    expect(windowOf(row)).toEqual({ opens: day(10, 18), closes: day(10, 22) });
    expect(windowOf({ ...row, end_time: "" })).toEqual({ opens: day(10, 18), closes: day(10, 22) });
    expect(windowOf({ start_time: "", end_time: "" })).toBeUndefined();
  });
});

const JOB_NAME = "UpgradeGaussDBforMySQLDatabaseVersion";

/** A cloud that upgrades this number of instances. */
async function upgrading(count: number, delay: boolean, switches: object = {}) {
  const world = rig({ instances: count, switches: { batchLimit: null, ...switches } });
  const { gateway } = world.access();
  const units = world.cloud.instances.map(({ id, kernel }) => ({ unit: id, from: kernel, to: "newest" }));
  await upgradeBatch(
    gateway,
    upgradeRequest(
      units.map((unit) => upgradeStep(unit, delay)),
      delay,
    ),
    () => undefined,
  );
  await world.clock.sleep(MINUTE);
  world.cloud.journal.clear();
  return { ...world, gateway };
}

describe("instant tasks", () => {
  it.each([
    ["page", 3],
    ["record", 4],
  ] as const)("are read completely if offset counts by %s", async (immediateJobsOffset, calls) => {
    const { gateway, cloud } = await upgrading(120, false, { immediateJobsOffset });
    const rows = await readJobs(gateway, { jobName: JOB_NAME });
    expect(new Set(rows.map(({ instance_id }) => instance_id)).size).toBe(120);
    expect(cloud.journal.entries).toHaveLength(calls);
  });

  it.each(["known", "refused"] as const)(
    "that have not ended are read if filters by the newest states are %s",
    async (newTaskStates) => {
      const { gateway, cloud } = await upgrading(3, false, { newTaskStates });
      const [pending, completed, running] = cloud.state.jobs;
      cloud.control.showStatus("Pending", pending?.id);
      cloud.control.showStatus("Completed", completed?.id);
      expect((await readUnfinishedJobs(gateway)).map(({ job_id }) => job_id).sort()).toEqual(
        [pending?.id, running?.id].sort(),
      );
    },
  );

  it("are filtered by the service", async () => {
    const { gateway, clock, cloud } = await upgrading(3, false);
    expect(await readJobs(gateway, { status: "Running" })).toHaveLength(3);
    expect(await readJobs(gateway, { status: "Pending" })).toEqual([]);
    expect(await readJobs(gateway, { since: clock.now() - 2 * MINUTE })).toHaveLength(3);
    expect(await readJobs(gateway, { since: clock.now() })).toEqual([]);
    const id = cloud.jobs[1]?.id ?? "";
    expect((await readJobs(gateway, { jobId: id })).map(({ job_id }) => job_id)).toEqual([id]);
  });

  it("have their remaining time if the task center has it, which is checked once", async () => {
    const { gateway, cloud } = await upgrading(1, false);
    const center = new TaskCenter(gateway);
    const id = cloud.jobs[0]?.id ?? "";
    expect(await center.remaining(id)).toMatch(/^about 17 min \d+ s left$/);
    await center.remaining(id);
    expect(cloud.journal.count("GET", /immediate-jobs/)).toBe(1);
    expect(cloud.journal.count("GET", /task-center-detail/)).toBe(2);
    expect(await center.remaining("nothing")).toBe("");
  });

  it("have no remaining time if the task center fails", async () => {
    const { gateway, cloud } = await upgrading(1, false);
    cloud.control.gateway.disturb("DBS.108000", { times: 9 });
    expect(await new TaskCenter(gateway).remaining(cloud.jobs[0]?.id ?? "")).toBe("");
  });
});

describe("scheduled tasks", () => {
  it("are read completely", async () => {
    const { gateway, cloud } = await upgrading(230, true);
    expect(await readSchedules(gateway, { status: "Pending" })).toHaveLength(230);
    expect(cloud.journal.entries).toHaveLength(3);
    const [first] = cloud.instances;
    const rows = await readSchedules(gateway, { instanceId: first?.id ?? "" });
    expect(rows).toMatchObject([{ job_name: "VERSION_UPGRADE", job_status: "Pending", instance_id: first?.id }]);
  });
});

/** The cloud on a socket, with the production transport. */
async function overSockets(credentials: object) {
  const cloud = new TaurusCloud({ clock: WALL, oneDoor: true, timings: "instant" });
  const served = await serve(cloud);
  const [endpoint = ""] = served.origins;
  const args = { region, endpoint, iamEndpoint: endpoint, ...credentials };
  const runtime = { clock: wallClock, signal: new AbortController().signal, conceal: () => undefined };
  const access = openAccess(args, runtime, networkTransport, {});
  onTestFinished(async () => {
    await access.close();
    await served.close();
  });
  return { cloud, gateway: access.gateway, starRocksInstanceId: cloud.starRocks[0]?.id ?? "" };
}

describe.each([
  ["an access key", KEY],
  ["a password", USER],
])("over a socket, with %s", (_, credentials) => {
  it("a server that validates requests accepts reads, writes and cancellations", async () => {
    const { cloud, gateway, starRocksInstanceId } = await overSockets(credentials);
    expect(await readStarRocks(gateway, { instanceId, starRocksInstanceId })).toMatchObject({
      id: starRocksInstanceId,
      data_store_version: "3.1.6.0",
    });
    expect(await readStarRocksKernels(gateway)).toEqual(["3.1.15.80"]);
    expect(await readJobs(gateway, { since: Date.now() - 60_000 })).toEqual([]);
    const versions = { from: "3.1.6.0", to: "3.1.15.80" };
    const scheduled = { starRocksInstanceId, schedule: "maintenance-window" } as const;
    const later = await upgradeStarRocks(gateway, requestOf([starRocksStep(scheduled, versions)]), () => undefined);
    expect(await cancelSchedules(gateway, [later, "0".repeat(32)])).toEqual([later]);
    await upgradeStarRocks(gateway, requestOf([starRocksStep({ starRocksInstanceId }, versions)]), () => undefined);
    expect(cloud.starRocks[0]?.kernel).toBe("3.1.15.80");
    expect(cloud.journal.entries.filter(({ status }) => status > 201)).toEqual([]);
  });
});
