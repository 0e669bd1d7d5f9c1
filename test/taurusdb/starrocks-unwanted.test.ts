import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { MINUTE, NEW, OLD, PROJECT, type Rig, rig } from "./rig";

const HOUR = 60 * MINUTE;
const SCHEDULED = `${PROJECT}/scheduled-jobs`;
const LATER = { schedule: "maintenance-window" };
/** What runs already. */
const LOWERED = { version: ">=3.1.6" };

async function deferred(world: Rig) {
  return world.lifecycle.create(world.inputs(LATER));
}

function schedules({ cloud }: Rig): string[] {
  cloud.tick();
  return cloud.schedules.map(({ status }) => status);
}

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
    expect(world.said().join("\n")).not.toContain("upgraded");
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
