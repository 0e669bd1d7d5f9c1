import { describe, expect, it } from "vitest";
import { upgradeBatch, upgradeRequest, upgradeStep } from "../../provider/taurusdb/kernel/instances";
import { readJobs, readSchedules, readWaitingJobs, TaskCenter } from "../../provider/taurusdb/tasks";
import { MINUTE, rig } from "./rig";

const JOB_NAME = "UpgradeGaussDBforMySQLDatabaseVersion";

/** A cloud in which so many instances are upgraded. */
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
  ] as const)("are read to the last one when offset counts by %s", async (immediateJobsOffset, calls) => {
    const { gateway, cloud } = await upgrading(120, false, { immediateJobsOffset });
    const rows = await readJobs(gateway, { jobName: JOB_NAME });
    expect(new Set(rows.map(({ instance_id }) => instance_id)).size).toBe(120);
    expect(cloud.journal.entries).toHaveLength(calls);
  });

  it.each(["known", "refused"] as const)(
    "that wait are read where their newest states are %s",
    async (newTaskStates) => {
      const { gateway, cloud } = await upgrading(3, false, { newTaskStates });
      const [first] = cloud.state.jobs;
      cloud.control.showStatus("Pending", first?.id);
      expect((await readWaitingJobs(gateway)).map(({ job_id }) => job_id)).toEqual([first?.id]);
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

  it("tell their remaining time where the task centre has it, and ask once whether it does", async () => {
    const { gateway, cloud } = await upgrading(1, false);
    const center = new TaskCenter(gateway);
    const id = cloud.jobs[0]?.id ?? "";
    expect(await center.remaining(id)).toMatch(/^about 17 min \d+ s left$/);
    await center.remaining(id);
    expect(cloud.journal.count("GET", /immediate-jobs/)).toBe(1);
    expect(cloud.journal.count("GET", /task-center-detail/)).toBe(2);
    expect(await center.remaining("nothing")).toBe("");
  });

  it("are told without a remaining time when the task centre fails", async () => {
    const { gateway, cloud } = await upgrading(1, false);
    cloud.control.gateway.disturb("DBS.108000", { times: 9 });
    expect(await new TaskCenter(gateway).remaining(cloud.jobs[0]?.id ?? "")).toBe("");
  });
});

describe("scheduled tasks", () => {
  it("are read to the last one", async () => {
    const { gateway, cloud } = await upgrading(230, true);
    expect(await readSchedules(gateway, { status: "Pending" })).toHaveLength(230);
    expect(cloud.journal.entries).toHaveLength(3);
    const [first] = cloud.instances;
    const rows = await readSchedules(gateway, { instanceId: first?.id ?? "" });
    expect(rows).toMatchObject([{ job_name: "VERSION_UPGRADE", job_status: "Pending", instance_id: first?.id }]);
  });
});
