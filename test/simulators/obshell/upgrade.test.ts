import { describe, expect, it } from "vitest";
import {
  AGENT_TARGET,
  AGENT_VERSION,
  builds,
  type DagView,
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
  it("answers the DAG as it was created, nothing with a time yet", async () => {
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

  it("runs sub-tasks on every agent, on the zone's agents, or on one", async () => {
    const trial = newTrial({ agentsPerZone: 2 });
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    trial.settle();
    const nodes = (await trial.dag(1, 0, true)).nodes ?? [];
    const counts = nodes.map((node) => node.sub_tasks.length);
    expect(counts.slice(0, 9)).toEqual(Array(9).fill(6));
    expect([counts[9], counts[14], counts[29]]).toEqual([1, 2, 6]);
  });

  it("flips servers one by one", async () => {
    const trial = newTrial();
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    const seen = new Set<string>();
    while (trial.cluster.dags[0]?.state !== "SUCCEED") {
      trial.clock.advance(500);
      seen.add(trial.cluster.agents.map((agent) => (agent.observer.build.startsWith("4.2.1.10") ? 1 : 0)).join(""));
    }
    expect([...seen]).toEqual(["000", "100", "110", "111"]);
  });

  it("stops the service in 18 stages, and nobody can read the DAG while observers restart", async () => {
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

  it("is relayed by others while one zone's observer is down", async () => {
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

  it("adds a freeze per zone when asked to, on servers that know it", async () => {
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
  it("has nine stages, takes about 25 seconds and changes nothing but the agents", async () => {
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

  it("closes every port at once for about five seconds and brings a longer key", async () => {
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

  it("refuses connections while it restarts and panics on writes in the first second after", async () => {
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

  it("fails its second stage when the package is missing, and keeps the lock", async () => {
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
