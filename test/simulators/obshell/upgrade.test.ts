import { describe, expect, it } from "vitest";
import {
  AGENT_TARGET,
  AGENT_VERSION,
  builds,
  type DagView,
  OB_BUILD,
  OB_TARGET,
  type ObInfo,
  ROLLING,
  STOP_SERVICE,
  Trial,
} from "./trial";

const AGENT_PREFIX = [
  "Create upgrade dir",
  "Download all required packages",
  "Check all required packages",
  "Unpack all required packages",
  "Backup for upgrade",
  "Install new obshell",
  "Restart obshell",
  "Upgrade post table maintain",
];
const PREFIX = ["Check the python environment", ...AGENT_PREFIX];
const LAST = "Remove upgrade check task dir";
const ROLLING_STAGES = [
  ...PREFIX,
  "Backup parameters",
  "Execute upgrade checker script",
  "Execute upgrade pre script",
  ...[1, 2, 3].flatMap((zone) => [
    "Execute upgrade health checker script",
    `Stop zone${zone}`,
    "Reinstall and restart observer",
    "Execute upgrade zone health checker script",
    `Start zone${zone}`,
  ]),
  "Execute upgrade post script",
  "Restore parameters",
  LAST,
];

function newTrial(options: ConstructorParameters<typeof Trial>[0] = {}): Trial {
  const trial = new Trial(options);
  trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release, { bundles: "4.4.2.0-102026041610" });
  trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
  return trial;
}

async function stagesOf(trial: Trial, id = 1): Promise<string[]> {
  return ((await trial.dag(id, 0, true)).nodes ?? []).map((node) => node.name);
}

describe("an OB upgrade", () => {
  it("returns the DAG as it was created, without times", async () => {
    const trial = newTrial();
    expect(await trial.data("POST", "/api/v1/ob/upgrade", ROLLING)).toEqual({
      id: "11",
      dag_id: 1,
      name: "OB rolling upgrade 4.2.1.10-110000102024112010.el7",
      stage: 1,
      max_stage: 30,
      maintenance_type: 2,
      maintenance_key: "",
      state: "READY",
      operator: "RUN",
      start_time: "0001-01-01T00:00:00Z",
      end_time: "0001-01-01T00:00:00Z",
      additional_data: null,
      nodes: null,
    });
    expect(trial.cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("rolls over three zones in 30 stages and about 94 seconds", async () => {
    const trial = newTrial();
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    const took = trial.settle();
    expect(took).toBeGreaterThan(90_000);
    expect(took).toBeLessThan(98_000);
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", operator: "RUN", stage: 30, max_stage: 30 });
    expect(await stagesOf(trial)).toEqual(ROLLING_STAGES);
    expect(await builds(trial)).toEqual(Array(3).fill("4.2.1.10_110000102024112010"));
    const { agent_info } = await trial.data<ObInfo>("GET", "/api/v1/ob/info");
    expect(agent_info.map((agent) => agent.version)).toEqual(Array(3).fill("4.4.2.0-102026041610"));
    expect(await trial.data("GET", "/api/v1/task/dag/ob/unfinish")).toEqual({ contents: [] });
  });

  it("runs subtasks on every agent, on the agents of a zone, or on one agent", async () => {
    const trial = newTrial({ agentsPerZone: 2 });
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    trial.settle();
    const nodes = (await trial.dag(1, 0, true)).nodes ?? [];
    const counts = nodes.map((node) => node.sub_tasks.length);
    expect(counts.slice(0, 9)).toEqual(Array(9).fill(6));
    expect([counts[9], counts[14], counts[29]]).toEqual([1, 2, 6]);
  });

  it("changes the version of one server after the other", async () => {
    const trial = newTrial();
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    const seen = new Set<string>();
    while (trial.cluster.dags[0]?.state !== "SUCCEED") {
      trial.clock.advance(500);
      seen.add(trial.cluster.agents.map((agent) => (agent.observer.build.startsWith("4.2.1.10") ? 1 : 0)).join(""));
    }
    expect([...seen]).toEqual(["000", "100", "110", "111"]);
  });

  it("with a service stop has 18 stages, and the DAG is unreadable while observers restart", async () => {
    const trial = newTrial({ zones: 1, agentVersion: "4.5.0.0-102026050817" });
    const created = await trial.data<DagView>("POST", "/api/v1/ob/upgrade", STOP_SERVICE);
    expect(created).toMatchObject({ name: "OB stop service upgrade 4.2.1.10-110000102024112010.el7", max_stage: 18 });
    const errors: string[] = [];
    let degraded = 0;
    while (trial.cluster.dags[0]?.state !== "SUCCEED") {
      trial.clock.advance(100);
      if (!trial.cluster.hosts[0]?.isUp()) continue;
      const reply = await trial.call("GET", "/api/v1/task/dag/11?show_details=false");
      if (reply.status === 200) continue;
      errors.push(`${reply.error?.errCode} ${reply.error?.message}`.replace(/\d+/, "N"));
      const info = await trial.data<ObInfo>("GET", "/api/v1/ob/info");
      if (info.obcluster_info.topology === null) degraded += 1;
    }
    const proc = "OB.Server.Process";
    expect([...new Set(errors)]).toEqual([
      `${proc}.CheckFailed Task not found: Check observer process exist: readlink /proc/N/cwd: no such file or directory`,
      `${proc}.NotExist Task not found: Observer process does not exist`,
    ]);
    expect(errors.length).toBeGreaterThan(45);
    expect(degraded).toBe(errors.length);
  });

  it("stays readable through other agents while the observer of one zone is down", async () => {
    const trial = newTrial({ agentVersion: "4.5.0.0-102026050817" });
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    let degraded = 0;
    while (trial.cluster.dags[0]?.state !== "SUCCEED") {
      trial.clock.advance(250);
      if (!trial.cluster.hosts[0]?.isUp()) continue;
      expect((await trial.dag()).id).toBe("11");
      const own = await trial.data<ObInfo>("GET", "/api/v1/ob/info");
      if (own.obcluster_info.topology !== null) continue;
      degraded += 1;
      const other = await trial.data<ObInfo>("GET", "/api/v1/ob/info", undefined, 1);
      expect(other.obcluster_info.topology?.["zone1"]?.[0]?.status).toBe("INACTIVE");
      expect(own.obcluster_info).toMatchObject({ id: 0, name: "", version: "" });
    }
    expect(degraded).toBeGreaterThan(15);
  });

  it("adds a freeze per zone if requested, on servers that support it", async () => {
    for (const [agentVersion, stages] of [
      ["4.3.3.0-102025103117", 30],
      ["4.4.0.0-1", 33],
    ] as const) {
      const trial = newTrial({ agentVersion });
      const dag = await trial.data<DagView>("POST", "/api/v1/ob/upgrade", { ...ROLLING, freeze_server: true });
      expect(dag.max_stage).toBe(stages);
    }
  });
});

describe("an agent upgrade", () => {
  it("has nine stages, takes about 25 seconds and changes only the agents", async () => {
    const trial = newTrial();
    const dag = await trial.data<DagView>("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    expect(dag).toMatchObject({ name: "Upgrade obshell 4.5.0.0-102026050817.el7", max_stage: 9, maintenance_type: 2 });
    const took = trial.settle();
    expect(took).toBeGreaterThan(23_000);
    expect(took).toBeLessThan(26_000);
    expect(await stagesOf(trial)).toEqual([...AGENT_PREFIX, LAST]);
    const { agent_info } = await trial.data<ObInfo>("GET", "/api/v1/ob/info");
    expect(agent_info.map((agent) => agent.version)).toEqual(Array(3).fill(AGENT_VERSION));
    expect(await builds(trial)).toEqual(Array(3).fill("4.2.1.1_101000062023110109"));
  });

  it("closes all ports at once for about five seconds and replaces the key with a longer one", async () => {
    const trial = newTrial();
    const before = await trial.publicKey();
    await trial.data("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    let refused = 0;
    while (trial.cluster.dags[0]?.state !== "SUCCEED") {
      trial.clock.advance(100);
      const up = trial.cluster.hosts.map((host) => host.isUp());
      if (up.every((one) => !one)) refused += 100;
    }
    expect(refused).toBeGreaterThan(5000);
    expect(refused).toBeLessThan(6000);
    const after = await trial.publicKey();
    expect([before.length, after.length]).toEqual([100, 188]);
    expect(before.startsWith("MEgCQQ") && after.startsWith("MIGJAoGB")).toBe(true);
  });

  it("refuses connections while agents restart, and panics on writes in the first second after that", async () => {
    const trial = newTrial();
    await trial.data("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    while (trial.cluster.hosts[0]?.isUp()) {
      trial.clock.advance(100);
      trial.cluster.tick();
    }
    await expect(trial.plain("GET", "/api/v1/info")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    while (!trial.cluster.hosts[0]?.isUp()) {
      trial.clock.advance(100);
      trial.cluster.tick();
    }
    const started = trial.cluster.agents[0]?.startedAt ?? 0;
    const reply = await trial.call("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    expect(reply.json).toEqual({
      successful: false,
      timestamp: new Date(started).toISOString().replace(/\.?0*Z$/, "Z"),
      duration: 0,
      status: 500,
      traceId: "",
      error: { errCode: "Common.Unexpected", message: "Unexpected error: Internal Server Error" },
    });
    expect((await trial.call("GET", "/api/v1/ob/info")).status).toBe(200);
    trial.clock.advance(1000);
    const again = await trial.call("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    expect(again.error?.errCode).toBe("Agent.Upgrade.ToLowerVersion");
  });

  it.each([
    ["4.2.3.0", "4.2.5.0", false],
    ["4.2.3.0", "4.2.6.0", true],
    ["4.2.4.0", "4.2.5.0", true],
  ])("from %s to %s succeeds; whether the lock is released: %s", async (from, version, released) => {
    const trial = new Trial({ agentVersion: `${from}-1` });
    const target = { version, release: "102024112610.el7" };
    trial.cluster.control.addAgentPackage(target.version, target.release);
    await trial.data("POST", "/api/v1/agent/upgrade", target);
    trial.settle();
    expect(trial.cluster.dags[0]).toMatchObject({ state: "SUCCEED", finished: true });
    expect(trial.cluster.state.lock === 1).toBe(released);
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
    trial.clock.advance(2_000);
    expect((await trial.call("POST", "/api/v1/ob/upgrade", ROLLING)).status).toBe(released ? 200 : 500);
  });

  it("fails at its second stage if the package is missing, and keeps the lock", async () => {
    const trial = new Trial();
    const target = { version: "4.5.0.1", release: "102026060101.el7" };
    expect(await trial.data("POST", "/api/v1/agent/upgrade", target)).toMatchObject({ state: "READY" });
    expect(trial.settle()).toBeCloseTo(4000, -2);
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "FAILED", operator: "RUN", stage: 2 });
    expect(dag.nodes?.[1]?.sub_tasks[0]?.task_logs?.at(-1)).toBe(
      "ERROR: [Common.Unexpected]: Unexpected error: record not found",
    );
    const locked = await trial.call("POST", "/api/v1/agent/upgrade", { ...target, release: "102026060102.el7" });
    expect(locked.json).toMatchObject({
      status: 500,
      data: null,
      error: {
        errCode: "OB.Cluster.UnderMaintenanceWithDag",
        message:
          "Create task 'Upgrade obshell 4.5.0.1-102026060102.el7' failed: OceanBase cluster is under maintenance by DAG: Upgrade obshell 4.5.0.1-102026060101.el7, please try again later",
      },
    });
  });
});

describe("check DAGs", () => {
  it("have five and six stages and take no lock", async () => {
    const trial = newTrial();
    const agent = await trial.data<DagView>("POST", "/api/v1/agent/upgrade/check", AGENT_TARGET);
    const ob = await trial.data<DagView>("POST", "/api/v1/ob/upgrade/check", OB_TARGET);
    expect(agent).toMatchObject({ name: "Upgrade check obshell 4.5.0.0-102026050817.el7", max_stage: 5 });
    expect(ob).toMatchObject({ name: "Upgrade check OB 4.2.1.10-110000102024112010.el7", max_stage: 6 });
    expect([agent.maintenance_type, ob.maintenance_type]).toEqual([1, 1]);
    expect(trial.cluster.state.lock).toBe(1);
    trial.settle();
    expect(await stagesOf(trial, 1)).toEqual([...AGENT_PREFIX.slice(0, 4), LAST]);
    expect(await stagesOf(trial, 2)).toEqual([...PREFIX.slice(0, 5), LAST]);
    expect(trial.cluster.acceptedUpgrades).toEqual([]);
  });
});

const MISSING = { version: "4.5.0.1", release: "102026060101.el7" };
const AGENT = "/api/v1/agent/upgrade";
const dagCode = (code: string) => `Task.Dag.Operator.${code}`;

/** An agent upgrade that failed at stage 2 because its package is missing. */
async function failedAgentUpgrade(options: ConstructorParameters<typeof Trial>[0] = {}): Promise<Trial> {
  const trial = new Trial(options);
  await trial.data("POST", AGENT, MISSING);
  trial.settle();
  return trial;
}

/** An OB upgrade that failed at stage 16, with zone1 already at the target version. */
async function failedObUpgrade(): Promise<Trial> {
  const trial = new Trial();
  trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
  trial.cluster.control.fail({ stage: 16 });
  await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
  trial.settle();
  return trial;
}

describe("a DAG that failed before the agents restarted", () => {
  it("rolls back stage by stage, releases the lock and deletes the upgrade directory", async () => {
    const trial = new Trial();
    await trial.data("POST", AGENT, { ...MISSING, upgradeDir: "/data/shared" });
    trial.settle();
    expect((await trial.operate("ROLLBACK")).json).toMatchObject({ successful: true, status: 200 });
    const zero = "0001-01-01T00:00:00Z";
    expect(await trial.dag()).toMatchObject({ state: "READY", operator: "ROLLBACK", start_time: zero, end_time: zero });
    const nodes = (await trial.dag(1, 0, true)).nodes ?? [];
    expect(nodes.slice(0, 3).map((node) => `${node.state}/${node.operator}`)).toEqual([
      "PENDING/ROLLBACK",
      "PENDING/ROLLBACK",
      "PENDING/RUN",
    ]);
    const stages: number[] = [];
    while (trial.cluster.dags[0]?.state !== "SUCCEED") {
      trial.clock.advance(100);
      stages.push((await trial.dag()).stage);
    }
    expect([...new Set(stages)]).toEqual([2, 1]);
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "SUCCEED", operator: "ROLLBACK", stage: 1 });
    expect(dag.nodes?.[0]?.sub_tasks[0]?.task_logs?.slice(-2)).toEqual(["Rolling back...", "Remove /data/shared"]);
    expect(trial.cluster.directoriesRemoved.map((one) => `${one.agent} ${one.directory}`)).toEqual([
      "agent1 /data/shared",
      "agent2 /data/shared",
      "agent3 /data/shared",
    ]);
    expect(trial.cluster.state.lock).toBe(1);
    expect(await trial.data("GET", "/api/v1/task/dag/ob/unfinish")).toEqual({ contents: [] });
  });

  it("stays in the list of unfinished tasks and is the latest maintenance task", async () => {
    const trial = await failedAgentUpgrade();
    const { contents } = await trial.data<{ contents: { id: string; state: string }[] }>(
      "GET",
      "/api/v1/task/dag/ob/unfinish",
    );
    expect(contents).toMatchObject([{ id: "11", state: "FAILED", operator: "RUN" }]);
    expect(await trial.data("GET", "/api/v1/task/dag/maintain/ob")).toMatchObject({ id: "11", state: "FAILED" });
    expect(trial.cluster.state.lock).toBe(2);
  });

  it("can be retried: execute_times increases by two, and by one for a rollback", async () => {
    const trial = await failedAgentUpgrade();
    const times = async () => (await trial.dag(1, 0, true)).nodes?.[1]?.sub_tasks[0];
    expect((await times())?.execute_times).toBe(1);
    await trial.operate("retry");
    expect(await trial.dag()).toMatchObject({ state: "READY", operator: "RUN" });
    for (const [operator, code] of [
      ["RETRY", "RetryNotFailedDag"],
      ["ROLLBACK", "RollbackNotFailedDag"],
    ] as const) {
      const reply = await trial.operate(operator);
      expect([reply.status, reply.error?.errCode]).toEqual([400, dagCode(code)]);
    }
    expect(trial.settle()).toBeCloseTo(3000, -2);
    expect(await times()).toMatchObject({ execute_times: 3, operator: "RUN", state: "FAILED" });
    expect((await trial.dag(1, 0, true)).nodes?.[1]?.operator).toBe("RETRY");
    await trial.operate("ROLLBACK");
    trial.settle();
    expect((await times())?.execute_times).toBe(4);
  });

  it("succeeds on a retry after the package was added", async () => {
    const trial = await failedAgentUpgrade();
    trial.cluster.control.addAgentPackage(MISSING.version, MISSING.release);
    await trial.operate("RETRY");
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", operator: "RUN", stage: 9 });
    expect(trial.cluster.agents[0]?.version).toBe("4.5.0.1-102026060101");
  });

  const refused: [string, string, string][] = [
    ["FOO", "NotSupport", "Operator FOO is not supported"],
    ["PASS", "PassNotAllowed", "Failed to pass DAG: node Restart obshell cannot pass"],
    ["CANCEL", "CancelFinishedDag", "Failed to cancel DAG: DAG is finished"],
  ];

  it.each(refused)("refuses the operator %s", async (operator, code, message) => {
    const { status, error } = await (await failedAgentUpgrade()).operate(operator);
    expect([status, error]).toEqual([400, { errCode: dagCode(code), message }]);
  });

  it("continues after PASS of its node, until the next failure", async () => {
    const trial = await failedAgentUpgrade();
    const node = (await trial.dag(1, 0, true)).nodes?.[1];
    expect((await trial.call("POST", `/api/v1/task/node/${node?.id}`, { operator: "RETRY" })).error?.errCode).toBe(
      "Task.Node.Operator.NotSupport",
    );
    expect((await trial.call("POST", `/api/v1/task/node/${node?.id}`, { operator: "PASS" })).status).toBe(200);
    trial.settle();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "FAILED", stage: 3 });
    expect(dag.nodes?.[1]).toMatchObject({ state: "SUCCEED", operator: "PASS" });
    expect(dag.nodes?.[2]?.sub_tasks[0]?.task_logs?.at(-1)).toContain("data 4.5.0.1-102026060101 not set");
  });

  it("accepts no operator after it was rolled back", async () => {
    const trial = await failedAgentUpgrade();
    await trial.operate("ROLLBACK");
    trial.settle();
    const codes = [];
    for (const operator of ["ROLLBACK", "RETRY", "CANCEL", "PASS"])
      codes.push((await trial.operate(operator)).error?.errCode);
    expect(codes).toEqual(
      ["RollbackNotFailedDag", "RetryNotFailedDag", "CancelFinishedDag", "PassNotFailedDag"].map(dagCode),
    );
  });

  it("continues its rollback after a database outage", async () => {
    const trial = await failedAgentUpgrade();
    await trial.operate("ROLLBACK");
    trial.cluster.control.loseDatabase("gone", { ms: 600_000 });
    trial.clock.advance(599_000);
    expect(trial.cluster.dags[0]).toMatchObject({ state: "READY", operator: "ROLLBACK" });
    trial.clock.advance(10_000);
    expect(trial.cluster.dags[0]).toMatchObject({ state: "SUCCEED", operator: "ROLLBACK" });
  });
});

describe("a DAG that is canceled immediately", () => {
  it("fails, keeps the lock, and can be rolled back", async () => {
    const trial = new Trial();
    await trial.data("POST", AGENT, MISSING);
    expect((await trial.operate("CANCEL")).status).toBe(200);
    expect(await trial.dag()).toMatchObject({ state: "READY", operator: "CANCEL" });
    trial.settle();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "FAILED", operator: "CANCEL", stage: 1 });
    expect(dag.nodes?.[0]).toMatchObject({ state: "FAILED", operator: "CANCEL" });
    expect(dag.nodes?.[0]?.sub_tasks[0]?.state).toBe("PENDING");
    expect(trial.cluster.state.lock).toBe(2);
    await trial.operate("ROLLBACK");
    expect(trial.settle()).toBeLessThan(2000);
    expect(trial.cluster.dags[0]).toMatchObject({ state: "SUCCEED", operator: "ROLLBACK" });
    expect(trial.cluster.state.lock).toBe(1);
  });
});

describe("an OB upgrade that failed in one of its zones", () => {
  it("shows the output of the script, including the password, and cannot be rolled back", async () => {
    const trial = await failedObUpgrade();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "FAILED", stage: 16 });
    const line = dag.nodes?.[15]?.sub_tasks[0]?.task_logs?.at(-1) ?? "";
    expect(line).toContain(
      "ERROR: [Common.Unexpected]: Unexpected error: execute script 'etc/upgrade_health_checker.py' error",
    );
    expect(line).toContain("-p'p@ss\"w0rd'");
    const replies = [];
    for (const operator of ["ROLLBACK", "PASS", "CANCEL"]) replies.push((await trial.operate(operator)).error);
    expect(replies).toEqual([
      {
        errCode: dagCode("RollbackNotAllowed"),
        message: "Failed to set DAG rollback: node Restart obshell cannot rollback",
      },
      {
        errCode: dagCode("PassNotAllowed"),
        message: "Failed to pass DAG: node Execute upgrade zone health checker script cannot pass",
      },
      { errCode: dagCode("CancelFinishedDag"), message: "Failed to cancel DAG: DAG is finished" },
    ]);
    const node = await trial.call("POST", `/api/v1/task/node/${dag.nodes?.[15]?.id}`, { operator: "PASS" });
    expect(node.error?.errCode).toBe("Task.Node.Operator.PassNotAllowed");
    expect(trial.cluster.agents.map((agent) => agent.observer.build === OB_BUILD)).toEqual([true, false, false]);
  });

  it("continues when it is retried, and keeps the earlier ERROR line", async () => {
    const trial = await failedObUpgrade();
    expect((await trial.operate("RETRY")).status).toBe(200);
    trial.settle();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "SUCCEED", operator: "RUN", stage: 30 });
    expect(dag.nodes?.[15]).toMatchObject({ operator: "RETRY", state: "SUCCEED" });
    const task = dag.nodes?.[15]?.sub_tasks[0];
    expect(task?.execute_times).toBe(3);
    expect(task?.task_logs?.some((line) => line.startsWith("ERROR: "))).toBe(true);
  });

  it("cannot be canceled after it has run a script", async () => {
    const trial = new Trial();
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    while ((trial.cluster.dags[0]?.stage ?? 0) < 13) trial.clock.advance(100);
    const { error } = await trial.operate("CANCEL");
    expect(error?.message).toBe("Failed to cancel DAG: node Execute upgrade checker script cannot cancel");
  });
});

describe("a failed check DAG", () => {
  it("holds no lock and accepts PASS", async () => {
    const trial = new Trial();
    await trial.data("POST", `${AGENT}/check`, MISSING);
    trial.settle();
    expect(trial.cluster.dags[0]).toMatchObject({ state: "FAILED", stage: 2, finished: true });
    expect(trial.cluster.state.lock).toBe(1);
    expect((await trial.operate("PASS")).status).toBe(200);
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", operator: "PASS", stage: 2 });
  });
});

describe("another maintenance task", () => {
  it("is named when an upgrade is refused", async () => {
    const trial = new Trial();
    trial.cluster.control.startMaintenance("Start OB", { type: "TENANT", ms: 5000 });
    const { error } = await trial.call("POST", AGENT, MISSING);
    expect(error?.message).toContain("is under maintenance by DAG: Start OB, please try again later");
    trial.clock.advance(7000);
    expect((await trial.call("POST", AGENT, MISSING)).status).toBe(200);
  });
});

/** Runs an upgrade on a host with conditions that only the task detects (obshell `CheckDiskFreeSpace`, `checkPythonEnvironmentInternal`). */
async function upgradeUnder(conditions: NonNullable<ConstructorParameters<typeof Trial>[0]>["conditions"]) {
  const trial = new Trial({ ...(conditions && { conditions }) });
  trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
  await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
  trial.settle();
  const dag = await trial.dag(1, 0, true);
  const node = dag.nodes?.[dag.stage - 1];
  return { state: dag.state, stage: node?.name, logs: node?.sub_tasks?.[0]?.task_logs ?? [] };
}

/** Size and payload of the two packages. */
const NEEDED = 2 * (46560624 + 12290285);

describe("a host with a missing prerequisite", () => {
  it("fails the download if the disk is too small, and reports the required size", async () => {
    const { state, stage, logs } = await upgradeUnder({ diskFree: NEEDED - 1 });
    expect([state, stage]).toEqual(["FAILED", "Download all required packages"]);
    expect(logs.slice(-3)).toEqual([
      `The required disk size is ${NEEDED}`,
      `The remaining disk size is ${NEEDED - 1}`,
      `ERROR: [Environment.DiskSpaceNotEnough]: The remaining disk space is insufficient, the remaining disk space is ${NEEDED - 1}, and the required disk space is ${NEEDED}`,
    ]);
  });

  it("fails the first stage without Python, on servers without a pre-flight check", async () => {
    const { stage, logs } = await upgradeUnder({ pythonMissing: true });
    expect(stage).toBe("Check the python environment");
    expect(logs).toEqual([
      "Checking if python is installed.",
      "ERROR: [Environment.WithoutPython]: Please check if Python is installed",
    ]);
  });

  it("fails the first stage without the Python module", async () => {
    const { logs } = await upgradeUnder({ pythonModuleMissing: true });
    expect(logs.at(-1)).toBe(
      "ERROR: [Environment.WithoutModule]: Please check if Python module 'mysql.connector' is installed",
    );
  });

  it("is upgraded if the disk is just large enough", async () => {
    expect(await upgradeUnder({ diskFree: NEEDED })).toMatchObject({ state: "SUCCEED" });
  });
});

interface Info {
  readonly agent_info: readonly unknown[];
  readonly obcluster_info: {
    readonly topology: Readonly<Record<string, readonly { agent_port: number; status: string }[]>>;
  };
}

async function topologyOf(trial: Trial) {
  const { agent_info: agents, obcluster_info: info } = await trial.data<Info>("GET", "/api/v1/ob/info");
  return { agents: agents.length, servers: Object.values(info.topology).flat() };
}

describe("a server whose agent is not registered in the cluster", () => {
  it("has port 0 in the topology and is not upgraded: the upgrade is accepted and fails", async () => {
    const trial = new Trial();
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
    trial.cluster.control.unregisterAgent(2);
    const { agents, servers } = await topologyOf(trial);
    expect([agents, ...servers.map(({ agent_port: port }) => port)]).toEqual([2, 2886, 2886, 0]);
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "FAILED", stage: 28 });
    expect(trial.cluster.state.lock).toBe(2);
  });

  it("does not prevent an agent upgrade", async () => {
    const trial = new Trial();
    trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    trial.cluster.control.unregisterAgent(2);
    await trial.data("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED" });
  });
});

describe("a stopped server", () => {
  it("is STOPPED in the topology, and the upgrade fails waiting for it, with the cluster locked", async () => {
    const trial = new Trial();
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
    trial.cluster.control.stopServer(1);
    expect((await topologyOf(trial)).servers.map(({ status }) => status)).toEqual(["ACTIVE", "STOPPED", "ACTIVE"]);
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "FAILED", stage: 15 });
    trial.cluster.control.startServer(1);
    await trial.operate("RETRY");
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED" });
  });

  it("fails a stop-service upgrade as well, because a restart does not start it", async () => {
    const trial = new Trial();
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
    trial.cluster.control.stopServer(1);
    await trial.data("POST", "/api/v1/ob/upgrade", STOP_SERVICE);
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "FAILED", stage: 14 });
  });
});

describe("an agent that is down", () => {
  it.each([
    ["4.2.5.0-112024112611", 200],
    ["4.3.0.0-102025043011", 500],
  ])("prevents an agent upgrade from 4.3.0.0 on (%s: %i)", async (agentVersion, status) => {
    const trial = new Trial({ agentVersion });
    trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    trial.cluster.control.stopAgent(2);
    expect((await trial.call("POST", "/api/v1/agent/upgrade", AGENT_TARGET)).status).toBe(status);
  });
});

describe("the log lines of a task", () => {
  const DIRECTORY = (trial: Trial) =>
    `/home/admin/oceanbase/upgrade/rpm-${trial.cluster.dags[0]?.createdAt}/x86_64/4.2.1.10`;
  const logsOf = async (trial: Trial) => {
    trial.settle();
    const { nodes } = await trial.dag(1, 0, true);
    return (name: string) => nodes?.find((node) => node.name === name)?.sub_tasks.at(-1)?.task_logs;
  };

  it("list the packages and checks of a database upgrade", async () => {
    const trial = new Trial({ agentVersion: "4.5.0.1-102026060101" });
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release, { bundles: "4.5.0.2-102026070101" });
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    const linesOf = await logsOf(trial);
    const directory = DIRECTORY(trial);
    const [main, libs] = [`${directory}/oceanbase-ce.rpm`, `${directory}/oceanbase-ce-libs.rpm`];
    const checked = (key: string, name: string) => [
      `Check the package for version ${key}`,
      `  package name is ${name}`,
      `  package build version is ${OB_BUILD}`,
      `  package path is ${directory}/${name}.rpm`,
      `  package extract path is ${directory}/home`,
      `  package home path is ${directory}/home/admin/oceanbase`,
      "The package check is complete.",
    ];
    expect(linesOf("Check the python environment")?.at(-1)).toBe("check env success");
    expect(linesOf("Download all required packages")?.slice(-2)).toEqual([
      `Downloaded pkg 'oceanbase-ce' to '${main}'`,
      `Downloaded pkg 'oceanbase-ce-libs' to '${libs}'`,
    ]);
    expect(linesOf("Check all required packages")).toEqual([
      ...checked(`libs-${OB_BUILD}`, "oceanbase-ce-libs"),
      ...checked(OB_BUILD, "oceanbase-ce"),
      "All packages are checked successfully.",
    ]);
    expect(linesOf("Unpack all required packages")).toEqual([
      "Unpack and check all packages",
      `Unpack '${libs}'`,
      `Successfully installed ${libs}`,
      `Unpack '${main}'`,
      `Successfully installed ${main}`,
      "Check if the observer binary is available.",
      `The test command is export LD_LIBRARY_PATH='${directory}/home/admin/oceanbase/lib'; '${directory}/home/admin/oceanbase/bin/observer' -V`,
      "Successfully checked.",
      "target obshell version is 4.5.0.2-102026070101",
      "install all required pkgs success",
    ]);
    expect(linesOf("Restart obshell")?.slice(2)).toEqual([
      "Updating version.",
      "Syncing agent public key to oceanbase.",
      "restart agent task continue",
      "current obshell version is 4.5.0.2-102026070101",
      "target obshell version is 4.5.0.2-102026070101",
      "Connecting to the database.",
    ]);
    expect(linesOf("Reinstall and restart observer")).toEqual(
      expect.arrayContaining([
        `copy new ob from '${directory}/home/admin/oceanbase' to '/home/admin/oceanbase'`,
        "start cmd: export LD_LIBRARY_PATH='/home/admin/oceanbase/lib'; /home/admin/oceanbase/bin/observer   ",
      ]),
    );
    const restored = linesOf("Restore parameters") ?? [];
    expect(restored.filter((line) => line === "restore param: enable_rebalance")).toHaveLength(3);
  });

  it.each([
    ["4.4.1.1-102026031100", "4.4.2.0", 1],
    ["4.3.3.0-102025103117", "4.4.1.1", 0],
  ])("of an agent upgrade from %s to %s contain the previous version", async (agentVersion, version, keys) => {
    const trial = new Trial({ agentVersion });
    trial.cluster.control.addAgentPackage(version, "1.el7");
    await trial.data("POST", "/api/v1/agent/upgrade", { version, release: "1.el7" });
    const linesOf = await logsOf(trial);
    const restarted = linesOf("Restart obshell") ?? [];
    expect(restarted).toContain(`previous version is ${agentVersion}`);
    expect(restarted.filter((line) => line === "Syncing agent public key to oceanbase.")).toHaveLength(keys);
    expect(restarted.slice(-2)).toEqual([
      `current obshell version is ${version}-1`,
      "upgrade from version which not set target version, check previous version.",
    ]);
  });
});
