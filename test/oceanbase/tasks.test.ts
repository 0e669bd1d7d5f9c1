import { describe, expect, it } from "vitest";
import type { Dag } from "../../provider/oceanbase/agent/schema";
import {
  dagState,
  formatTarget,
  holdsLock,
  obUpgradeTarget,
  percentOf,
  stageOf,
} from "../../provider/oceanbase/tasks/dag";
import { partial } from "../support/partial";
import { AGENT_URN, AGENTS, OLD_BUILD, PASSWORD, rig, TARGET, TARGET_BUILD, UPGRADE } from "./rig";

const running: Dag = {
  id: "11",
  name: "OB rolling upgrade 4.3.5.2-102000042025031214.el7",
  stage: 2,
  max_stage: 30,
  maintenance_type: 2,
  state: "RUNNING",
  operator: "RUN",
};

describe("the target in the name of a DAG", () => {
  it.each([
    ["OB rolling upgrade 4.3.5.2-102000042025031214.el7", "OB rolling upgrade", "4.3.5.2-102000042025031214"],
    [
      "OB stop service upgrade 4.2.1.10-110000102024112010.el7",
      "OB stop service upgrade",
      "4.2.1.10-110000102024112010",
    ],
    ["OB rolling upgrade 4.3.5.2-102000042025031214", "OB rolling upgrade", "4.3.5.2-102000042025031214"],
  ])("%s", (name, kind, target) => {
    const found = obUpgradeTarget(name);
    expect(found?.kind).toBe(kind);
    expect(found && formatTarget(found)).toBe(target);
  });

  it.each([
    "Upgrade check OB rolling upgrade 4.3.5.2-1.el7",
    "OB rolling upgrade 4.3.5.2-1.el7 (rollback)",
    "OB rolling upgrade 4.3.5.2",
    "OB rolling upgrade 4.3.5-1.el7",
    "OB rolling upgrade 4.3.5.2.1-1.el7",
    "OB rolling upgrade latest-1.el7",
    "OB fast upgrade 4.3.5.2-1.el7",
    "ob rolling upgrade 4.3.5.2-1.el7",
    " OB rolling upgrade 4.3.5.2-1.el7",
    "Upgrade agent",
    "Scale out",
    "",
  ])("is not found in %j", (name) => {
    expect(obUpgradeTarget(name)).toBeUndefined();
  });
});

describe("the state of a DAG", () => {
  it.each([
    ["SUCCEED", "RUN", "succeeded"],
    ["SUCCEED", "RETRY", "succeeded"],
    ["SUCCEED", "PASS", "succeeded"],
    ["SUCCEED", "ROLLBACK", "rolled-back"],
    ["FAILED", "RUN", "failed"],
    ["FAILED", "ROLLBACK", "failed"],
    ["FAILED", "CANCEL", "failed"],
    ["RUNNING", "RUN", "running"],
    ["RUNNING", "ROLLBACK", "rolling-back"],
    ["RUNNING", "CANCEL", "running"],
    ["READY", "RUN", "running"],
    ["READY", "ROLLBACK", "rolling-back"],
    ["PENDING", "RUN", "running"],
    ["succeed", "rollback", "rolled-back"],
    ["Failed", "Run", "failed"],
  ])("%s by %s is %s", (state, operator, expected) => {
    expect(dagState({ ...running, state, operator })).toBe(expected);
  });
});

describe("the cluster's lock", () => {
  const { maintenance_type: _, ...older } = running;

  it.each([
    [0, false],
    [1, false],
    [2, true],
    [3, true],
    [4, true],
  ])("is held by maintenance type %d: %s", (type, expected) => {
    expect(holdsLock({ ...running, maintenance_type: type })).toBe(expected);
  });

  it.each([
    ["OB rolling upgrade 4.3.5.2-1.el7", true],
    ["Scale out", true],
    ["Upgrade check OB 4.3.5.2-1.el7", false],
  ])("is recognized by the name before 4.3.1.0: %s: %s", (name, expected) => {
    expect(holdsLock({ ...older, name })).toBe(expected);
  });
});

describe("the progress of a DAG", () => {
  it.each([
    [1, 30, 0],
    [2, 30, 3],
    [16, 30, 50],
    [30, 30, 97],
    [0, 30, 0],
    [1, 0, 0],
  ])("in stage %d of %d is %d percent", (stage, max, expected) => {
    expect(percentOf({ ...running, stage, max_stage: max })).toBe(expected);
  });

  it("names the stage if its nodes are known", () => {
    const nodes = ["Check the python environment", "Create upgrade dir"].map((name) => ({ name, state: "SUCCEED" }));
    expect(stageOf({ ...running, nodes })).toBe("stage 2/30: Create upgrade dir");
  });

  it.each([
    ["no nodes", null],
    ["too few nodes", []],
  ])("has only the number of the stage with %s", (_, nodes) => {
    expect(stageOf({ ...running, nodes })).toBe("stage 2/30");
  });
});

const PRE_SCRIPT = "Execute upgrade pre script";

describe("an upgrade that fails at the vendor", () => {
  it("is reported with stage, agent, the vendor's code, the log and the remedy", async () => {
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

  it("because agents overwrote each other's packages is reported with the shared directory as the likely cause", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.fail({
      stage: "Check all required packages",
      logs: ["Check the package", "ERROR: [Common.Unexpected]: Unexpected error: MD5 checksum validation failed"],
    });
    const { reasons } = await partial(lifecycle.create(inputs({ upgradeDir: "/nfs/obshell-upgrade" })));
    expect(reasons[0]).toMatch(/MD5 checksum validation failed.*If hosts share the file system of `upgradeDir`/);
  });

  it.each([
    [
      "Download all required packages",
      "[Common.Unexpected]: Unexpected error: record not found",
      /record not found\..*A package of the target version is not uploaded\. Upload it with POST/,
    ],
    [
      "Check all required packages",
      "[Task.Agent.Data.NotSet]: Agent 10.77.0.2:2886 data 4.5.0.0-102026050817 not set",
      /not set\..*A package was not downloaded.*Roll the task back/,
    ],
  ])("at %s because of a missing package is reported with that cause", async (stage, error, text) => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    cluster.control.fail({ stage, logs: ["Confirm that all the required packages", `ERROR: ${error}`] });
    const { reasons } = await partial(lifecycle.create({ ...inputs(AGENTS), __urn: AGENT_URN }));
    expect(reasons[0]).toMatch(text);
  });

  it("at another stage because something else was not found is not attributed to a package", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.fail({ stage: 9, logs: ["ERROR: [Common.Unexpected]: Unexpected error: record not found"] });
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).not.toContain("package of the target");
  });

  it("after the agents have restarted is reported without a rollback", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toContain("a rollback is no longer possible");
    expect(reasons[0]).not.toContain("task rollback");
  });

  it("of the business edition can be rolled back until its parameters are backed up, because the agents do not restart", async () => {
    const early = rig({ edition: "business" });
    early.cluster.control.fail({ stage: "Unpack all required packages" });
    const { reasons } = await partial(early.lifecycle.create(early.inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toMatch(/was rolled back by `onFailure`, because it failed: stage 5\/26.*\[rolled-back\]/);
    expect(early.cluster.state.lock).toBe(1);

    const late = rig({ edition: "business" });
    late.cluster.control.fail({ stage: "Backup parameters" });
    const lateFailure = await partial(late.lifecycle.create(late.inputs({ onFailure: "rollback" })));
    expect(lateFailure.reasons[0]).toContain("a rollback is no longer possible");
    expect(late.cluster.state.lock).toBe(2);
  });

  it("in a script is reported with the script's own reason, once, and without the password that it prints", async () => {
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
    const [text = ""] = reasons;
    expect(text).toContain("[Common.Unexpected] … ");
    expect(text).toContain(
      "MyError: 'check not passed, restore job is not finished' | : exit status 1. Log: get real execute agent",
    );
    expect(text.split("MyError")).toHaveLength(2);
    expect(text.split("Traceback")).toHaveLength(2);
    expect(JSON.stringify([reasons, lines])).not.toContain("R00t-Pw-9");
  });

  it("is reported without the root password that its scripts write into the log", async () => {
    const { lifecycle, inputs, cluster, lines } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const failure = await partial(lifecycle.create(inputs()));
    expect(cluster.dags[0]?.nodes.some((node) => JSON.stringify(node).includes(PASSWORD))).toBe(true);
    expect(JSON.stringify([failure.reasons, failure.properties["lastUpgrade"], lines])).not.toContain(PASSWORD);
  });

  it("is reported again by the next run, which requests nothing while the failed task holds the lock", async () => {
    const { lifecycle, inputs, cluster, writes, messages } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const first = await partial(lifecycle.create(inputs()));
    expect(await lifecycle.diff(first.id, first.properties, inputs())).toMatchObject({ changes: true });
    expect(messages().join()).toContain("upgrade 11");
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(second.reasons[0]).toContain("stays locked");
    expect(writes()).toBe(1);
  });

  it("half-way is reported with the current versions", async () => {
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

  it("is joined by the next run after an operator retried it", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    cluster.control.fail({ stage: PRE_SCRIPT });
    const first = await partial(lifecycle.create(inputs()));
    cluster.control.operate("RETRY");
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  it("is reported as rolled back if it is rolled back during the run", async () => {
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

  it("half-way is not considered succeeded if a zone that has finished refuses the request (400 ToLowerVersion)", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const message = `Target version ${TARGET_BUILD} is not greater than current version ${TARGET_BUILD}. Please verify`;
    const body = JSON.stringify({
      successful: false,
      status: 400,
      error: { errCode: "OB.Upgrade.ToLowerVersion", message },
    });
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", status: 400, body } });
    await expect(lifecycle.create(inputs())).rejects.toThrow(/OB\.Upgrade\.ToLowerVersion.*\[refused\]/);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
  });
});

describe("another maintenance task that holds the lock", () => {
  it("is waited for, with its name, and then the upgrade starts", async () => {
    const { lifecycle, inputs, cluster, lines } = rig();
    cluster.control.startMaintenance("Start OB", { ms: 60_000 });
    const { outs } = await lifecycle.create(inputs());
    expect(lines.some((line) => line.message.includes("waiting for maintenance task 11 (Start OB)"))).toBe(true);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "12" } });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("does not affect a cluster that is up to date", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: "4.3.5.2-102000042025031214" });
    cluster.control.startMaintenance("Create tenant t1", { type: "TENANT", tenant: "t1" });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it("ends the run at its time limit if it never ends, and nothing is requested", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    cluster.control.startMaintenance("Start OB");
    await expect(lifecycle.create(inputs({ __timeouts: { create: "5m" } }))).rejects.toThrow(
      /time limit.*nothing was sent.*\[deadline\]/,
    );
    expect(writes()).toBe(0);
  });

  it("is waited for as well if it starts between the reads and the upgrade request", async () => {
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

  it("is waited for if it is an upgrade to another version, and then the upgrade starts", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.addObPackages("4.2.5.1", "101000092024120918.el7");
    await lifecycle.create(inputs({ version: "4.2.5.1", release: "101000092024120918.el7", wait: false }));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(cluster.acceptedUpgrades).toHaveLength(2);
  });

  it("is joined if it is an upgrade to the target version in the other mode", async () => {
    const { lifecycle, inputs, cluster } = rig();
    await lifecycle.create(inputs({ mode: "stopService", wait: false }));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe("onFailure", () => {
  const operators = (world: ReturnType<typeof rig>) => world.cluster.journal.count("POST", /^\/api\/v1\/task\/dag\//);

  it("retry: the next run sends RETRY once, and the task continues at the failed stage", async () => {
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

  it("retry: a second failure in the same run is reported, not retried again", async () => {
    const world = rig();
    const args = world.inputs({ onFailure: "retry" });
    world.cluster.control.fail({ stage: PRE_SCRIPT, times: 2 });
    const first = await partial(world.lifecycle.create(args));
    const second = await partial(world.lifecycle.update(first.id, first.properties, args));
    expect(second.reasons[0]).toContain("[upgrade-failed]");
    expect(operators(world)).toBe(1);
  });

  it("retry: a run that is stopped while RETRY is sent reports the upgrade as running", async () => {
    const world = rig();
    const args = world.inputs({ onFailure: "retry" });
    world.cluster.control.fail({ stage: PRE_SCRIPT });
    const first = await partial(world.lifecycle.create(args));
    world.cluster.faults.add({
      match: { method: "POST", path: /^\/api\/v1\/task\/dag\// },
      fault: { kind: "hang", processed: true },
    });
    const stopped = { ...args, __timeouts: { update: "10s" } };
    const second = await partial(world.lifecycle.update(first.id, first.properties, stopped));
    expect(second.reasons[0]).toMatch(/: upgrade 11 .* is still running\..*\[deadline\]$/);
    const { outs } = await world.lifecycle.update(first.id, second.properties, args);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(operators(world)).toBe(1);
  });

  it("rollback: is never sent to a task that another party started hours after a lost request", async () => {
    const world = rig();
    const args = world.inputs({ onFailure: "rollback" });
    world.cluster.faults.add({ match: { method: "POST", path: "/api/v1/ob/upgrade" }, fault: { kind: "reset" } });
    const first = await partial(world.lifecycle.create({ ...args, __timeouts: { create: "10s" } }));
    expect(first.properties).toMatchObject({ lastUpgrade: { state: "unknown" } });
    await world.clock.sleep(10 * 3_600_000);
    world.cluster.control.fail({ stage: 5 });
    await partial(world.lifecycle.create({ ...world.inputs(), __timeouts: { create: "5s" } }));
    const second = await partial(world.lifecycle.update(first.id, first.properties, args));
    expect(second.properties).toMatchObject({ status: "failed", lastUpgrade: { joined: true } });
    expect(operators(world)).toBe(0);
  });

  it("rollback: sends ROLLBACK before the agents restart, waits for it, and fails as rolled back", async () => {
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

  it("rollback: is not sent once the agents have restarted", async () => {
    const world = rig();
    world.cluster.control.fail({ stage: PRE_SCRIPT });
    const { reasons } = await partial(world.lifecycle.create(world.inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toContain("a rollback is no longer possible");
    expect(operators(world)).toBe(0);
  });

  it.each(["retry", "rollback"])("%s: is never sent to a task that the resource did not start", async (onFailure) => {
    const world = rig();
    world.cluster.control.fail({ stage: 3 });
    await partial(world.lifecycle.create(world.inputs()));
    // A run without the state, as of another stack, finds the failed task.
    const other = await partial(world.lifecycle.create(world.inputs({ onFailure })));
    const second = await partial(world.lifecycle.update(other.id, other.properties, world.inputs({ onFailure })));
    expect(second.reasons[0]).toContain("[upgrade-failed]");
    expect(operators(world)).toBe(0);
  });

  it("rollback: after a lost response the task is read, and no other operator is sent", async () => {
    const world = rig();
    world.cluster.control.fail({ stage: 3 });
    world.cluster.faults.add({ match: { method: "POST", path: /task\/dag/ }, fault: { kind: "loseReply" } });
    const { reasons } = await partial(world.lifecycle.create(world.inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toContain("[rolled-back]");
    expect(operators(world)).toBe(1);
  });
});

const DETAILS = "/api/v1/task/dag/11";
const UNFINISHED = "/api/v1/task/dag/ob/unfinish";

/** A cluster with packages for its database and its agents, and the arguments of both resource types. */
function world(options: Parameters<typeof rig>[0] = {}) {
  const made = rig({ agentVersion: "4.3.3.0-102025103117", ...options });
  made.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return {
    ...made,
    agents: (more: Record<string, unknown> = {}) => ({ ...made.inputs({ ...AGENTS, ...more }), __urn: AGENT_URN }),
    database: made.inputs,
  };
}

type World = ReturnType<typeof world>;

/** Upgrades that fail, with their arguments and the stages at which they fail. */
const FAILURES = [
  ["an upgrade of the agents", ({ agents }: World) => agents(), [1, 2, 6, 7, 8, 9]],
  ["a rolling upgrade of the database", ({ database }: World) => database(), [1, 3, 7, 8, 9, 10, 12, 30]],
  [
    "an upgrade of the database that stops the service",
    ({ database }: World) => database({ mode: "stopService" }),
    [2, 7, 8, 11, 18],
  ],
] as const;

const CASES = FAILURES.flatMap(([what, inputs, stages]) => stages.map((stage) => ({ what, inputs, stage })));

const SCALE_OUT = {
  id: "11",
  name: "Scale out",
  stage: 1,
  max_stage: 1,
  maintenance_type: 2,
  state: "FAILED",
  operator: "RUN",
};

/** Responds with this to every later request for the path. */
function respond({ cluster }: World, path: string, status: number, data?: unknown): void {
  const error = { errCode: "Task.GenericID.Invalid", message: "Invalid ID: 11" };
  const body = JSON.stringify(
    data === undefined ? { successful: false, status, error } : { successful: true, status, data },
  );
  cluster.faults.add({ match: { path }, fault: { kind: "replace", status, body }, times: Number.POSITIVE_INFINITY });
}

/** Whether the server accepts an operator. */
function accepted({ cluster }: World, operator: "RETRY" | "ROLLBACK" | "PASS"): boolean {
  try {
    cluster.control.operate(operator);
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "Refusal") return false;
    throw error;
  }
}

describe("the operators named in the message about a failed task", () => {
  it.each(CASES)(
    "are those that the server accepts, in the messages of both resource types: $what, failed at stage $stage",
    async ({ inputs, stage }) => {
      const made = world();
      const { lifecycle, cluster, agents, database } = made;
      cluster.control.fail({ stage });
      const own = await partial(lifecycle.create(inputs(made)));
      const texts = [
        own.reasons.join(),
        await messageOf(lifecycle.create(agents())),
        await messageOf(lifecycle.create(database())),
      ].map((text) => text.replace(/\s+/g, " "));
      const undone = accepted(made, "ROLLBACK");
      const passed = !undone && accepted(made, "PASS");
      for (const text of texts) {
        expect(text).toContain("run `obshell task retry -i 11` to continue the task");
        expect([text.includes("`obshell task rollback -i 11` to undo it"), undone]).toEqual([undone, undone]);
        expect([text.includes("a rollback is no longer possible"), undone]).toEqual([!undone, undone]);
        expect([text.includes("run `obshell task pass -i 11` to end it"), passed]).toEqual([passed, passed]);
      }
    },
  );

  it.each(["database", "agents"] as const)(
    "are not named for a task that is not an upgrade (read by the %s)",
    async (which) => {
      const made = world();
      respond(made, UNFINISHED, 200, { contents: [SCALE_OUT] });
      respond(made, DETAILS, 200, { ...SCALE_OUT, nodes: [{ name: "Pre check", state: "FAILED", sub_tasks: [] }] });
      const text = await messageOf(made.lifecycle.create(made[which]()));
      expect(text).toContain("maintenance task 11 (Scale out) failed and keeps the lock");
      expect(text).toContain("`obshell task show -i 11 -d`");
      expect(text).not.toMatch(/no longer possible|to continue the task|to undo it/);
    },
  );

  it.each(["database", "agents"] as const)("are not named if the details cannot be read (%s)", async (which) => {
    const made = world();
    made.cluster.control.fail({ stage: 2 });
    await partial(made.lifecycle.create(made.agents()));
    respond(made, DETAILS, 400);
    const text = await messageOf(made.lifecycle.create(made[which]()));
    expect(text).toContain("whichever obshell accepts");
    expect(text).not.toMatch(/no longer possible|to continue the task|to undo it/);
  });

  it("include a rollback after which the cluster can be upgraded", async () => {
    const made = world({ buildVersion: OLD_BUILD });
    made.cluster.control.fail({ stage: 2 });
    await partial(made.lifecycle.create(made.agents()));
    expect(await messageOf(made.lifecycle.create(made.database()))).toContain(
      "`obshell task rollback -i 11` to undo it",
    );
    made.cluster.control.operate("ROLLBACK");
    const { outs } = await made.lifecycle.create(made.database());
    expect(outs).toMatchObject({ status: "current", currentVersion: TARGET.version });
  });
});

async function messageOf(run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.then(
    () => new Error("the run succeeded"),
    (thrown: unknown) => thrown,
  );
  const reasons: unknown = error instanceof Error && "reasons" in error ? error.reasons : undefined;
  return Array.isArray(reasons) ? reasons.join() : String(error);
}
