import { describe, expect, it } from "vitest";
import { canonicalJobId } from "../../provider/huaweicloud/jobs";
import { jobId } from "../../provider/taurusdb/schema";
import { cancelSchedules } from "../../provider/taurusdb/tasks";
import { partial } from "../support/partial";
import { instanceId, MINUTE, NEW, OLD, PROJECT, type Rig, rig, URN } from "./rig";

const HOUR = 60 * MINUTE;
const SCHEDULED = `${PROJECT}/scheduled-jobs`;
const WINDOW = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
const LATER = { schedule: "maintenance-window" };
/** The version at the beginning. */
const LOWERED = { version: ">=3.1.6" };

/** A resource whose upgrade is scheduled. */
async function deferred(world: Rig, args: Record<string, unknown> = {}) {
  const inputs = world.inputs({ ...LATER, ...args });
  return { inputs, ...(await world.lifecycle.create(inputs)) };
}

function schedules({ cloud }: Rig): string[] {
  cloud.tick();
  return cloud.schedules.map(({ status }) => status);
}

describe("an upgrade in the maintenance window", () => {
  it("is scheduled with one request, and the run succeeds as deferred with task and window in the outputs", async () => {
    const world = rig();
    const { outs } = await deferred(world);
    const [schedule] = world.cloud.schedules;
    expect(outs).toMatchObject({
      status: "deferred",
      currentVersion: OLD,
      lastUpgrade: { task: canonicalJobId(schedule?.id ?? ""), from: OLD, to: NEW, state: "deferred", window: WINDOW },
    });
    expect(world.cloud.acceptedUpgrades).toMatchObject([{ delay: true }]);
    expect(world.messages().at(-1)).toContain(
      "is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z",
    );
    expect(world.writes()).toBe(1);
  });

  it("has no diff and no request until the window has closed", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    world.cloud.journal.clear();
    await world.clock.sleep(20 * HOUR);
    expect(await world.lifecycle.diff(id, outs, inputs)).toMatchObject({ changes: false });
    expect(world.cloud.journal.entries).toEqual([]);
    await world.clock.sleep(3 * HOUR);
    expect(await world.lifecycle.diff(id, outs, inputs)).toMatchObject({ changes: true });
  });

  it("is verified after the window has closed", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(23 * HOUR);
    const next = await world.lifecycle.update(id, outs, inputs);
    expect(next.outs).toMatchObject({ status: "current", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("is joined by a run while it is in progress", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    const { outs: next } = await world.lifecycle.update(id, outs, { ...inputs, wait: true });
    expect(next).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it.each(["same", "new"] as const)("is verified if its job has the %s id", async (scheduledRunId) => {
    const world = rig({ switches: { scheduledRunId, scheduleIds: "dashed" } });
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    expect((await world.lifecycle.update(id, outs, inputs)).outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("that failed in its window is reported and scheduled again", async () => {
    const world = rig();
    world.cloud.control.fail({ reason: "BE is down." });
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(23 * HOUR);
    const next = await world.lifecycle.update(id, outs, inputs);
    expect(world.messages().some((line) => /earlier upgrade .* has ended: .*BE is down/.test(line))).toBe(true);
    expect(next.outs).toMatchObject({
      status: "deferred",
      lastUpgrade: { window: { opens: "2026-01-02T18:00:00.000Z" } },
    });
    expect(world.writes()).toBe(2);
  });

  it("that another client canceled is reported and scheduled again", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(MINUTE);
    const [schedule] = world.cloud.schedules;
    expect(await cancelSchedules(world.access().gateway, [schedule?.id ?? ""])).toHaveLength(1);
    const next = await world.lifecycle.update(id, outs, inputs);
    expect(world.messages().some((line) => line.includes("it was canceled"))).toBe(true);
    expect(next.outs).toMatchObject({ status: "deferred" });
    expect(world.cloud.schedules).toMatchObject([{ status: "Canceled" }, { status: "Pending" }]);
    expect(world.writes()).toBe(2);
  });

  it("that the task lists do not contain is found by its id", async () => {
    const world = rig({ switches: { starRocksSchedules: "hidden" } });
    const { id, outs, inputs } = await deferred(world);
    expect(outs).toMatchObject({ status: "deferred", lastUpgrade: { window: WINDOW } });
    const again = await world.lifecycle.update(id, outs, inputs);
    expect(again.outs).toMatchObject({ status: "deferred" });
    await world.clock.sleep(23 * HOUR);
    expect((await world.lifecycle.update(id, outs, inputs)).outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it.each([
    ["by its name", (body: string) => body],
    ["by its waiting state", (body: string) => body.replaceAll('"VERSION_UPGRADE"', '"X"')],
  ])(
    "that the task lists do not contain is recognized and canceled if an immediate one is needed: %s",
    async (_, rewrite) => {
      const world = rig({ switches: { starRocksSchedules: "hidden" } }, { rewrite });
      const { id, outs } = await deferred(world);
      const next = await world.lifecycle.update(id, outs, world.inputs());
      expect(next.outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
      expect(world.cloud.schedules.map(({ status }) => status)).toContain("Canceled");
      expect(world.writes()).toBe(2);
    },
  );

  it("that is listed with the id of the TaurusDB instance is found as well", async () => {
    const world = rig({ switches: { starRocksJobInstance: "taurusdb" } });
    const { id, outs, inputs } = await deferred(world);
    expect((await world.lifecycle.update(id, outs, inputs)).outs).toMatchObject({ status: "deferred" });
    expect(world.writes()).toBe(1);
  });

  it.each(["starRocks", "taurusdb"] as const)(
    "is distinguished from one of its TaurusDB instance (ids of %s)",
    async (starRocksJobInstance) => {
      const world = rig({ switches: { starRocksJobInstance } });
      const { gateway } = world.access();
      const body = { delay: true };
      const action = "gaussdbformysql:instance:upgrade";
      const path = ["instances", instanceId, "db-upgrade"];
      const { job_id } = await gateway.write({ method: "POST", path, body, schema: jobId, action });
      await world.clock.sleep(MINUTE);
      expect((await world.lifecycle.create(world.inputs())).outs).toMatchObject({ status: "current" });
      expect(world.cloud.schedules).toMatchObject([{ id: job_id, status: "Pending" }]);
    },
  );

  it("that is requested inside an open window may begin immediately, and is joined then", async () => {
    const world = rig({ switches: { delayedInsideWindow: "now" } });
    await world.clock.sleep(19 * HOUR);
    const { outs } = await deferred(world);
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
  });

  it("is found by a run without a record of it, and not scheduled twice", async () => {
    const world = rig();
    await deferred(world);
    const { outs } = await deferred(world);
    expect(outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true, window: WINDOW } });
    expect(world.writes()).toBe(1);
  });

  it("is shown by a refresh as deferred", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    const seen = await world.lifecycle.read(id, outs);
    expect(seen).toMatchObject({ props: { status: "deferred" }, inputs: { version: NEW } });
    expect(await world.lifecycle.diff(id, seen.props ?? {}, inputs)).toMatchObject({ changes: false });
  });

  it("is shown by the preview", async () => {
    const world = rig();
    await deferred(world);
    await world.lifecycle.check({}, world.inputs(LATER));
    expect(world.messages().at(-1)).toMatch(
      /is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z/,
    );
  });
});

describe("a scheduled upgrade that is no longer needed", () => {
  it("is canceled if the resource requests one now, which is then sent", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const next = await world.lifecycle.update(id, outs, world.inputs());
    expect(next.outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(world.messages().some((line) => line.startsWith("canceled upgrade"))).toBe(true);
    expect(world.cloud.schedules).toMatchObject([{ status: "Canceled" }]);
    expect(world.cloud.acceptedUpgrades.map(({ delay }) => delay)).toEqual([true, false]);
  });

  it("is announced by the preview, with its origin if the state contains it", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    await world.lifecycle.check(inputs, world.inputs());
    expect(world.messages().at(-1)).toMatch(
      /now, with a restart, after canceling upgrade .*, which is scheduled for .* \(refused if this resource did not schedule it\)$/,
    );
    await world.lifecycle.diff(id, outs, world.inputs());
    expect(world.messages().at(-1)).toMatch(/^will cancel scheduled upgrade .* before the upgrade is requested$/);
  });

  it("of another client is announced as a reason why a new resource cannot start", async () => {
    const world = rig();
    await deferred(world);
    await world.lifecycle.check({}, world.inputs());
    expect(world.messages().at(-1)).toMatch(
      /^will not start: upgrade .*, which this resource did not schedule, is scheduled/,
    );
  });

  it("is canceled by delete", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    await world.lifecycle.delete(id, outs);
    expect(world.cloud.schedules).toMatchObject([{ status: "Canceled" }]);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(1);
    expect(world.messages().some((line) => line.startsWith("canceled upgrade"))).toBe(true);
  });

  it("is kept by a delete if another resource relies on it", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const renamed = { ...world.inputs(LATER), __urn: `${URN}-2` };
    expect((await world.lifecycle.create(renamed)).outs).toMatchObject({ status: "deferred" });
    await world.lifecycle.delete(id, outs);
    expect(world.cloud.schedules).toMatchObject([{ status: "Pending" }]);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(0);
  });

  it("is not canceled if it has begun meanwhile", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    await world.lifecycle.delete(id, outs);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(0);
  });

  it("is never reported as canceled without a confirmation of the service", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const empty = { status: 200, headers: { "content-type": "application/json" }, body: '{"job_ids":[]}' };
    world.cloud.faults.add({ match: { method: "DELETE" }, times: Infinity, fault: { kind: "replace", ...empty } });
    await expect(world.lifecycle.delete(id, outs)).rejects.toThrow(/could not be canceled/);
    expect(world.messages().some((line) => line.includes("did not cancel scheduled task"))).toBe(true);
    expect(world.cloud.schedules).toMatchObject([{ status: "Pending" }]);
  });

  it("is read again if the response to the cancellation was lost", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    world.cloud.faults.add({ match: { method: "DELETE" }, fault: { kind: "loseReply" } });
    const next = await world.lifecycle.update(id, outs, world.inputs());
    expect(next.outs).toMatchObject({ status: "current" });
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(1);
  });

  it("of another client is never canceled", async () => {
    const world = rig();
    await deferred(world);
    await expect(world.lifecycle.create(world.inputs())).rejects.toThrow(
      /which this resource did not schedule.*\[blocked\]/,
    );
    expect(world.cloud.schedules).toMatchObject([{ status: "Pending" }]);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(0);
  });

  it("needs a separate permission, which is named", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    world.cloud.control.iam.deny(["gaussdbformysql:task:delete"]);
    const failure = await partial(world.lifecycle.update(id, outs, world.inputs()));
    expect(failure.reasons[0]).toMatch(/gaussdbformysql:task:delete/);
    expect(failure.properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "deferred" } });
  });
});

describe("a scheduled upgrade beyond a lowered target", () => {
  it.each<[string, (world: Rig) => void]>([
    [
      "is throttled",
      ({ cloud }) => cloud.control.gateway.disturb("APIGW.0308", { route: "cancelSchedules", times: 2 }),
    ],
    ["fails", ({ cloud }) => cloud.control.gateway.disturb("DBS.108000", { route: "cancelSchedules", times: 2 })],
    ["is lost", ({ cloud }) => cloud.faults.add({ match: { method: "DELETE" }, fault: { kind: "loseReply" } })],
    ["does not arrive", ({ cloud }) => cloud.faults.add({ match: { method: "DELETE" }, fault: { kind: "refuse" } })],
  ])("is still canceled if the cancellation %s", async (_, disturb) => {
    const world = rig();
    const { id, outs } = await deferred(world);
    disturb(world);
    const { outs: next } = await world.lifecycle.update(id, outs, world.inputs({ ...LATER, ...LOWERED }));
    expect(next).toMatchObject({ status: "current", currentVersion: OLD });
    expect((next["lastUpgrade"] as { state: string }).state).not.toBe("succeeded");
    expect(schedules(world)).toEqual(["Canceled"]);
    expect(world.messages().join("\n")).not.toContain("upgraded");
  });

  it("is an error, and stays in the state, if the service does not cancel it", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const empty = { status: 200, headers: { "content-type": "application/json" }, body: '{"job_ids":[]}' };
    world.cloud.faults.add({ match: { method: "DELETE" }, times: 100, fault: { kind: "replace", ...empty } });
    const lowered = world.inputs({ ...LATER, ...LOWERED });
    const failure = await partial(world.lifecycle.update(id, outs, lowered));
    expect(failure.reasons[0]).toMatch(/could not be canceled.*scheduled for its maintenance window.*\[refused\]/);
    expect(failure.properties).toMatchObject({ status: "behind", lastUpgrade: { state: "deferred" } });
    // The next run cancels it although the window has not closed, even after a refresh.
    expect(await world.lifecycle.diff(id, failure.properties, lowered)).toMatchObject({ changes: true });
    expect(schedules(world)).toEqual(["Pending"]);
    world.cloud.faults.clear();
    const { outs: next } = await world.lifecycle.update(id, failure.properties, lowered);
    expect(next).toMatchObject({ status: "current", lastUpgrade: { state: "withdrawn" } });
    expect(schedules(world)).toEqual(["Canceled"]);
  });

  it.each([
    ["a moment ago", MINUTE],
    ["long ago", HOUR],
  ])("is canceled although neither lists nor its name show that it waits, if it was requested %s", async (_, ago) => {
    const rewrite = (body: string) => body.replaceAll('"VERSION_UPGRADE"', '"X"');
    const world = rig({ switches: { starRocksSchedules: "hidden" } }, { rewrite });
    const { id, outs } = await deferred(world);
    await world.clock.sleep(ago);
    const began = world.clock.now();
    const { outs: next } = await world.lifecycle.update(id, outs, world.inputs(LOWERED));
    expect(next).toMatchObject({ status: "current", lastUpgrade: { state: "withdrawn" } });
    expect(world.clock.since(began)).toBeLessThan(ago === HOUR ? MINUTE / 5 : 6 * MINUTE);
    expect(schedules(world)).toEqual(["Canceled"]);
  });

  it("that has begun is waited for, and its result is reported", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    const { outs: next } = await world.lifecycle.update(id, outs, world.inputs({ ...LATER, version: "3.1.6" }));
    expect(next).toMatchObject({ status: "newer", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
  });
});

describe("a running upgrade beyond a lowered target", () => {
  it("is waited for, and its result is reported", async () => {
    const world = rig();
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "3m" } })));
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs({ version: "3.1.6" }));
    expect(outs).toMatchObject({ status: "newer", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("is waited for even if it has not begun", async () => {
    const world = rig();
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "15s" } })));
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs({ version: "3.1.6" }));
    expect(outs).toMatchObject({ status: "newer", currentVersion: NEW });
  });

  it("prevents the status current in a run that does not wait", async () => {
    const world = rig();
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "3m" } })));
    const lowered = world.inputs({ version: "3.1.6", wait: false });
    const { outs } = await world.lifecycle.update(first.id, first.properties, lowered);
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
  });
});

describe("ids with a different format in each endpoint", () => {
  it("do not hide a scheduled upgrade", async () => {
    const world = rig({ switches: { scheduleIds: "byCall" } });
    const { id, outs } = await deferred(world);
    expect(outs).toMatchObject({ lastUpgrade: { window: { opens: "2026-01-01T18:00:00.000Z" } } });
    expect((await world.lifecycle.update(id, outs, world.inputs(LATER))).outs).toMatchObject({ status: "deferred" });
    expect(world.writes()).toBe(1);
  });

  it("do not prevent its cancellation", async () => {
    const world = rig({ switches: { scheduleIds: "byCall" } });
    const { id, outs } = await deferred(world);
    await world.lifecycle.delete(id, outs);
    expect(schedules(world)).toEqual(["Canceled"]);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBeLessThanOrEqual(2);
  });
});
