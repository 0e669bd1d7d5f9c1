import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { PASSWORD, rig } from "./rig";

const PRE_SCRIPT = "Execute upgrade pre script";

describe("an upgrade that fails at the vendor", () => {
  it("ends with stage, agent, the vendor's code, the log, and what can be done", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.fail({
      stage: "Download all required packages",
      logs: ["Check the disk", "ERROR: [Environment.DiskSpaceNotEnough]: disk full"],
    });
    const { reasons, properties } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(
      /upgrade 11 \(OB rolling upgrade to .*\) failed: stage 3\/30: Download all required packages failed on 10\.77\.0\.\d:2886: \[Environment\.DiskSpaceNotEnough\] disk full\./,
    );
    expect(reasons[0]).toContain("Log: ");
    expect(reasons[0]).toContain("stays locked");
    expect(reasons[0]).toContain(
      "run `obshell task retry -i 11` to continue the task or `obshell task rollback -i 11` to undo it",
    );
    expect(properties).toMatchObject({ status: "failed", lastUpgrade: { task: "11", state: "failed" } });
  });

  it("with packages that agents have spoilt for each other names the shared directory as the likely cause", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.fail({
      stage: "Check all required packages",
      logs: ["Check the package", "ERROR: [Common.Unexpected]: Unexpected error: MD5 checksum validation failed"],
    });
    const { reasons } = await partial(lifecycle.create(inputs({ upgradeDir: "/nfs/obshell-upgrade" })));
    expect(reasons[0]).toMatch(/MD5 checksum validation failed.*If hosts share the file system of `upgradeDir`/);
  });

  it("after the agents have restarted is never promised a way back", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toContain("a rollback is no longer possible");
    expect(reasons[0]).not.toContain("task rollback");
  });

  it("of the business edition can be undone until its parameters are backed up: the agents do not restart", async () => {
    const early = rig({ edition: "business" });
    early.cluster.control.fail({ stage: "Unpack all required packages" });
    const { reasons } = await partial(early.lifecycle.create(early.inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toMatch(/was rolled back by `onFailure`, because it failed: stage 5\/26.*\[rolled-back\]/);
    expect(early.cluster.state.lock).toBe(1);

    const late = rig({ edition: "business" });
    late.cluster.control.fail({ stage: "Backup parameters" });
    const told = await partial(late.lifecycle.create(late.inputs({ onFailure: "rollback" })));
    expect(told.reasons[0]).toContain("a rollback is no longer possible");
    expect(late.cluster.state.lock).toBe(2);
  });

  it("by a script ends with the script's own reason, once, and without the password that it prints", async () => {
    const { lifecycle, inputs, cluster, lines } = rig();
    const output = [
      `parameters from cmd: host="10.0.0.1", port=2881, user="root", password="R00t-Pw-9", timeout=3600`,
      ...Array.from(
        { length: 60 },
        (_, nth) => `[2026-01-01 00:00:${nth}] INFO upgrade_pre.py: ${"checking ".repeat(9)}`,
      ),
      "Traceback (most recent call last):",
      "MyError: 'check not passed, restore job is not finished'",
    ];
    const message = `Unexpected error: execute script 'etc/upgrade_pre.py' error, execute logs:\n${output.join("\n")}\n: exit status 1`;
    cluster.control.fail({
      stage: PRE_SCRIPT,
      logs: ["get real execute agent", `ERROR: [Common.Unexpected]: ${message}`],
    });
    const { reasons } = await partial(lifecycle.create(inputs()));
    const [told = ""] = reasons;
    expect(told).toContain("[Common.Unexpected] … ");
    expect(told).toContain(
      "MyError: 'check not passed, restore job is not finished' | : exit status 1. Log: get real execute agent",
    );
    expect(told.split("MyError")).toHaveLength(2);
    expect(told.split("Traceback")).toHaveLength(2);
    expect(JSON.stringify([reasons, lines])).not.toContain("R00t-Pw-9");
  });

  it("never shows the root password that its scripts write into the log", async () => {
    const { lifecycle, inputs, cluster, lines } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const failure = await partial(lifecycle.create(inputs()));
    expect(cluster.dags[0]?.nodes.some((node) => JSON.stringify(node).includes(PASSWORD))).toBe(true);
    expect(JSON.stringify([failure.reasons, failure.properties["lastUpgrade"], lines])).not.toContain(PASSWORD);
  });

  it("is told again by the next run, which calls nothing while the failed task holds the lock", async () => {
    const { lifecycle, inputs, cluster, writes, said } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const first = await partial(lifecycle.create(inputs()));
    expect(await lifecycle.diff(first.id, first.properties, inputs())).toMatchObject({ changes: true });
    expect(said().join()).toContain("upgrade 11");
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(second.reasons[0]).toContain("stays locked");
    expect(writes()).toBe(1);
  });

  it("half way tells the versions that run now", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.fail({ stage: 21 });
    const { properties } = await partial(lifecycle.create(inputs()));
    expect(Object.values(properties["members"] ?? {}).sort()).toEqual([
      "4.2.1.8-108000022024072217",
      "4.3.5.2-102000042025031214",
      "4.3.5.2-102000042025031214",
    ]);
    expect(properties).toMatchObject({ currentVersion: "4.2.1.8" });
  });

  it("and is retried by an operator is joined by the next run", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const first = await partial(lifecycle.create(inputs()));
    cluster.control.operate("RETRY");
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  it("and is rolled back while it is waited for is not taken for an upgrade", async () => {
    const { lifecycle, inputs, cluster, clock } = rig();
    cluster.control.fail({ stage: 3 });
    await partial(lifecycle.create(inputs()));
    cluster.control.operate("ROLLBACK");
    clock.after(1_000, () => cluster.control.finish());
    const { reasons, properties } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/rolled back.*\[rolled-back\]/);
    expect(properties).toMatchObject({
      status: "failed",
      lastUpgrade: { state: "rolled-back" },
      currentVersion: "4.2.1.8",
    });
  });

  it("half way, asked through a finished zone, is not taken for done (400 ToLowerVersion)", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.setBuildVersion("4.3.5.2_102000042025031214", 0);
    const only = [`http://${cluster.endpoints[0]}`];
    await expect(lifecycle.create(inputs({ endpoints: only }))).rejects.toThrow(
      /OB\.Upgrade\.ToLowerVersion.*\[refused\]/,
    );
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
  });
});

describe("another maintenance task that holds the lock", () => {
  it("is waited for by name, then the upgrade starts", async () => {
    const { lifecycle, inputs, cluster, lines } = rig();
    cluster.control.startMaintenance("Start OB", { ms: 60_000 });
    const { outs } = await lifecycle.create(inputs());
    expect(lines.some((line) => line.message.includes("waiting for maintenance task 11 (Start OB)"))).toBe(true);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "12" } });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("does not matter to a cluster at its pin", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: "4.3.5.2-102000042025031214" });
    cluster.control.startMaintenance("Create tenant t1", { type: "TENANT", tenant: "t1" });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it("and that never ends ends the run at its limit, with nothing called", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    cluster.control.startMaintenance("Start OB");
    await expect(lifecycle.create(inputs({ __timeouts: { create: "5m" } }))).rejects.toThrow(
      /time limit.*nothing was sent.*\[deadline\]/,
    );
    expect(writes()).toBe(0);
  });

  it("and comes between the looks and the call is waited for as well", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    let late = true;
    cluster.onCall(({ request }) => {
      if (request.method !== "POST" || !late) return;
      late = false;
      cluster.control.startMaintenance("Stop OB", { ms: 30_000 });
    });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(2);
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("that is somebody else's upgrade to another version is waited for, then ours follows", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.addObPackages("4.2.5.1", "101000092024120918.el7");
    await lifecycle.create(inputs({ version: "4.2.5.1", release: "101000092024120918.el7", wait: false }));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(cluster.acceptedUpgrades).toHaveLength(2);
  });

  it("is joined when it is an upgrade to the pinned version in the other mode", async () => {
    const { lifecycle, inputs, cluster } = rig();
    await lifecycle.create(inputs({ mode: "stopService", wait: false }));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe("onFailure", () => {
  const operators = (world: ReturnType<typeof rig>) => world.cluster.journal.count("POST", /^\/api\/v1\/task\/dag\//);

  it("retry: the next run sends RETRY once, and goes on from the failed stage", async () => {
    const world = rig();
    const { lifecycle, cluster, writes } = world;
    const args = world.inputs({ onFailure: "retry" });
    cluster.control.fail({ stage: PRE_SCRIPT });
    const first = await partial(lifecycle.create(args));
    expect(operators(world)).toBe(0);
    const { outs } = await lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(operators(world)).toBe(1);
    expect(writes()).toBe(1);
  });

  it("retry: a second failure in the same run is told, not retried again", async () => {
    const world = rig();
    const args = world.inputs({ onFailure: "retry" });
    world.cluster.control.fail({ stage: PRE_SCRIPT, times: 2 });
    const first = await partial(world.lifecycle.create(args));
    const second = await partial(world.lifecycle.update(first.id, first.properties, args));
    expect(second.reasons[0]).toContain("[upgrade-failed]");
    expect(operators(world)).toBe(1);
  });

  it("rollback: sends ROLLBACK before the agents restart, waits for it, and fails truthfully", async () => {
    const world = rig();
    world.cluster.control.fail({ stage: "Unpack all required packages" });
    const { reasons, properties } = await partial(world.lifecycle.create(world.inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toMatch(/was rolled back by `onFailure`, because it failed: stage 5\/30.*\[rolled-back\]/);
    expect(properties).toMatchObject({
      status: "failed",
      lastUpgrade: { state: "rolled-back" },
      currentVersion: "4.2.1.8",
    });
    expect(operators(world)).toBe(1);
    const { outs } = await world.lifecycle.update("id", properties, world.inputs({ onFailure: "rollback" }));
    expect(outs).toMatchObject({ status: "current" });
  });

  it("rollback: is not tried once the agents have restarted", async () => {
    const world = rig();
    world.cluster.control.fail({ stage: PRE_SCRIPT });
    const { reasons } = await partial(world.lifecycle.create(world.inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toContain("a rollback is no longer possible");
    expect(operators(world)).toBe(0);
  });

  it.each(["retry", "rollback"])("%s: a task that this tool did not start is never operated on", async (onFailure) => {
    const world = rig();
    world.cluster.control.fail({ stage: 3 });
    await partial(world.lifecycle.create(world.inputs()));
    // A run without the state, as of another stack: the failed task is only found there.
    const other = await partial(world.lifecycle.create(world.inputs({ onFailure })));
    const again = await partial(world.lifecycle.update(other.id, other.properties, world.inputs({ onFailure })));
    expect(again.reasons[0]).toContain("[upgrade-failed]");
    expect(operators(world)).toBe(0);
  });

  it("rollback: a lost reply is followed by a look at the task, not by another operator", async () => {
    const world = rig();
    world.cluster.control.fail({ stage: 3 });
    world.cluster.faults.add({ match: { method: "POST", path: /task\/dag/ }, fault: { kind: "loseReply" } });
    const { reasons } = await partial(world.lifecycle.create(world.inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toContain("[rolled-back]");
    expect(operators(world)).toBe(1);
  });
});
