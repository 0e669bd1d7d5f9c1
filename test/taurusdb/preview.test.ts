import { describe, expect, it } from "vitest";
import { D, kernelRig } from "./kernel-rig";
import { NEW, OLD, rig } from "./rig";

describe("a KernelVersion", () => {
  describe("a preview tells", () => {
    it("how many of which version go where, in how many calls", async () => {
      const { lifecycle, inputs, cloud, ids, messages, writes } = kernelRig({ instances: 4 });
      cloud.control.setKernel("2.0.66.250600", ids[0]);
      cloud.control.setKernel("2.0.78.260600", ids[1]);
      expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
      expect(messages()).toEqual([
        "2.0.69.250900 → 2.0.78.260600 (2 instances), 2.0.66.250600 → 2.0.78.260600 (1 instance), 3 of 4 instances in 2 requests, now",
      ]);
      expect(writes()).toBe(0);
    });

    it("that there is nothing to do", async () => {
      const { lifecycle, inputs, messages } = kernelRig({ kernel: "2.0.78.260600" });
      await lifecycle.check({}, inputs());
      expect(messages()).toEqual(["already at 2.0.78.260600"]);
    });

    it("that an upgrade runs", async () => {
      const { lifecycle, inputs, messages, clock } = kernelRig();
      await lifecycle.create(inputs({ wait: false }));
      await clock.sleep(60_000);
      await lifecycle.check(
        {},
        inputs({ __urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:KernelVersion::other" }),
      );
      expect(messages().at(-1)).toMatch(
        /^joins running upgrade .* \(UpgradeGaussDBforMySQLDatabaseVersion to 2\.0\.78\.260600\)$/,
      );
    });

    it("that the service cannot be reached, and does not fail for it", async () => {
      const { lifecycle, inputs, cloud, messages } = kernelRig();
      cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
      expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
      expect(messages()[0]).toMatch(/^cannot plan: unreachable/);
    });

    it("that an exact pin was passed over, and apply refuses it", async () => {
      const { lifecycle, inputs, writes } = kernelRig();
      const args = inputs({ version: "2.0.75.28" });
      expect((await lifecycle.check({}, args)).failures).toEqual([
        {
          property: "version",
          reason: `${D.instanceId}: 2.0.75.28 can no longer be reached: an upgrade always goes to the newest kernel offered, which is 2.0.78.260600. Set \`version\` to \`>=2.0.75.28\`.`,
        },
      ]);
      await expect(lifecycle.create(args)).rejects.toThrow(/Set `version` to `>=2\.0\.75\.28`/);
      expect(writes()).toBe(0);
    });

    it("that what is wished for is not offered yet, and apply calls nothing", async () => {
      const { lifecycle, inputs, messages, writes } = kernelRig();
      const args = inputs({ version: ">=2.0.90" });
      expect((await lifecycle.check({}, args)).failures).toEqual([]);
      expect(messages().join(" ")).toContain(
        "The newest kernel offered is 2.0.78.260600, which does not satisfy the target version",
      );
      await expect(lifecycle.create(args)).rejects.toThrow(/so it was not upgraded to that either.*\[blocked\]/);
      expect(writes()).toBe(0);
    });
  });

  describe("a preview of instances of which one runs something newer than the target version", () => {
    function mixed(onNewer: string) {
      const rig = kernelRig({ instances: 2, latestKernel: "2.0.75.28" });
      rig.cloud.control.setKernel("2.0.78.260600", rig.ids[0]);
      return { rig, args: rig.inputs({ version: "2.0.75", onNewer }) };
    }

    it("fails where that is to fail, as apply does, which calls nothing", async () => {
      const { rig, args } = mixed("fail");
      const { failures } = await rig.lifecycle.check({}, args);
      expect(failures).toEqual([{ property: "version", reason: expect.stringContaining(rig.ids[0] ?? "-") }]);
      await expect(rig.lifecycle.create(args)).rejects.toThrow(/\[newer\]/);
      expect(rig.writes()).toBe(0);
    });

    it.each([
      ["report", true],
      ["accept", false],
    ])("with %s tells the call, and warns: %s", async (onNewer, warned) => {
      const { rig, args } = mixed(onNewer);
      expect((await rig.lifecycle.check({}, args)).failures).toEqual([]);
      const [line, ...rest] = rig.messages();
      expect(line).toBe("2.0.69.250900 → 2.0.75.28, 1 of 2 instances in 1 request, now");
      expect(rest.some((text) => text.startsWith("Newer than the target version: "))).toBe(warned);
    });
  });
});

describe("a StarRocksVersion", () => {
  describe("a preview", () => {
    it("tells the plan, and calls nothing", async () => {
      const { lifecycle, inputs, cloud, messages } = rig();
      await lifecycle.check({}, inputs({ schedule: "maintenance-window", skipValidation: true }));
      expect(messages()).toEqual([
        `${OLD} → ${NEW}, in the maintenance window 18:00-22:00 UTC, without the vendor's validation`,
      ]);
      expect(cloud.writes()).toEqual([]);
    });

    it("says so when nothing is to be done", async () => {
      const { lifecycle, inputs, messages } = rig({ starRocksKernel: NEW });
      await lifecycle.check({}, inputs({ version: "latest" }));
      expect(messages()).toEqual([`already at ${NEW}`]);
    });

    it("of a service that is down succeeds and says so", async () => {
      const { lifecycle, inputs, cloud, messages } = rig();
      cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
      expect(await lifecycle.check({}, inputs())).toMatchObject({ failures: [] });
      expect(messages().join()).toMatch(/^cannot plan: unreachable, /);
    });

    it("tells of an instance that is not there, with those that are", async () => {
      const { lifecycle, inputs, messages, starRocks } = rig();
      await lifecycle.check({}, inputs({ starRocksInstanceId: `${"0".repeat(32)}in17` }));
      expect(messages().join()).toContain(`it has ${starRocks} (star-rocks)`);
    });
  });

  describe("a refresh", () => {
    it("shows the version that a fallen instance runs, and the next up repairs it", async () => {
      const { lifecycle, inputs, cloud, starRocks, writes } = rig({ starRocksKernel: NEW });
      const { id, outs } = await lifecycle.create(inputs());
      cloud.control.setKernel(OLD, starRocks);
      const seen = await lifecycle.read(id, outs);
      expect(seen).toMatchObject({ inputs: { version: OLD }, props: { status: "behind", currentVersion: OLD } });
      expect(await lifecycle.diff(id, seen.props ?? {}, inputs())).toMatchObject({ changes: true });
      expect((await lifecycle.update(id, seen.props ?? {}, inputs())).outs).toMatchObject({ status: "current" });
      expect(writes()).toBe(1);
    });

    it("is silent about one that moved inside its floor", async () => {
      const { lifecycle, inputs, cloud, starRocks } = rig({ starRocksKernel: NEW });
      const args = { version: ">=3.1.10" };
      const { id, outs } = await lifecycle.create(inputs(args));
      cloud.control.setKernel("3.1.20.0", starRocks);
      const seen = await lifecycle.read(id, outs);
      expect(seen).toMatchObject({ inputs: args, props: { status: "current", currentVersion: "3.1.20.0" } });
    });

    it("warns of one that is newer", async () => {
      const { lifecycle, inputs, cloud, starRocks, messages } = rig({ starRocksKernel: NEW });
      const { id, outs } = await lifecycle.create(inputs());
      cloud.control.setKernel("3.1.20.0", starRocks);
      expect(await lifecycle.read(id, outs)).toMatchObject({
        props: { status: "newer" },
        inputs: { version: "3.1.20.0" },
      });
      expect(messages().join()).toContain("newer than the target version");
    });

    it("shows that something newer is offered to a pin of latest", async () => {
      const { lifecycle, inputs, cloud, writes } = rig({ starRocksKernel: NEW });
      const args = inputs({ version: "latest" });
      const { id, outs } = await lifecycle.create(args);
      cloud.control.offerStarRocks("3.1.20.0");
      const seen = await lifecycle.read(id, outs);
      expect(seen).toMatchObject({ inputs: { version: NEW }, props: { status: "behind" } });
      expect((await lifecycle.update(id, seen.props ?? {}, args)).outs).toMatchObject({ currentVersion: "3.1.20.0" });
      expect(writes()).toBe(1);
    });

    it("leaves the state as it is while the service is down", async () => {
      const { lifecycle, inputs, cloud, messages } = rig({ starRocksKernel: NEW });
      const { id, outs } = await lifecycle.create(inputs());
      cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
      expect(await lifecycle.read(id, outs)).toEqual({ id, props: outs });
      expect(messages().join()).toContain("could not be read; the state was not changed");
    });
  });
});

const LATER = { schedule: "maintenance-window" };

/** Each resource type with maintenance windows: its rig, and the tasks that the cloud has cancelled. */
const TYPES = [
  [
    "KernelVersion",
    () => {
      const made = kernelRig({ instances: 2 });
      return { ...made, cloud: made.cloud, lowered: { version: ">=2.0.69" } };
    },
  ],
  ["StarRocksVersion", () => ({ ...rig(), lowered: { version: ">=3.1.1" } })],
] as const;

describe.each(TYPES)("the preview of a scheduled %s", (_, build) => {
  it.each([
    ["that asks for an upgrade now", {}, true],
    ["whose target version runs already", "lowered", true],
    ["that stays as it is", LATER, false],
  ] as const)("%s announces what up cancels", async (__, change, cancels) => {
    const { lifecycle, inputs, messages, cloud, lowered } = build();
    const before = inputs(LATER);
    const { id, outs } = await lifecycle.create(before);
    const after = inputs(change === "lowered" ? { ...LATER, ...lowered } : change);
    const lines = messages().length;
    await lifecycle.check(before, after);
    await lifecycle.diff(id, outs, after);
    const announced = messages()
      .slice(lines)
      .filter((line) => line.startsWith("will cancel"));
    expect(announced.length > 0).toBe(cancels);
    await lifecycle.update(id, outs, after);
    expect(cloud.schedules.some(({ status }) => status === "Canceled")).toBe(cancels);
  });

  it("that another resource relies on announces that it stays, and up leaves it", async () => {
    const { lifecycle, inputs, messages, cloud, lowered } = build();
    const before = inputs(LATER);
    const { id, outs } = await lifecycle.create(before);
    const other = { ...before, __urn: `${before["__urn"]}-2` };
    await lifecycle.create(other);
    const after = inputs({ ...LATER, ...lowered });
    const lines = messages().length;
    await lifecycle.check(before, after);
    await lifecycle.diff(id, outs, after);
    const told = messages().slice(lines);
    expect(told.filter((line) => line.startsWith("will cancel"))).toEqual([]);
    expect(told.filter((line) => line.includes("stays scheduled: "))).not.toEqual([]);
    await lifecycle.update(id, outs, after);
    expect(cloud.schedules.every(({ status }) => status === "Pending")).toBe(true);
  });

  it("of another resource is never announced as cancelled, and never is", async () => {
    const { lifecycle, inputs, messages, cloud } = build();
    await lifecycle.create(inputs(LATER));
    const other = { ...inputs(), __urn: `${inputs()["__urn"]}-2` };
    await lifecycle.check({}, other);
    expect(messages().some((line) => line.startsWith("will cancel"))).toBe(false);
    expect(messages().at(-1)).toMatch(/this resource did not schedule/);
    await lifecycle.create(other).catch(() => undefined);
    expect(cloud.schedules.every(({ status }) => status === "Pending")).toBe(true);
  });
});

describe("the preview of a KernelVersion", () => {
  it("announces what up cancels for an instance that leaves the resource", async () => {
    const { lifecycle, inputs, ids, messages, cloud } = kernelRig({ instances: 3 });
    const before = inputs(LATER);
    const { id, outs } = await lifecycle.create(before);
    const after = inputs({ ...LATER, instanceIds: ids.slice(0, 2) });
    await lifecycle.check(before, after);
    await lifecycle.diff(id, outs, after);
    expect(messages().at(-1)).toMatch(
      /^will cancel the scheduled kernel upgrade \S+ of \S+, no longer part of this resource/,
    );
    await lifecycle.update(id, outs, after);
    expect(cloud.schedules.filter(({ status }) => status === "Canceled")).toHaveLength(1);
  });
});
