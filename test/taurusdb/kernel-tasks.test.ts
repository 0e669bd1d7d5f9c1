import { describe, expect, it } from "vitest";
import { requestOf } from "../../provider/core/request";
import { jobsOf, withUnfinished } from "../../provider/taurusdb/kernel/tasks";
import { openAccess } from "../../provider/taurusdb/project";
import { jobPage } from "../../provider/taurusdb/schema";
import { upgradeStarRocks, upgradeStep } from "../../provider/taurusdb/starrocks/instance";
import { partial } from "../support/partial";
import { D, type KernelRig, kernelRig } from "./kernel-rig";
import { KEY, runtimeOf, USER } from "./rig";

const OLD = "2.0.69.250900";
const NEW = "2.0.78.260600";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The clock begins at midnight, the window opens at 18:00. */
const LATER = { schedule: "maintenance-window" };

function scheduled(rig: ReturnType<typeof kernelRig>) {
  return rig.cloud.schedules.map(({ status }) => status);
}

describe("an upgrade in the maintenance window", () => {
  it("is scheduled, and the run ends as deferred with task and window", async () => {
    const rig = kernelRig({ instances: 2 });
    const { outs } = await rig.lifecycle.create(rig.inputs(LATER));
    expect(outs).toMatchObject({
      status: "deferred",
      currentVersion: "2.0.69.250900",
      lastUpgrade: {
        state: "deferred",
        window: { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" },
        tasks: { [rig.ids[0] ?? ""]: expect.any(String), [rig.ids[1] ?? ""]: expect.any(String) },
      },
    });
    expect(scheduled(rig)).toEqual(["Pending", "Pending"]);
    expect(rig.writes()).toBe(1);
  });

  it("has no diff and no request until the window has closed, and is then verified", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = kernelRig({ instances: 2 });
    const { id, outs } = await lifecycle.create(inputs(LATER));
    cloud.journal.clear();
    await clock.sleep(21 * HOUR);
    expect(await lifecycle.diff(id, outs, inputs(LATER))).toEqual({ changes: false, replaces: [] });
    expect(cloud.journal.entries).toEqual([]);
    await clock.sleep(2 * HOUR);
    expect(await lifecycle.diff(id, outs, inputs(LATER))).toMatchObject({ changes: true });
    const { outs: verified } = await lifecycle.update(id, outs, inputs(LATER));
    expect(verified).toMatchObject({ status: "current", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
    expect(writes()).toBe(0);
  });

  it("is not reported as drift by a refresh", async () => {
    const { lifecycle, inputs } = kernelRig();
    const { id, outs } = await lifecycle.create(inputs(LATER));
    const read = await lifecycle.read(id, outs);
    expect(read.inputs).toMatchObject({ version: "2.0.78" });
    expect(read.props).toMatchObject({ status: "deferred" });
  });

  it("is canceled by a delete", async () => {
    const rig = kernelRig({ instances: 2 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(LATER));
    await rig.lifecycle.delete(id, outs);
    expect(scheduled(rig)).toEqual(["Canceled", "Canceled"]);
    expect(rig.messages().filter((line) => line.startsWith("canceled kernel upgrade"))).toHaveLength(2);
    expect(rig.messages().at(-1)).toBe("no longer managed; the database was not changed");
  });

  it("is canceled and requested immediately if the schedule changes to now", async () => {
    const rig = kernelRig({ instances: 2 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(LATER));
    const now = rig.inputs();
    await rig.lifecycle.check(rig.inputs(LATER), now);
    expect(rig.messages()).toContain(
      `2.0.69.250900 → ${NEW}, 2 of 2 instances in 1 request, now, after canceling 2 that are scheduled for their maintenance windows (refused for those that this resource did not schedule)`,
    );
    const { outs: done } = await rig.lifecycle.update(id, outs, now);
    expect(done).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(scheduled(rig)).toEqual(["Canceled", "Canceled"]);
    expect(rig.cloud.acceptedUpgrades.map(({ delay }) => delay)).toEqual([true, false]);
  });

  it("is canceled for an instance that leaves the resource, and kept for the others", async () => {
    const rig = kernelRig({ instances: 3 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(LATER));
    const fewer = rig.inputs({ ...LATER, instanceIds: rig.ids.slice(0, 2) });
    const { outs: kept } = await rig.lifecycle.update(id, outs, fewer);
    expect(kept).toMatchObject({ status: "deferred" });
    expect(scheduled(rig).sort()).toEqual(["Canceled", "Pending", "Pending"]);
    expect(rig.writes()).toBe(1);
  });

  it("is an error, and stays in the state, if the service does not cancel that of an instance that leaves", async () => {
    const rig = kernelRig({ instances: 3 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(LATER));
    const fewer = rig.inputs({ ...LATER, instanceIds: rig.ids.slice(0, 2) });
    const empty = { status: 200, headers: { "content-type": "application/json" }, body: '{"job_ids":[]}' };
    rig.cloud.faults.add({ match: { method: "DELETE" }, times: 100, fault: { kind: "replace", ...empty } });
    const failure = await partial(rig.lifecycle.update(id, outs, fewer));
    expect(failure.reasons[0]).toMatch(/did not cancel scheduled task .*\[refused\]/);
    expect(failure.properties).toMatchObject({ lastUpgrade: { tasks: { [rig.ids[2] ?? ""]: expect.any(String) } } });
    rig.cloud.faults.clear();
    await rig.lifecycle.update(id, failure.properties, fewer);
    expect(scheduled(rig).sort()).toEqual(["Canceled", "Pending", "Pending"]);
  });

  it("is canceled if the resource no longer needs it", async () => {
    const rig = kernelRig();
    const { id, outs } = await rig.lifecycle.create(rig.inputs(LATER));
    const lowered = rig.inputs({ ...LATER, version: ">=2.0.69" });
    const { outs: done } = await rig.lifecycle.update(id, outs, lowered);
    expect(done).toMatchObject({ status: "current", lastUpgrade: { state: "withdrawn" } });
    expect(scheduled(rig)).toEqual(["Canceled"]);
  });

  it.each(["", "-2"])(
    "is kept if the resource is replaced or renamed, because the new one relies on it%s",
    async (suffix) => {
      const rig = kernelRig({ instances: 2 });
      const old = await rig.lifecycle.create(rig.inputs(LATER));
      const renamed = rig.inputs({ ...LATER, __urn: `${rig.inputs()["__urn"]}${suffix}` });
      const { outs } = await rig.lifecycle.create(renamed);
      expect(outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true } });
      await rig.lifecycle.delete(old.id, old.outs);
      expect(scheduled(rig)).toEqual(["Pending", "Pending"]);
    },
  );

  it("is canceled by a delete for instances that no other resource relies on", async () => {
    const rig = kernelRig({ instances: 2 });
    const old = await rig.lifecycle.create(rig.inputs(LATER));
    const [first] = rig.ids;
    await rig.lifecycle.create(rig.inputs({ ...LATER, instanceIds: [first], __urn: `${rig.inputs()["__urn"]}-2` }));
    await rig.lifecycle.delete(old.id, old.outs);
    expect(rig.cloud.schedules.map(({ instanceId, status }) => [instanceId, status])).toEqual(
      rig.ids.map((id) => [id, id === first ? "Pending" : "Canceled"]),
    );
  });

  it("that another client has scheduled is never canceled", async () => {
    const rig = kernelRig();
    await rig.lifecycle.create(rig.inputs(LATER));
    const { id, outs } = await rig.lifecycle.create(rig.inputs(LATER));
    expect(outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true } });
    expect(rig.writes()).toBe(1);
    await rig.lifecycle.delete(id, outs);
    expect(scheduled(rig)).toEqual(["Pending"]);
    const text = await rig.lifecycle.create(rig.inputs()).catch((error: Error) => error.message);
    expect(text).toMatch(/which this resource did not schedule, is scheduled for its maintenance window.*\[blocked\]/);
    expect(rig.writes()).toBe(1);
  });

  it("is never scheduled twice after an interrupted run", async () => {
    const rig = kernelRig();
    rig.cloud.control.setTimings({ visibleMs: 60_000 });
    void rig.clock.sleep(43_000).then(rig.cancel);
    const first = await partial(rig.lifecycle.create(rig.inputs(LATER)));
    const { outs } = await rig.lifecycle.update(first.id, first.properties, rig.inputs(LATER));
    expect(outs).toMatchObject({ status: "deferred" });
    expect(rig.cloud.schedules.filter(({ status }) => status === "Pending")).toHaveLength(1);
  });
});

describe("an upgrade that waits for approval", () => {
  it.each([1, 7, 29 * 24])("is not requested again after %i hours", async (hours) => {
    const { lifecycle, inputs, cloud, clock, writes } = kernelRig();
    cloud.control.awaitApproval();
    const first = await partial(lifecycle.create(inputs()));
    await clock.sleep(hours * HOUR);
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(second.reasons[0]).toMatch(/waits for approval \(Unauthorized\).*\[blocked\]/);
    cloud.control.approve();
    const { outs } = await lifecycle.update(first.id, second.properties, inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("an upgrade that hangs while its instance is frozen", () => {
  it.each([1, 7, 29 * 24])("is still in progress after %i hours, and is not requested again", async (hours) => {
    const { lifecycle, inputs, cloud, clock, writes } = kernelRig();
    cloud.control.hang();
    const first = await partial(lifecycle.create(inputs()));
    cloud.control.setStatus("FROZEN");
    await clock.sleep(hours * HOUR);
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(second.reasons[0]).toMatch(/the kernel upgrade .* is still running.*\[deadline\]/);
    cloud.control.setStatus("ACTIVE");
    cloud.control.unhang();
    const { outs } = await lifecycle.update(first.id, second.properties, inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("an upgrade that fails more than six hours after it began", () => {
  const reason = "The disk is full.";

  it.each(["known", "refused"] as const)(
    "is reported with the vendor's reason by the run that waits for it (newest states are %s)",
    async (newTaskStates) => {
      const { lifecycle, inputs, cloud, clock, writes } = kernelRig({ switches: { newTaskStates } });
      cloud.control.hang();
      const first = await partial(lifecycle.create(inputs()));
      await clock.sleep(7 * HOUR);
      void clock.sleep(10 * MINUTE).then(() => cloud.control.failJob(reason));
      const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
      expect(second.reasons[0]).toMatch(/upgrade \S+ failed: The disk is full\..*\[upgrade-failed\]/);
      expect(second.properties).toMatchObject({ status: "failed", lastUpgrade: { state: "failed" } });
      expect(writes()).toBe(1);
    },
  );

  it("is still reported as failed when the run waits for another instance for hours", async () => {
    const { lifecycle, inputs, ids, cloud, clock } = kernelRig({ instances: 2 });
    cloud.control.fail({ instance: ids[0] ?? "", reason });
    cloud.control.hang({ instance: ids[1] ?? "" });
    void clock.sleep(7 * HOUR).then(() => cloud.control.unhang());
    const failure = await partial(lifecycle.create(inputs({ __timeouts: { create: "12h" } })));
    expect(failure.reasons[0]).toMatch(/1 of 2 instances .*failed: The disk is full\..*\[upgrade-failed\]/);
  });

  it.each([
    ["now", {}, "current"],
    ["in the maintenance window", LATER, "deferred"],
  ])("is reported by the next run a day later, and requested again %s", async (_, args, status) => {
    const { lifecycle, inputs, cloud, clock, messages, writes } = kernelRig();
    cloud.control.fail({ reason });
    const { id, outs } = await lifecycle.create(inputs({ ...args, wait: false }));
    await clock.sleep(34 * HOUR);
    const { outs: next } = await lifecycle.update(id, outs, inputs(args));
    expect(next).toMatchObject({ status });
    const reported = /^Upgrades failed since the last run, and are requested again: .*The disk is full\./;
    expect(messages().filter((line) => reported.test(line))).toHaveLength(1);
    expect(writes()).toBe(2);
  });
});

describe("an upgrade beyond a lowered target", () => {
  const lowered = { version: "2.0.69" };

  it.each([
    ["before its job was visible", "19s"],
    ["before it began", "35s"],
    ["while it was running", "5m"],
  ])("is waited for, and its result is reported, if the run ended %s", async (_, create) => {
    const { lifecycle, inputs, writes } = kernelRig();
    const first = await partial(lifecycle.create(inputs({ preCheck: false, __timeouts: { create } })));
    expect(first.properties).toMatchObject({ status: "upgrading" });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs(lowered));
    expect(outs).toMatchObject({ status: "newer", currentVersion: "2.0.78.260600" });
    expect(writes()).toBe(1);
  });

  it("that waits for approval prevents the status current", async () => {
    const { lifecycle, inputs, cloud, clock } = kernelRig();
    cloud.control.awaitApproval();
    const first = await partial(lifecycle.create(inputs()));
    await clock.sleep(7 * HOUR);
    const second = await partial(lifecycle.update(first.id, first.properties, inputs(lowered)));
    expect(second.reasons[0]).toMatch(/waits for approval.*reject the job in the Huawei Cloud console/);
    cloud.control.cancelJob();
    const { outs } = await lifecycle.update(first.id, second.properties, inputs(lowered));
    expect(outs).toMatchObject({ status: "current", currentVersion: OLD });
  });

  it("does not delay a resource whose target includes the recorded upgrades", async () => {
    const { lifecycle, inputs, cloud, clock } = kernelRig({ timings: { startMs: 10_000, upgradeMs: 20_000 } });
    const first = await partial(lifecycle.create(inputs({ preCheck: false, __timeouts: { create: "19s" } })));
    await clock.sleep(MINUTE);
    cloud.journal.clear();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(cloud.journal.count("GET", /\/instances$/)).toBe(1);
  });
});

describe("an exact version that was skipped", () => {
  const passedOver = { version: "2.0.75.260000" };
  const text = /2\.0\.75\.260000 can no longer be reached: .* which is 2\.0\.78\.260600\./;

  it.each(["now", "maintenance-window"])(
    "fails the check while an upgrade beyond it is scheduled (%s)",
    async (schedule) => {
      const rig = kernelRig();
      await rig.lifecycle.create(rig.inputs(LATER));
      const { failures } = await rig.lifecycle.check(rig.inputs(LATER), rig.inputs({ ...passedOver, schedule }));
      expect(failures).toMatchObject([{ property: "version", reason: expect.stringMatching(text) }]);
      expect(failures?.[0]?.reason).toContain(
        "The upgrade that is scheduled for its maintenance window also leads to that version.",
      );
    },
  );

  it("is not waited for when another client has scheduled an upgrade beyond it", async () => {
    const rig = kernelRig();
    await rig.lifecycle.create(rig.inputs(LATER));
    const created = rig.lifecycle.create(rig.inputs({ ...LATER, ...passedOver }));
    await expect(created).rejects.toThrow(/can no longer be reached.*\[blocked\]/);
    expect(scheduled(rig)).toEqual(["Pending"]);
  });

  it("fails the check while the instance is busy, and the run without waiting", async () => {
    const rig = kernelRig();
    rig.cloud.control.setStatus("BACKING UP", { ms: 20 * MINUTE });
    const { failures } = await rig.lifecycle.check({}, rig.inputs(passedOver));
    expect(failures).toMatchObject([{ property: "version", reason: expect.stringMatching(text) }]);
    const began = rig.clock.now();
    await expect(rig.lifecycle.create(rig.inputs(passedOver))).rejects.toThrow(text);
    expect(rig.clock.since(began)).toBeLessThan(MINUTE);
    expect(rig.writes()).toBe(0);
  });

  it("does not prevent waiting for an upgrade of an earlier run", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.control.setTimings({ visibleMs: 2 * MINUTE });
    const exact = { version: "2.0.78.260600", preCheck: false };
    const first = await partial(lifecycle.create(inputs({ ...exact, __timeouts: { create: "60s" } })));
    expect(first.properties).toMatchObject({ status: "upgrading" });
    cloud.control.offer("2.0.81.260900");
    const { outs } = await lifecycle.update(first.id, first.properties, inputs(exact));
    expect(outs).toMatchObject({ currentVersion: expect.stringMatching(/^2\.0\.(78|81)\./) });
    expect(writes()).toBe(1);
  });
});

describe("a machine with a wrong clock", () => {
  const key = { accessKey: D.accessKey, secretKey: D.secretKey };
  const user = { accessKey: undefined, secretKey: undefined, ...USER };

  it.each([
    [8, "a key", key],
    [-8, "a key", key],
    [8, "a token", user],
  ])("(%i, with %s) still finds the upgrades of the last hours", async (hours, _, who) => {
    const rig = kernelRig({}, { skew: hours * HOUR, dated: true });
    const args = rig.inputs(who);
    rig.cloud.control.fail({ reason: "The disk is full." });
    const first = await partial(rig.lifecycle.create(args));
    expect(first.reasons[0]).toMatch(/failed: The disk is full\..*\[upgrade-failed\]/);
    rig.cloud.control.awaitApproval();
    const second = await partial(rig.lifecycle.update(first.id, first.properties, args));
    expect(second.reasons[0]).toMatch(/waits for approval/);
    await rig.clock.sleep(10 * MINUTE);
    const third = await partial(rig.lifecycle.update(first.id, second.properties, args));
    expect(third.reasons[0]).toMatch(/waits for approval/);
    expect(rig.writes()).toBe(2);
  });
});

it("the relevant upgrade of an instance is the unfinished one, or else the newest", () => {
  const row = (job_id: string, status: string) => jobPage.parse({ jobs: [{ job_id, status, instance_id: "a" }] }).jobs;
  const counts = (...rows: ReturnType<typeof row>[]) => jobsOf(rows.flat()).get("a")?.job_id;
  expect(counts(row("3", "Failed"), row("2", "Unauthorized"), row("1", "Completed"))).toBe("2");
  expect(counts(row("3", "Unauthorized"), row("2", "Running"), row("1", "Pending"))).toBe("2");
  expect(counts(row("3", "Completed"), row("2", "Failed"))).toBe("3");
  expect(withUnfinished(row("1", "Completed"), [...row("1", "Unauthorized"), ...row("0", "Pending")])).toMatchObject([
    { job_id: "1", status: "Completed" },
    { job_id: "0", status: "Pending" },
  ]);
});

describe("a scheduled upgrade of its StarRocks instance", () => {
  /** A cloud that lists it with the id of the TaurusDB instance. */
  async function beside(): Promise<KernelRig> {
    const rig = kernelRig({ switches: { starRocksJobInstance: "taurusdb" } });
    const { gateway } = openAccess({ region: D.region, ...KEY }, runtimeOf(rig.clock), rig.connect, {});
    const starRocksInstanceId = rig.cloud.starRocks[0]?.id ?? "";
    const args = { starRocksInstanceId, schedule: "maintenance-window" } as const;
    await upgradeStarRocks(
      gateway,
      requestOf([upgradeStep(args, { from: "3.1.6.0", to: "3.1.15.80" })]),
      () => undefined,
    );
    await rig.clock.sleep(MINUTE);
    return rig;
  }

  it("is not treated as that of the kernel, which is scheduled", async () => {
    const rig = await beside();
    const { id, outs } = await rig.lifecycle.create(rig.inputs(LATER));
    expect(outs).toMatchObject({ status: "deferred", currentVersion: OLD });
    expect(outs["lastUpgrade"]).not.toHaveProperty("joined");
    expect(rig.writes()).toBe(1);
    await rig.lifecycle.delete(id, outs);
    expect(rig.cloud.schedules.map(({ kind, status }) => [kind, status])).toEqual([
      ["starRocks", "Pending"],
      ["upgrade", "Canceled"],
    ]);
  });

  it("does not prevent an immediate upgrade", async () => {
    const rig = await beside();
    expect((await rig.lifecycle.create(rig.inputs())).outs).toMatchObject({ status: "current" });
    expect(rig.cloud.schedules).toMatchObject([{ kind: "starRocks", status: "Pending" }]);
  });
});
