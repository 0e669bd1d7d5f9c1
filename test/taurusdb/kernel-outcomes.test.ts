import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { D, kernelRig, later, message } from "./kernel-rig";

const OLD = "2.0.69.250900";
const NEW = "2.0.78.260600";
const MINUTE = 60_000;

describe("every ending has its own sentence", () => {
  it("failed at the vendor, with its reason", async () => {
    const { lifecycle, inputs, cloud, writes, ids } = kernelRig();
    cloud.control.fail({ reason: "The replication delay is too long." });
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/upgrade .* failed: The replication delay is too long\..*\[upgrade-failed\]/);
    expect(first.properties).toMatchObject({
      status: "failed",
      currentVersion: OLD,
      lastUpgrade: { state: "failed" },
      problems: { [ids[0] ?? ""]: expect.stringContaining("The replication delay is too long.") },
    });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(outs["problems"]).toEqual({});
    expect(writes()).toBe(2);
  });

  it("accepted, and never started", async () => {
    const { lifecycle, inputs, cloud, clock } = kernelRig();
    cloud.control.vanish();
    const began = clock.now();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/the request was accepted, but no upgrade has started.*\[not-upgraded\]/);
    expect(clock.now() - began).toBeGreaterThan(5 * MINUTE);
    expect(clock.now() - began).toBeLessThan(7 * MINUTE);
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
  });

  it("completed, and still behind", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.control.fallBehind();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /is reported as completed; kernels up to 2\.0\.51\.240311.*Apply Upgrade.*\[not-upgraded\]/,
    );
  });

  it("cancelled in the console", async () => {
    const rig = kernelRig();
    void later(rig, 3 * MINUTE, () => rig.cloud.control.cancelJob());
    const first = await partial(rig.lifecycle.create(rig.inputs()));
    expect(first.reasons[0]).toMatch(/it was canceled/);
  });

  it("waiting for an approval", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.control.awaitApproval();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /waits for approval \(Unauthorized\).*Approve the job in the Huawei Cloud console/,
    );
    cloud.control.approve();
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("in a state that no document has: waited for", async () => {
    const rig = kernelRig();
    void later(rig, 3 * MINUTE, () => rig.cloud.control.showStatus("Reticulating"));
    void later(rig, 9 * MINUTE, () => rig.cloud.control.showStatus(null));
    expect((await rig.lifecycle.create(rig.inputs())).outs).toMatchObject({ status: "current" });
    expect(rig.lines.some(({ message: line }) => line.includes("upgrading (Reticulating)"))).toBe(true);
  });

  it("frozen: nothing is called for it", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.control.setStatus("FROZEN");
    expect(await message(lifecycle.create(inputs()))).toMatch(/is in state FROZEN.*Restore it to ACTIVE.*\[blocked\]/);
    expect(writes()).toBe(0);
  });

  it("not there: said with project and region", async () => {
    const { lifecycle, inputs, cloud, ids } = kernelRig({ instances: 2, kernel: NEW });
    cloud.control.removeInstance(ids[1] ?? "");
    expect(await message(lifecycle.create(inputs()))).toMatch(
      new RegExp(`${ids[1]}: The instance does not exist in project ${D.projectId} at cn-north-4.*\\[vanished\\]`),
    );
  });
});

describe("kernels that get there in rounds", () => {
  it("are asked for again while their version moves, and then need the console", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig({ kernel: "2.0.48.231200" });
    const first = await partial(lifecycle.create(inputs({ version: "2.0.78" })));
    expect(first.properties).toMatchObject({ currentVersion: "2.0.51.240305" });
    expect(first.reasons[0]).toMatch(/Apply Upgrade/);
    expect(writes()).toBe(2);
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(writes()).toBe(3);
    cloud.control.applyUpgrade();
    expect((await lifecycle.update(second.id, second.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(3);
  });
});

describe("the service is not at its best", () => {
  it("busy: waited for, then asked", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.control.setStatus("BACKING UP", { ms: 10 * MINUTE });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("busy at the call: nothing was accepted, so it is asked again", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.control.gateway.disturb("DBS.200019", { route: "batchUpgrade", times: 3 });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it.each(["DBS.280001", "DBS.200010", "DBS.108000"] as const)(
    "as %s for the progress of a task: that is only advice",
    async (code) => {
      const { lifecycle, inputs, cloud } = kernelRig();
      cloud.control.gateway.disturb(code, { route: "taskDetail", times: 1_000 });
      expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
      expect(cloud.journal.count("GET", /task-center-detail$/)).toBeGreaterThan(1);
    },
  );

  it("throttled for minutes", async () => {
    const { lifecycle, inputs, cloud, clock } = kernelRig();
    cloud.control.gateway.throttle(10, { windowMs: MINUTE });
    void clock.sleep(20 * MINUTE).then(() => cloud.control.gateway.calm());
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    const refused = cloud.journal.entries.filter(({ status }) => status === 429).length;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(15);
  });

  it("a token that ends in the middle of an upgrade", async () => {
    const rig = kernelRig();
    const user = { userName: D.user, password: D.password, domainName: D.account };
    void later(rig, 8 * MINUTE, () => rig.cloud.control.iam.expireTokens());
    const args = rig.inputs({ accessKey: undefined, secretKey: undefined, ...user });
    expect((await rig.lifecycle.create(args)).outs).toMatchObject({ status: "current" });
    expect(rig.writes()).toBe(1);
  });

  it("away for half a minute", async () => {
    const rig = kernelRig();
    void later(rig, 5 * MINUTE, () => rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", false));
    void later(rig, 5.5 * MINUTE, () => rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", true));
    expect((await rig.lifecycle.create(rig.inputs())).outs).toMatchObject({ status: "current" });
  });

  it("away for longer than the budget: handed over, and gone on with", async () => {
    const rig = kernelRig();
    void later(rig, 5 * MINUTE, () => rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", false));
    const first = await partial(rig.lifecycle.create(rig.inputs({ unreachableTimeout: "5m" })));
    expect(first.reasons[0]).toMatch(/could not be read for .*\[unreachable\]/);
    expect(first.properties).toMatchObject({ status: "upgrading" });
    rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", true);
    expect((await rig.lifecycle.update(first.id, first.properties, rig.inputs())).outs).toMatchObject({
      status: "current",
    });
    expect(rig.writes()).toBe(1);
  });

  it("and the credentials are wrong", async () => {
    const { lifecycle, inputs, writes } = kernelRig();
    const text = await message(lifecycle.create(inputs({ secretKey: "WRONG-SECRET" })));
    expect(text).toMatch(/\[unauthorized\]/);
    expect(text).not.toContain("WRONG-SECRET");
    expect(writes()).toBe(0);
  });
});
