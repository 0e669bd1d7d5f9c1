import { describe, expect, it } from "vitest";
import { D, kernelRig } from "./kernel-rig";
import { NEW, OLD, rig } from "./rig";

const LATER = { schedule: "maintenance-window" };

describe("a KernelVersion", () => {
  describe("a preview shows", () => {
    it("the number of instances by version, their targets, and the number of requests", async () => {
      const { lifecycle, inputs, cloud, ids, messages, writes } = kernelRig({ instances: 4 });
      cloud.control.setKernel("2.0.66.250600", ids[0]);
      cloud.control.setKernel("2.0.78.260600", ids[1]);
      expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
      expect(messages()).toEqual([
        "2.0.69.250900 → 2.0.78.260600 (2 instances), 2.0.66.250600 → 2.0.78.260600 (1 instance), 3 of 4 instances in 2 requests, now",
      ]);
      expect(writes()).toBe(0);
    });

    it("that no upgrade is needed", async () => {
      const { lifecycle, inputs, messages } = kernelRig({ kernel: "2.0.78.260600" });
      await lifecycle.check({}, inputs());
      expect(messages()).toEqual(["already at 2.0.78.260600"]);
    });

    it("that an upgrade is running", async () => {
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

    it("that the service is unreachable, and does not fail", async () => {
      const { lifecycle, inputs, cloud, messages } = kernelRig();
      cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
      expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
      expect(messages()[0]).toMatch(/^cannot plan: unreachable/);
    });

    it("that the exact target version was skipped, and apply fails", async () => {
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

    it("that the target version is not offered yet, and apply sends no request", async () => {
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

  describe("a preview of instances of which one is ahead of the target version", () => {
    function mixed(onNewer: string) {
      const rig = kernelRig({ instances: 2, latestKernel: "2.0.75.28" });
      rig.cloud.control.setKernel("2.0.78.260600", rig.ids[0]);
      return { rig, args: rig.inputs({ version: "2.0.75", onNewer }) };
    }

    it("fails with onNewer fail, as does apply, which sends no request", async () => {
      const { rig, args } = mixed("fail");
      const { failures } = await rig.lifecycle.check({}, args);
      expect(failures).toEqual([{ property: "version", reason: expect.stringContaining(rig.ids[0] ?? "-") }]);
      await expect(rig.lifecycle.create(args)).rejects.toThrow(/\[newer\]/);
      expect(rig.writes()).toBe(0);
    });

    it.each([
      ["report", true],
      ["accept", false],
    ])("with %s shows the request, and warns: %s", async (onNewer, warned) => {
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
    it("shows the plan, and sends no request", async () => {
      const { lifecycle, inputs, cloud, messages } = rig();
      await lifecycle.check({}, inputs({ schedule: "maintenance-window", skipValidation: true }));
      expect(messages()).toEqual([
        `${OLD} → ${NEW}, in the maintenance window 18:00-22:00 UTC, without the vendor's validation`,
      ]);
      expect(cloud.writes()).toEqual([]);
    });

    it("shows that no upgrade is needed", async () => {
      const { lifecycle, inputs, messages } = rig({ starRocksKernel: NEW });
      await lifecycle.check({}, inputs({ version: "latest" }));
      expect(messages()).toEqual([`already at ${NEW}`]);
    });

    it("succeeds if the service is unavailable, with a warning", async () => {
      const { lifecycle, inputs, cloud, messages } = rig();
      cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
      expect(await lifecycle.check({}, inputs())).toMatchObject({ failures: [] });
      expect(messages().join()).toMatch(/^cannot plan: unreachable, /);
    });

    it("reports an instance that does not exist, and lists the existing ones", async () => {
      const { lifecycle, inputs, messages, starRocks } = rig();
      await lifecycle.check({}, inputs({ starRocksInstanceId: `${"0".repeat(32)}in17` }));
      expect(messages().join()).toContain(`it has ${starRocks} (star-rocks)`);
    });
  });

  describe("a refresh", () => {
    it("shows the version of a downgraded instance, and the next up upgrades it", async () => {
      const { lifecycle, inputs, cloud, starRocks, writes } = rig({ starRocksKernel: NEW });
      const { id, outs } = await lifecycle.create(inputs());
      cloud.control.setKernel(OLD, starRocks);
      const seen = await lifecycle.read(id, outs);
      expect(seen).toMatchObject({ inputs: { version: OLD }, props: { status: "behind", currentVersion: OLD } });
      expect(await lifecycle.diff(id, seen.props ?? {}, inputs())).toMatchObject({ changes: true });
      expect((await lifecycle.update(id, seen.props ?? {}, inputs())).outs).toMatchObject({ status: "current" });
      expect(writes()).toBe(1);
    });

    it("does not report a change within a minimum version", async () => {
      const { lifecycle, inputs, cloud, starRocks } = rig({ starRocksKernel: NEW });
      const args = { version: ">=3.1.10" };
      const { id, outs } = await lifecycle.create(inputs(args));
      cloud.control.setKernel("3.1.20.0", starRocks);
      const seen = await lifecycle.read(id, outs);
      expect(seen).toMatchObject({ inputs: args, props: { status: "current", currentVersion: "3.1.20.0" } });
    });

    it("warns about one that is ahead of the target", async () => {
      const { lifecycle, inputs, cloud, starRocks, messages } = rig({ starRocksKernel: NEW });
      const { id, outs } = await lifecycle.create(inputs());
      cloud.control.setKernel("3.1.20.0", starRocks);
      expect(await lifecycle.read(id, outs)).toMatchObject({
        props: { status: "newer" },
        inputs: { version: "3.1.20.0" },
      });
      expect(messages().join()).toContain("newer than the target version");
    });

    it("shows that a newer version is offered for latest", async () => {
      const { lifecycle, inputs, cloud, writes } = rig({ starRocksKernel: NEW });
      const args = inputs({ version: "latest" });
      const { id, outs } = await lifecycle.create(args);
      cloud.control.offerStarRocks("3.1.20.0");
      const seen = await lifecycle.read(id, outs);
      expect(seen).toMatchObject({ inputs: { version: NEW }, props: { status: "behind" } });
      expect((await lifecycle.update(id, seen.props ?? {}, args)).outs).toMatchObject({ currentVersion: "3.1.20.0" });
      expect(writes()).toBe(1);
    });

    it("does not change the state while the service is unavailable", async () => {
      const { lifecycle, inputs, cloud, messages } = rig({ starRocksKernel: NEW });
      const { id, outs } = await lifecycle.create(inputs());
      cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
      expect(await lifecycle.read(id, outs)).toEqual({ id, props: outs });
      expect(messages().join()).toContain("could not be read; the state was not changed");
    });
  });
});

/** Each resource type with maintenance windows: its rig, and the tasks that the cloud has canceled. */
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
    ["that requests an upgrade now", {}, true],
    ["whose target version is already running", "lowered", true],
    ["that does not change", LATER, false],
  ] as const)("%s announces the cancellations of up", async (__, change, cancels) => {
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

  it("that another resource relies on announces that it is kept, and up keeps it", async () => {
    const { lifecycle, inputs, messages, cloud, lowered } = build();
    const before = inputs(LATER);
    const { id, outs } = await lifecycle.create(before);
    const other = { ...before, __urn: `${before["__urn"]}-2` };
    await lifecycle.create(other);
    const after = inputs({ ...LATER, ...lowered });
    const lines = messages().length;
    await lifecycle.check(before, after);
    await lifecycle.diff(id, outs, after);
    const announced = messages().slice(lines);
    expect(announced.filter((line) => line.startsWith("will cancel"))).toEqual([]);
    expect(announced.filter((line) => line.includes("stays scheduled: "))).not.toEqual([]);
    await lifecycle.update(id, outs, after);
    expect(cloud.schedules.every(({ status }) => status === "Pending")).toBe(true);
  });

  it("of another resource is never announced as canceled, and never canceled", async () => {
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
  it("announces the cancellation for an instance that leaves the resource", async () => {
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
