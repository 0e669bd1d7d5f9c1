import { describe, expect, it } from "vitest";
import { requestOf } from "../../provider/core/request";
import { jobsOf, withWaiting } from "../../provider/taurusdb/kernel/tasks";
import { openAccess } from "../../provider/taurusdb/project";
import { jobPage } from "../../provider/taurusdb/schema";
import { upgradeStarRocks, upgradeStep } from "../../provider/taurusdb/starrocks/instance";
import { partial } from "../support/partial";
import { D, type KernelRig, kernelRig } from "./kernel-rig";
import { KEY, runtimeOf, USER } from "./rig";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OLD = "2.0.69.250900";
const LATER = { schedule: "maintenance-window" };

describe("an upgrade that waits for approval", () => {
  it.each([1, 7, 29 * 24])("is not asked for again after %i hours", async (hours) => {
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

describe("an upgrade that a lowered pin does not want", () => {
  const lowered = { version: "2.0.69" };

  it.each([
    ["before its job shows", "19s"],
    ["before it begins", "35s"],
    ["while it runs", "5m"],
  ])("is followed to its end, and what it led to is told, when it was left %s", async (_, create) => {
    const { lifecycle, inputs, writes } = kernelRig();
    const first = await partial(lifecycle.create(inputs({ preCheck: false, __timeouts: { create } })));
    expect(first.properties).toMatchObject({ status: "upgrading" });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs(lowered));
    expect(outs).toMatchObject({ status: "newer", currentVersion: "2.0.78.260600" });
    expect(writes()).toBe(1);
  });

  it("and that waits for approval keeps it from being called current", async () => {
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

  it("does not hold up a pin that holds where the upgrades of the record lead", async () => {
    const { lifecycle, inputs, cloud, clock } = kernelRig({ timings: { startMs: 10_000, upgradeMs: 20_000 } });
    const first = await partial(lifecycle.create(inputs({ preCheck: false, __timeouts: { create: "19s" } })));
    await clock.sleep(MINUTE);
    cloud.journal.clear();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(cloud.journal.count("GET", /\/instances$/)).toBe(1);
  });
});

describe("a machine whose clock is hours off", () => {
  const key = { accessKey: D.accessKey, secretKey: D.secretKey };
  const user = { accessKey: undefined, secretKey: undefined, ...USER };

  it.each([
    [8, "a key", key],
    [-8, "a key", key],
    [8, "a token", user],
  ])("(%i, with %s) sees the upgrades of the last hours all the same", async (hours, _, who) => {
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

it("the upgrade of an instance that counts is one that has not ended, else the newest", () => {
  const row = (job_id: string, status: string) => jobPage.parse({ jobs: [{ job_id, status, instance_id: "a" }] }).jobs;
  const counts = (...rows: ReturnType<typeof row>[]) => jobsOf(rows.flat()).get("a")?.job_id;
  expect(counts(row("3", "Failed"), row("2", "Unauthorized"), row("1", "Completed"))).toBe("2");
  expect(counts(row("3", "Unauthorized"), row("2", "Running"), row("1", "Pending"))).toBe("2");
  expect(counts(row("3", "Completed"), row("2", "Failed"))).toBe("3");
  expect(withWaiting(row("1", "Completed"), [...row("1", "Unauthorized"), ...row("0", "Pending")])).toMatchObject([
    { job_id: "1", status: "Completed" },
    { job_id: "0", status: "Pending" },
  ]);
});

describe("a scheduled upgrade of the StarRocks instance beside it", () => {
  /** A cloud in which that stands under the id of the TaurusDB instance. */
  async function beside(): Promise<KernelRig> {
    const rig = kernelRig({ switches: { starRocksJobInstance: "taurusdb" } });
    const { gateway } = openAccess({ region: D.region, ...KEY }, runtimeOf(rig.clock), rig.connect, {});
    const starRocksInstanceId = rig.cloud.starRocks[0]?.id ?? "";
    const wish = { starRocksInstanceId, schedule: "maintenance-window" } as const;
    await upgradeStarRocks(
      gateway,
      requestOf([upgradeStep(wish, { from: "3.1.6.0", to: "3.1.15.80" })]),
      () => undefined,
    );
    await rig.clock.sleep(MINUTE);
    return rig;
  }

  it("is not taken for that of the kernel, which is scheduled", async () => {
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

  it("does not keep it from being upgraded now", async () => {
    const rig = await beside();
    expect((await rig.lifecycle.create(rig.inputs())).outs).toMatchObject({ status: "current" });
    expect(rig.cloud.schedules).toMatchObject([{ kind: "starRocks", status: "Pending" }]);
  });
});
