import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { kernelRig } from "./kernel-rig";

const NEW = "2.0.78.260600";
const HOUR = 3_600_000;
/** The clock begins at midnight, the window opens at 18:00. */
const later = { schedule: "maintenance-window" };

function scheduled(rig: ReturnType<typeof kernelRig>) {
  return rig.cloud.schedules.map(({ status }) => status);
}

describe("an upgrade in the maintenance window", () => {
  it("is scheduled, and ends the run as deferred with task and window", async () => {
    const rig = kernelRig({ instances: 2 });
    const { outs } = await rig.lifecycle.create(rig.inputs(later));
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

  it("has no diff and no request until the window has closed, then it is verified", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = kernelRig({ instances: 2 });
    const { id, outs } = await lifecycle.create(inputs(later));
    cloud.journal.clear();
    await clock.sleep(21 * HOUR);
    expect(await lifecycle.diff(id, outs, inputs(later))).toEqual({ changes: false, replaces: [] });
    expect(cloud.journal.entries).toEqual([]);
    await clock.sleep(2 * HOUR);
    expect(await lifecycle.diff(id, outs, inputs(later))).toMatchObject({ changes: true });
    const { outs: verified } = await lifecycle.update(id, outs, inputs(later));
    expect(verified).toMatchObject({ status: "current", currentVersion: NEW, lastUpgrade: { state: "succeeded" } });
    expect(writes()).toBe(0);
  });

  it("is no drift to a refresh", async () => {
    const { lifecycle, inputs } = kernelRig();
    const { id, outs } = await lifecycle.create(inputs(later));
    const read = await lifecycle.read(id, outs);
    expect(read.inputs).toMatchObject({ version: "2.0.78" });
    expect(read.props).toMatchObject({ status: "deferred" });
  });

  it("is canceled by a delete", async () => {
    const rig = kernelRig({ instances: 2 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(later));
    await rig.lifecycle.delete(id, outs);
    expect(scheduled(rig)).toEqual(["Canceled", "Canceled"]);
    expect(rig.said().filter((line) => line.startsWith("canceled kernel upgrade"))).toHaveLength(2);
    expect(rig.said().at(-1)).toBe("no longer managed; the database was not changed");
  });

  it("is canceled and made now when the schedule changes to now", async () => {
    const rig = kernelRig({ instances: 2 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(later));
    const now = rig.inputs();
    await rig.lifecycle.check(rig.inputs(later), now);
    expect(rig.said()).toContain(
      `2.0.69.250900 → ${NEW}, 2 of 2 instances in 1 call, now, after canceling 2 that are scheduled for their maintenance windows (refused for those that this resource did not schedule)`,
    );
    const { outs: done } = await rig.lifecycle.update(id, outs, now);
    expect(done).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(scheduled(rig)).toEqual(["Canceled", "Canceled"]);
    expect(rig.cloud.acceptedUpgrades.map(({ delay }) => delay)).toEqual([true, false]);
  });

  it("is canceled for an instance that leaves the pin, and kept for the others", async () => {
    const rig = kernelRig({ instances: 3 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(later));
    const fewer = rig.inputs({ ...later, instanceIds: rig.ids.slice(0, 2) });
    const { outs: kept } = await rig.lifecycle.update(id, outs, fewer);
    expect(kept).toMatchObject({ status: "deferred" });
    expect(scheduled(rig).sort()).toEqual(["Canceled", "Pending", "Pending"]);
    expect(rig.writes()).toBe(1);
  });

  it("is an error, and stays in the state, when the service does not cancel that of one that leaves", async () => {
    const rig = kernelRig({ instances: 3 });
    const { id, outs } = await rig.lifecycle.create(rig.inputs(later));
    const fewer = rig.inputs({ ...later, instanceIds: rig.ids.slice(0, 2) });
    const empty = { status: 200, headers: { "content-type": "application/json" }, body: '{"job_ids":[]}' };
    rig.cloud.faults.add({ match: { method: "DELETE" }, times: 100, fault: { kind: "replace", ...empty } });
    const failure = await partial(rig.lifecycle.update(id, outs, fewer));
    expect(failure.reasons[0]).toMatch(/did not cancel scheduled task .*\[refused\]/);
    expect(failure.properties).toMatchObject({ lastUpgrade: { tasks: { [rig.ids[2] ?? ""]: expect.any(String) } } });
    rig.cloud.faults.clear();
    await rig.lifecycle.update(id, failure.properties, fewer);
    expect(scheduled(rig).sort()).toEqual(["Canceled", "Pending", "Pending"]);
  });

  it("is canceled when the pin no longer asks for it", async () => {
    const rig = kernelRig();
    const { id, outs } = await rig.lifecycle.create(rig.inputs(later));
    const lowered = rig.inputs({ ...later, version: ">=2.0.69" });
    const { outs: done } = await rig.lifecycle.update(id, outs, lowered);
    expect(done).toMatchObject({ status: "current", lastUpgrade: { state: "withdrawn" } });
    expect(scheduled(rig)).toEqual(["Canceled"]);
  });

  it.each(["", "-2"])("is kept when the pin is replaced or renamed: the new one counts on it%s", async (suffix) => {
    const rig = kernelRig({ instances: 2 });
    const old = await rig.lifecycle.create(rig.inputs(later));
    const renamed = rig.inputs({ ...later, __urn: `${rig.inputs()["__urn"]}${suffix}` });
    const { outs } = await rig.lifecycle.create(renamed);
    expect(outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true } });
    await rig.lifecycle.delete(old.id, old.outs);
    expect(scheduled(rig)).toEqual(["Pending", "Pending"]);
  });

  it("is canceled by a delete as far as no other pin counts on it", async () => {
    const rig = kernelRig({ instances: 2 });
    const old = await rig.lifecycle.create(rig.inputs(later));
    const [first] = rig.ids;
    await rig.lifecycle.create(rig.inputs({ ...later, instanceIds: [first], __urn: `${rig.inputs()["__urn"]}-2` }));
    await rig.lifecycle.delete(old.id, old.outs);
    expect(rig.cloud.schedules.map(({ instanceId, status }) => [instanceId, status])).toEqual(
      rig.ids.map((id) => [id, id === first ? "Pending" : "Canceled"]),
    );
  });

  it("that somebody else has scheduled is left to its window, and never canceled", async () => {
    const rig = kernelRig();
    await rig.lifecycle.create(rig.inputs(later));
    const { id, outs } = await rig.lifecycle.create(rig.inputs(later));
    expect(outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true } });
    expect(rig.writes()).toBe(1);
    await rig.lifecycle.delete(id, outs);
    expect(scheduled(rig)).toEqual(["Pending"]);
    const text = await rig.lifecycle.create(rig.inputs()).catch((error: Error) => error.message);
    expect(text).toMatch(/which this resource did not schedule, is scheduled for its maintenance window.*\[blocked\]/);
    expect(rig.writes()).toBe(1);
  });

  it("is never doubled by an interrupted run", async () => {
    const rig = kernelRig();
    rig.cloud.control.setTimings({ visibleMs: 60_000 });
    void rig.clock.sleep(43_000).then(rig.cancel);
    const first = await partial(rig.lifecycle.create(rig.inputs(later)));
    const { outs } = await rig.lifecycle.update(first.id, first.properties, rig.inputs(later));
    expect(outs).toMatchObject({ status: "deferred" });
    expect(rig.cloud.schedules.filter(({ status }) => status === "Pending")).toHaveLength(1);
  });
});
