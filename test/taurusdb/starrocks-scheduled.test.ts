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
/** What runs already. */
const LOWERED = { version: ">=3.1.6" };

/** A pin whose upgrade waits for its window. */
async function deferred(world: Rig, args: Record<string, unknown> = {}) {
  const inputs = world.inputs({ ...LATER, ...args });
  return { inputs, ...(await world.lifecycle.create(inputs)) };
}

function schedules({ cloud }: Rig): string[] {
  cloud.tick();
  return cloud.schedules.map(({ status }) => status);
}

describe("an upgrade in the maintenance window", () => {
  it("is scheduled with one call, and succeeds as deferred with task and window in the outputs", async () => {
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

  it("is no difference until the window has closed, and causes no request", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    world.cloud.journal.clear();
    await world.clock.sleep(20 * HOUR);
    expect(await world.lifecycle.diff(id, outs, inputs)).toMatchObject({ changes: false });
    expect(world.cloud.journal.entries).toEqual([]);
    await world.clock.sleep(3 * HOUR);
    expect(await world.lifecycle.diff(id, outs, inputs)).toMatchObject({ changes: true });
  });

  it("is verified once the window has closed", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(23 * HOUR);
    const next = await world.lifecycle.update(id, outs, inputs);
    expect(next.outs).toMatchObject({ status: "current", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("is followed by a run that comes while it runs", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    const { outs: next } = await world.lifecycle.update(id, outs, { ...inputs, wait: true });
    expect(next).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it.each(["same", "new"] as const)("is verified whether its run has the %s id", async (scheduledRunId) => {
    const world = rig({ switches: { scheduledRunId, scheduleIds: "dashed" } });
    const { id, outs, inputs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    expect((await world.lifecycle.update(id, outs, inputs)).outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("that failed in its window is told of and scheduled again", async () => {
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

  it("that somebody canceled is told of and scheduled again", async () => {
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

  it("that the task lists do not show is found by its id", async () => {
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
    ["its name tells", (body: string) => body],
    ["only its waiting tells", (body: string) => body.replaceAll('"VERSION_UPGRADE"', '"X"')],
  ])("that the task lists do not show is canceled when it is wanted now: %s", async (_, rewrite) => {
    const world = rig({ switches: { starRocksSchedules: "hidden" } }, { rewrite });
    const { id, outs } = await deferred(world);
    const next = await world.lifecycle.update(id, outs, world.inputs());
    expect(next.outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.cloud.schedules.map(({ status }) => status)).toContain("Canceled");
    expect(world.writes()).toBe(2);
  });

  it("that stands under the id of the TaurusDB instance is found, too", async () => {
    const world = rig({ switches: { starRocksJobInstance: "taurusdb" } });
    const { id, outs, inputs } = await deferred(world);
    expect((await world.lifecycle.update(id, outs, inputs)).outs).toMatchObject({ status: "deferred" });
    expect(world.writes()).toBe(1);
  });

  it.each(["starRocks", "taurusdb"] as const)(
    "is not mistaken for one of the TaurusDB instance beside it (ids of %s)",
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

  it("sent inside an open window may begin at once, and is followed then", async () => {
    const world = rig({ switches: { delayedInsideWindow: "now" } });
    await world.clock.sleep(19 * HOUR);
    const { outs } = await deferred(world);
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
  });

  it("is found by a run that knows nothing of it, and not scheduled twice", async () => {
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

  it("is told by the preview", async () => {
    const world = rig();
    await deferred(world);
    await world.lifecycle.check({}, world.inputs(LATER));
    expect(world.messages().at(-1)).toMatch(
      /is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z/,
    );
  });
});

describe("a scheduled upgrade that is not wanted any more", () => {
  it("is canceled when the pin asks for one now, and then made", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const next = await world.lifecycle.update(id, outs, world.inputs());
    expect(next.outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(world.messages().some((line) => line.startsWith("canceled upgrade"))).toBe(true);
    expect(world.cloud.schedules).toMatchObject([{ status: "Canceled" }]);
    expect(world.cloud.acceptedUpgrades.map(({ delay }) => delay)).toEqual([true, false]);
  });

  it("is announced by the preview, with whose it is where the state says so", async () => {
    const world = rig();
    const { id, outs, inputs } = await deferred(world);
    await world.lifecycle.check(inputs, world.inputs());
    expect(world.messages().at(-1)).toMatch(
      /now, with a restart, after canceling upgrade .*, which is scheduled for .* \(refused if this resource did not schedule it\)$/,
    );
    await world.lifecycle.diff(id, outs, world.inputs());
    expect(world.messages().at(-1)).toMatch(/^will cancel scheduled upgrade .* before the upgrade is requested$/);
  });

  it("of somebody else is announced as what keeps a new resource from starting", async () => {
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

  it("is kept by a delete when another pin counts on it", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const renamed = { ...world.inputs(LATER), __urn: `${URN}-2` };
    expect((await world.lifecycle.create(renamed)).outs).toMatchObject({ status: "deferred" });
    await world.lifecycle.delete(id, outs);
    expect(world.cloud.schedules).toMatchObject([{ status: "Pending" }]);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(0);
  });

  it("is left to run when it has begun by then", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    await world.lifecycle.delete(id, outs);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(0);
  });

  it("is never called canceled when the service has not said so", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const empty = { status: 200, headers: { "content-type": "application/json" }, body: '{"job_ids":[]}' };
    world.cloud.faults.add({ match: { method: "DELETE" }, times: Infinity, fault: { kind: "replace", ...empty } });
    await expect(world.lifecycle.delete(id, outs)).rejects.toThrow(/could not be canceled/);
    expect(world.messages().some((line) => line.includes("did not cancel scheduled task"))).toBe(true);
    expect(world.cloud.schedules).toMatchObject([{ status: "Pending" }]);
  });

  it("is looked at again when the answer to taking it back was lost", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    world.cloud.faults.add({ match: { method: "DELETE" }, fault: { kind: "loseReply" } });
    const next = await world.lifecycle.update(id, outs, world.inputs());
    expect(next.outs).toMatchObject({ status: "current" });
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(1);
  });

  it("of somebody else is never canceled", async () => {
    const world = rig();
    await deferred(world);
    await expect(world.lifecycle.create(world.inputs())).rejects.toThrow(
      /which this resource did not schedule.*\[blocked\]/,
    );
    expect(world.cloud.schedules).toMatchObject([{ status: "Pending" }]);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBe(0);
  });

  it("needs a permission of its own, which is named", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    world.cloud.control.iam.deny(["gaussdbformysql:task:delete"]);
    const failure = await partial(world.lifecycle.update(id, outs, world.inputs()));
    expect(failure.reasons[0]).toMatch(/gaussdbformysql:task:delete/);
    expect(failure.properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "deferred" } });
  });
});

describe("a scheduled upgrade that a lowered pin does not want", () => {
  it.each<[string, (world: Rig) => void]>([
    [
      "is throttled",
      ({ cloud }) => cloud.control.gateway.disturb("APIGW.0308", { route: "cancelSchedules", times: 2 }),
    ],
    ["fails", ({ cloud }) => cloud.control.gateway.disturb("DBS.108000", { route: "cancelSchedules", times: 2 })],
    ["is lost", ({ cloud }) => cloud.faults.add({ match: { method: "DELETE" }, fault: { kind: "loseReply" } })],
    ["does not get there", ({ cloud }) => cloud.faults.add({ match: { method: "DELETE" }, fault: { kind: "refuse" } })],
  ])("is canceled all the same when the call for that %s", async (_, disturb) => {
    const world = rig();
    const { id, outs } = await deferred(world);
    disturb(world);
    const { outs: next } = await world.lifecycle.update(id, outs, world.inputs({ ...LATER, ...LOWERED }));
    expect(next).toMatchObject({ status: "current", currentVersion: OLD });
    expect((next["lastUpgrade"] as { state: string }).state).not.toBe("succeeded");
    expect(schedules(world)).toEqual(["Canceled"]);
    expect(world.messages().join("\n")).not.toContain("upgraded");
  });

  it("is an error, and stays in the state, when the service does not cancel it", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    const empty = { status: 200, headers: { "content-type": "application/json" }, body: '{"job_ids":[]}' };
    world.cloud.faults.add({ match: { method: "DELETE" }, times: 100, fault: { kind: "replace", ...empty } });
    const lowered = world.inputs({ ...LATER, ...LOWERED });
    const failure = await partial(world.lifecycle.update(id, outs, lowered));
    expect(failure.reasons[0]).toMatch(/could not be canceled.*scheduled for its maintenance window.*\[refused\]/);
    expect(failure.properties).toMatchObject({ status: "behind", lastUpgrade: { state: "deferred" } });
    // Another run sees to it, although the window is not over: not even a refresh hides that.
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
  ])("is canceled although neither lists nor its name tell that it waits, asked for %s", async (_, ago) => {
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

  it("and has begun is followed to its end, and what it led to is told", async () => {
    const world = rig();
    const { id, outs } = await deferred(world);
    await world.clock.sleep(18 * HOUR + 3 * MINUTE);
    const { outs: next } = await world.lifecycle.update(id, outs, world.inputs({ ...LATER, version: "3.1.6" }));
    expect(next).toMatchObject({ status: "newer", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
  });
});

describe("an upgrade that runs, and that a lowered pin does not want", () => {
  it("is followed to its end, and what it led to is told", async () => {
    const world = rig();
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "3m" } })));
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs({ version: "3.1.6" }));
    expect(outs).toMatchObject({ status: "newer", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("and has not begun yet is followed, too", async () => {
    const world = rig();
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "15s" } })));
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs({ version: "3.1.6" }));
    expect(outs).toMatchObject({ status: "newer", currentVersion: NEW });
  });

  it("is not called current by a run that does not wait", async () => {
    const world = rig();
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "3m" } })));
    const lowered = world.inputs({ version: "3.1.6", wait: false });
    const { outs } = await world.lifecycle.update(first.id, first.properties, lowered);
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
  });
});

describe("ids of which each call has a form of its own", () => {
  it("do not hide a scheduled upgrade", async () => {
    const world = rig({ switches: { scheduleIds: "byCall" } });
    const { id, outs } = await deferred(world);
    expect(outs).toMatchObject({ lastUpgrade: { window: { opens: "2026-01-01T18:00:00.000Z" } } });
    expect((await world.lifecycle.update(id, outs, world.inputs(LATER))).outs).toMatchObject({ status: "deferred" });
    expect(world.writes()).toBe(1);
  });

  it("do not keep it from being canceled", async () => {
    const world = rig({ switches: { scheduleIds: "byCall" } });
    const { id, outs } = await deferred(world);
    await world.lifecycle.delete(id, outs);
    expect(schedules(world)).toEqual(["Canceled"]);
    expect(world.cloud.journal.count("DELETE", SCHEDULED)).toBeLessThanOrEqual(2);
  });
});
