import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { kernelRig, later, message, UPGRADE } from "./kernel-rig";

const OLD = "2.0.69.250900";
const NEW = "2.0.78.260600";
const MINUTE = 60_000;
const POST = { method: "POST", path: new RegExp(`${UPGRADE}$`) };

describe("a kernel pin", () => {
  it("adopts instances that are at it, with no write", async () => {
    const { lifecycle, inputs, writes, cloud, ids } = kernelRig({ instances: 3, kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    expect(id).toBe(ids[0]);
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(outs["lastUpgrade"]).toBeUndefined();
    expect(writes()).toBe(0);
    expect(cloud.journal.entries.map(({ path }) => path.replace(/^.*\//, ""))).toEqual(["projects", "instances"]);
  });

  it("upgrades what is behind with one call, and leaves out what is not", async () => {
    const { lifecycle, inputs, writes, cloud, ids, said } = kernelRig({ instances: 3 });
    cloud.control.setKernel(NEW, ids[1]);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({
      status: "current",
      currentVersion: NEW,
      members: Object.fromEntries(ids.map((name) => [name, NEW])),
      lastUpgrade: { kind: "kernel upgrade of 2 instances", from: OLD, to: NEW, state: "succeeded" },
    });
    expect(writes()).toBe(1);
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances)).toEqual([[ids[0], ids[2]]]);
    expect(said()).toContain(`requested the kernel upgrade of 2 instances: ${ids[0]}, ${ids[2]}`);
  });

  it("asks nothing at all when the state satisfies it", async () => {
    const { lifecycle, inputs, cloud } = kernelRig({ kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    expect((await lifecycle.check(inputs(), inputs())).failures).toEqual([]);
    expect(await lifecycle.diff(id, outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(cloud.journal.entries).toEqual([]);
  });

  it("that is raised is an update with one call", async () => {
    const { lifecycle, inputs, writes, cloud } = kernelRig({ kernel: OLD });
    const { id, outs } = await lifecycle.create(inputs({ version: "2.0.69" }));
    expect(writes()).toBe(0);
    const raised = inputs({ version: ">=2.0.75" });
    expect(await lifecycle.diff(id, outs, raised)).toEqual({ changes: true, replaces: [] });
    expect((await lifecycle.update(id, outs, raised)).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("of another set of instances replaces, one with an instance more does not", async () => {
    const { lifecycle, inputs, ids } = kernelRig({ instances: 3, kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs({ instanceIds: ids.slice(0, 1) }));
    expect(await lifecycle.diff(id, outs, inputs({ instanceIds: ids.slice(0, 2) }))).toMatchObject({ replaces: [] });
    expect(await lifecycle.diff(id, outs, inputs({ instanceIds: ids.slice(1) }))).toMatchObject({
      replaces: ["instanceIds"],
    });
  });

  it.each([
    ["latest", NEW],
    [">=2.0.70", NEW],
    ["2.0.78", NEW],
    [NEW, NEW],
  ])("of %s is held by %s", async (version, at) => {
    const { lifecycle, inputs } = kernelRig();
    expect((await lifecycle.create(inputs({ version }))).outs).toMatchObject({ status: "current", currentVersion: at });
  });

  it("is left by a delete as everything is, without a request", async () => {
    const { lifecycle, inputs, cloud } = kernelRig({ kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    await lifecycle.delete(id, outs);
    expect(cloud.journal.entries).toEqual([]);
  });
});

describe("what runs differs from the pin", () => {
  it("and is behind: refresh and preview show it, the next run fixes it", async () => {
    const { lifecycle, inputs, cloud, ids, writes } = kernelRig({ instances: 2, kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.setKernel(OLD, ids[1]);
    const read = await lifecycle.read(id, outs);
    expect(read.inputs).toMatchObject({ version: OLD });
    expect(read.props).toMatchObject({ status: "behind", currentVersion: OLD, members: { [ids[0] ?? ""]: NEW } });
    const drifted = read.props ?? {};
    expect(await lifecycle.diff(id, drifted, inputs())).toMatchObject({ changes: true });
    expect((await lifecycle.update(id, drifted, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it.each([
    ["report", "newer", 1],
    ["accept", "newer", 0],
  ])("and is newer, with onNewer %s", async (onNewer, status, warnings) => {
    const { lifecycle, inputs, lines, writes } = kernelRig({ kernel: NEW });
    const { outs } = await lifecycle.create(inputs({ version: "2.0.75", onNewer }));
    expect(outs).toMatchObject({ status, currentVersion: NEW });
    expect(lines.filter(({ severity }) => severity === "WARNING")).toHaveLength(warnings);
    expect(writes()).toBe(0);
  });

  it("and is newer, with onNewer fail: refused before another instance is called", async () => {
    const { lifecycle, inputs, cloud, ids, writes } = kernelRig({ instances: 2 });
    cloud.control.setKernel("2.0.79.1", ids[0]);
    const args = inputs({ version: "2.0.78", onNewer: "fail" });
    expect(await message(lifecycle.create(args))).toMatch(/newer than the target version .*2\.0\.79\.1.*\[newer\]/);
    expect(writes()).toBe(0);
  });
});

describe("an upgrade that outlives its run", () => {
  it("is handed over at the time limit and joined by the next run: one call in all", async () => {
    const { lifecycle, inputs, writes, cloud } = kernelRig({ instances: 2 });
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "10m" } })));
    expect(first.reasons[0]).toMatch(
      /time limit.*2 TaurusDB instances at cn-north-4 is still running.*kernel upgrade of 2 instances.*`pulumi up` again/,
    );
    expect(first.properties).toMatchObject({
      status: "upgrading",
      currentVersion: OLD,
      lastUpgrade: { state: "running" },
    });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(writes()).toBe(1);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is handed over at ^C, before the job shows, and not asked for again", async () => {
    const rig = kernelRig();
    rig.cloud.control.setTimings({ startMs: 4 * MINUTE, visibleMs: 4 * MINUTE });
    void later(rig, 40_000, rig.cancel);
    const first = await partial(rig.lifecycle.create(rig.inputs()));
    expect(first.reasons[0]).toMatch(/^Interrupted/);
    expect(rig.writes()).toBe(1);
    const { outs } = await rig.lifecycle.update(first.id, first.properties, rig.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(rig.writes()).toBe(1);
  });

  it("is found by a run that knows nothing of it, as after the plugin was killed", async () => {
    const { lifecycle, inputs, writes } = kernelRig();
    await partial(lifecycle.create(inputs({ __timeouts: { create: "10m" } })));
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { joined: true, state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  it("is not waited for with wait: false, and looked at again by the next run", async () => {
    const { lifecycle, inputs, writes, clock } = kernelRig();
    const { id, outs } = await lifecycle.create(inputs({ wait: false }));
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    await clock.sleep(30 * MINUTE);
    expect(await lifecycle.diff(id, outs, inputs({ wait: false }))).toMatchObject({ changes: true });
    expect((await lifecycle.update(id, outs, inputs({ wait: false }))).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("an answer to the upgrade call that is lost", () => {
  it("after it took effect: looked for, not sent again", async () => {
    const { lifecycle, inputs, cloud, writes, said } = kernelRig();
    cloud.faults.add({ match: POST, fault: { kind: "loseReply" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(said().some((line) => line.includes("response to the upgrade request was lost"))).toBe(true);
    expect(writes()).toBe(1);
  });

  it("before it took effect: given up after the settle time, and sent by the next run", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.faults.add({ match: POST, fault: { kind: "reset" } });
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /the response to the upgrade request was lost, and no upgrade appeared.*\[unconfirmed\]/,
    );
    expect(writes()).toBe(1);
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("and a success that cannot be read is a lost answer, too", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.faults.add({ match: POST, fault: { kind: "truncate", bytes: 3 } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });
});
