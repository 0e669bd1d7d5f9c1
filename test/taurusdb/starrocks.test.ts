import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { instanceId, MINUTE, NEW, OLD, PROJECT, rig } from "./rig";

describe("a StarRocks instance behind its pin", () => {
  it("is upgraded with one call to its own id, and waited for", async () => {
    const { lifecycle, inputs, writes, cloud, said, starRocks } = rig();
    const { id, outs } = await lifecycle.create(inputs());
    expect(id).toBe(starRocks);
    const task = cloud.jobs[0]?.id;
    expect(outs).toMatchObject({
      status: "current",
      version: NEW,
      currentVersion: NEW,
      members: { [starRocks]: NEW },
      lastUpgrade: { task, kind: "StarRocks kernel upgrade", from: OLD, to: NEW, state: "succeeded" },
      __provider: "text",
    });
    expect(said()).toEqual([
      `upgrade ${task} started`,
      expect.stringMatching(/^upgraded 3\.1\.6\.0 → 3\.1\.15\.80 in 10 min \d+ s$/),
    ]);
    expect(cloud.journal.find("POST").map(({ path }) => path)).toEqual([
      `${PROJECT}/instances/${starRocks}/starrocks/db-upgrade`,
    ]);
    expect(writes()).toBe(1);
  });

  it("reports its progress in percent", async () => {
    const { lifecycle, inputs, passing } = rig();
    await lifecycle.create(inputs());
    expect(passing().some((line) => /^\d+% StarRocks kernel upgrade/.test(line))).toBe(true);
    expect(passing().some((line) => /cannot be read yet/.test(line))).toBe(true);
  });

  it("sees the end soon after it comes", async () => {
    const { lifecycle, inputs, cloud, clock } = rig();
    await lifecycle.create(inputs());
    expect(clock.since(cloud.jobs[0]?.endedAt ?? 0)).toBeLessThan(16_000);
  });

  it("is waited for after its job, until its version shows and nothing runs on it", async () => {
    const { lifecycle, inputs, writes } = rig({ timings: { versionLagMs: MINUTE } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
  });

  it("is waited for although its version comes before the end of its job", async () => {
    const { lifecycle, inputs, cloud } = rig({ timings: { versionLagMs: -2 * MINUTE } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.jobs[0]?.status).toBe("Completed");
  });

  it.each([
    ["latest", {}],
    ["a floor", { version: ">=3.1.10" }],
    ["a prefix", { version: "3.1.15" }],
    ["an exact version", {}],
  ])("of %s", async (_, args) => {
    const pin = { version: "latest", ...args };
    const { lifecycle, inputs, writes } = rig();
    expect((await lifecycle.create(inputs(pin))).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
  });

  it("skips the vendor's validation only when asked to", async () => {
    const { lifecycle, inputs, cloud, starRocks } = rig();
    cloud.control.setSyncTasks(2, starRocks);
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /not allowed for the type or status.*DBS\.280406.*`skipValidation` to `true`.*\[refused\]/s,
    );
    expect(cloud.acceptedUpgrades).toHaveLength(0);
    expect((await lifecycle.create(inputs({ skipValidation: true }))).outs).toMatchObject({ status: "current" });
  });

  it("is upgraded also where the headers that the page calls mandatory are enforced", async () => {
    const { lifecycle, inputs } = rig({ switches: { starRocksHeaders: "enforced" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});

describe("a StarRocks instance at its pin", () => {
  it.each([NEW, "3.1.15", "3.1", ">=3.1.6", "latest"])("is adopted without a write: %s", async (version) => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW });
    expect((await lifecycle.create(inputs({ version }))).outs).toMatchObject({
      status: "current",
      currentVersion: NEW,
    });
    expect(cloud.writes()).toEqual([]);
  });

  it("may be at an exact version below the newest", async () => {
    const { lifecycle, inputs, cloud } = rig();
    expect((await lifecycle.create(inputs({ version: OLD }))).outs).toMatchObject({ status: "current" });
    expect(cloud.writes()).toEqual([]);
  });

  it("causes no request at all while its arguments stay", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(await lifecycle.diff(id, outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(cloud.journal.entries).toEqual([]);
  });

  it("is upgraded when the pin is raised", async () => {
    const { lifecycle, inputs, cloud, writes } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.offerStarRocks("3.1.20.0");
    const raised = inputs({ version: "3.1.20.0" });
    expect(await lifecycle.diff(id, outs, raised)).toMatchObject({ changes: true, replaces: [] });
    const updated = await lifecycle.update(id, outs, raised);
    expect(updated.outs).toMatchObject({ status: "current", version: "3.1.20.0", currentVersion: "3.1.20.0" });
    expect(writes()).toBe(1);
  });

  it("is unpinned by delete, without a call", async () => {
    const { lifecycle, inputs, cloud, said } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    await lifecycle.delete(id, outs);
    expect(cloud.journal.entries).toEqual([]);
    expect(said()).toContain("no longer managed; the database was not changed");
  });

  it("is replaced when another one is named", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW, starRocks: 2 });
    const { id, outs } = await lifecycle.create(inputs());
    const other = inputs({ starRocksInstanceId: cloud.starRocks[1]?.id });
    expect(await lifecycle.diff(id, outs, other)).toEqual({ changes: true, replaces: ["starRocksInstanceId"] });
  });
});

describe("a StarRocks instance newer than its pin", () => {
  const newer = { starRocksKernel: "3.1.20.0" };

  it("is reported, and nothing is called", async () => {
    const { lifecycle, inputs, cloud, said } = rig(newer);
    const { id, outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "newer", currentVersion: "3.1.20.0" });
    expect(said().join()).toContain("newer than the target version");
    expect(await lifecycle.diff(id, outs, inputs())).toMatchObject({ changes: false });
    expect(cloud.writes()).toEqual([]);
  });

  it("is lived with in silence under onNewer accept", async () => {
    const { lifecycle, inputs, said } = rig(newer);
    expect((await lifecycle.create(inputs({ onNewer: "accept" }))).outs).toMatchObject({ status: "newer" });
    expect(said()).toEqual([]);
  });

  it("is an error under onNewer fail, at preview already", async () => {
    const { lifecycle, inputs, cloud } = rig(newer);
    const args = inputs({ onNewer: "fail" });
    const { failures } = await lifecycle.check({}, args);
    expect(failures).toEqual([
      { property: "version", reason: expect.stringContaining("newer than the target version") },
    ]);
    await expect(lifecycle.create(args)).rejects.toThrow(/never downgraded/);
    expect(cloud.writes()).toEqual([]);
  });
});

describe("a pin that cannot be reached", () => {
  it.each(["3.1.10.0", "3.1.10"])(
    "because the newest is newer %s is a check failure, and is never called",
    async (version) => {
      const { lifecycle, inputs, cloud } = rig();
      const { failures } = await lifecycle.check({}, inputs({ version }));
      expect(failures).toEqual([
        {
          property: "version",
          reason: expect.stringMatching(
            new RegExp(`${version} cannot be reached.*newest.*${NEW} is newer.*>=${version}`),
          ),
        },
      ]);
      await expect(lifecycle.create(inputs({ version }))).rejects.toThrow(/cannot be reached.*\[blocked\]/);
      expect(cloud.writes()).toEqual([]);
    },
  );

  it("because it may lead into another line is not tried either", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.offerStarRocks("3.2.0.1");
    await expect(lifecycle.create(inputs())).rejects.toThrow(/cannot be reached.*3\.2\.0\.1 is newer/);
    expect(cloud.writes()).toEqual([]);
  });

  it.each(["3.1.99.0", ">=3.2", "3.3"])("because %s is not offered yet names what is", async (version) => {
    const { lifecycle, inputs, cloud, said } = rig();
    expect(await lifecycle.check({}, inputs({ version }))).toMatchObject({ failures: [] });
    expect(said().join()).toContain(`${version} is not offered yet`);
    await expect(lifecycle.create(inputs({ version }))).rejects.toThrow(
      new RegExp(`not offered yet.*the region lists ${NEW}.*\\[blocked\\]`),
    );
    expect(cloud.writes()).toEqual([]);
  });

  it("because the service offers it nothing, whatever the region lists", async () => {
    const { lifecycle, inputs, cloud, starRocks } = rig();
    const held = cloud.starRocks[0];
    if (held === undefined) throw new Error("no StarRocks instance");
    held.offered = OLD;
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /offers nothing newer than the current version \(3\.1\.6\.0\)/,
    );
    expect(cloud.starRocks.map(({ id }) => id)).toEqual([starRocks]);
    expect(cloud.writes()).toEqual([]);
  });
});

describe("an instance that is not there", () => {
  it.each([
    [
      "StarRocks",
      { starRocksInstanceId: `${"0".repeat(32)}in17` },
      /TaurusDB instance .* has no StarRocks instance 0{32}in17/,
    ],
    [
      "TaurusDB",
      { instanceId: `${"0".repeat(32)}in07` },
      /TaurusDB instance 0{32}in07 does not exist in project .* in cn-north-4/,
    ],
  ])("ends with one sentence: %s", async (_, args, text) => {
    const { lifecycle, inputs } = rig();
    await expect(lifecycle.create(inputs(args))).rejects.toThrow(text);
  });

  it("ends in the same way whichever code says so", async () => {
    for (const missingStarRocks of ["DBS.200045", "DBS.05000044"] as const) {
      const { lifecycle, inputs } = rig({ switches: { missingStarRocks } });
      const args = inputs({ starRocksInstanceId: `${"0".repeat(32)}in17` });
      await expect(lifecycle.create(args)).rejects.toThrow(/has no StarRocks instance/);
    }
  });

  it("ends a wait in which it was deleted", async () => {
    const { lifecycle, inputs, cloud, clock } = rig();
    clock.after(3 * MINUTE, () => cloud.control.removeInstance(instanceId));
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/TaurusDB instance .* does not exist .*\[blocked\]/);
  });
});
