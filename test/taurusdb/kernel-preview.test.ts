import { describe, expect, it } from "vitest";
import { D, kernelRig } from "./kernel-rig";

describe("a preview tells", () => {
  it("how many of which version go where, in how many calls", async () => {
    const { lifecycle, inputs, cloud, ids, said, writes } = kernelRig({ instances: 4 });
    cloud.control.setKernel("2.0.66.250600", ids[0]);
    cloud.control.setKernel("2.0.78.260600", ids[1]);
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    expect(said()).toEqual([
      "2.0.69.250900 → 2.0.78.260600 (2 instances), 2.0.66.250600 → 2.0.78.260600 (1 instance), 3 of 4 instances in 2 calls, now",
    ]);
    expect(writes()).toBe(0);
  });

  it("that there is nothing to do", async () => {
    const { lifecycle, inputs, said } = kernelRig({ kernel: "2.0.78.260600" });
    await lifecycle.check({}, inputs());
    expect(said()).toEqual(["already at 2.0.78.260600"]);
  });

  it("that an upgrade runs", async () => {
    const { lifecycle, inputs, said, clock } = kernelRig();
    await lifecycle.create(inputs({ wait: false }));
    await clock.sleep(60_000);
    await lifecycle.check(
      {},
      inputs({ __urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:KernelVersion::other" }),
    );
    expect(said().at(-1)).toMatch(
      /^joins running upgrade .* \(UpgradeGaussDBforMySQLDatabaseVersion to 2\.0\.78\.260600\)$/,
    );
  });

  it("that the service cannot be reached, and does not fail for it", async () => {
    const { lifecycle, inputs, cloud, said } = kernelRig();
    cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    expect(said()[0]).toMatch(/^cannot plan: unreachable/);
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
    const { lifecycle, inputs, said, writes } = kernelRig();
    const args = inputs({ version: ">=2.0.90" });
    expect((await lifecycle.check({}, args)).failures).toEqual([]);
    expect(said().join(" ")).toContain(
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
    const [line, ...rest] = rig.said();
    expect(line).toBe("2.0.69.250900 → 2.0.75.28, 1 of 2 instances in 1 call, now");
    expect(rest.some((text) => text.startsWith("Newer than the target version: "))).toBe(warned);
  });
});

describe("a bad argument is named", () => {
  const id = D.instanceId;
  it.each([
    ["no instance", { instanceIds: [] }, "instanceIds", /at least one/],
    ["no list", { instanceIds: id }, "instanceIds", /must be a list/],
    ["one twice", { instanceIds: [id, id] }, "instanceIds", /twice/],
    ["a StarRocks id", { instanceIds: [`${id.slice(0, -4)}in17`] }, "instanceIds.0", /StarRocks/],
    ["a short id", { instanceIds: ["abcin07"] }, "instanceIds.0", /36/],
    ["a malformed version", { version: "2.0.x" }, "version", /is not a kernel version/],
    ["a negative part", { version: "2.-1" }, "version", /is not a kernel version/],
    ["another schedule", { schedule: "tonight" }, "schedule", /"maintenance-window"/],
    ["latest that fails on newer", { version: "latest", onNewer: "fail" }, "onNewer", /latest/],
    ["an unknown region", { region: "mars-north-1" }, "region", /endpoint/],
    ["a region in capitals", { region: "CN-North-4" }, "region", /cn-north-4/],
    ["a key without its secret", { secretKey: undefined }, undefined, /secretKey/],
    ["a misspelt argument", { preCheks: true }, "preCheks", /preCheck/],
  ])("%s", async (_, args, property, reason) => {
    const { lifecycle, inputs, cloud } = kernelRig();
    const { failures = [] } = await lifecycle.check({}, inputs(args));
    expect(failures).toHaveLength(1);
    if (property !== undefined) expect(failures[0]?.property).toBe(property);
    expect(failures[0]?.reason).toMatch(reason);
    expect(cloud.journal.entries).toEqual([]);
  });

  it("an instance of another project is told by apply, with where it was looked for", async () => {
    const { lifecycle, inputs } = kernelRig();
    const stranger = `${"0".repeat(32)}in07`;
    await expect(lifecycle.create(inputs({ instanceIds: [stranger] }))).rejects.toThrow(
      /The instance does not exist in project .* Check the id, `region` and `projectId`/,
    );
  });
});
