import { describe, expect, it } from "vitest";
import { Panic } from "./errors";
import { findRoute, type UpgradeNode } from "./route";
import type { Conditions } from "./state";
import { AGENT_TARGET, OB_TARGET, ROLLING, Trial } from "./trial";

const HEAD = "4.5.0.0-102026050817";
const OB = "/api/v1/ob/upgrade";
const AGENT = "/api/v1/agent/upgrade";
const MAIN = "oceanbase-ce-4.2.1.10-110000102024112010.el7.x86_64.rpm";

function newTrial(options: ConstructorParameters<typeof Trial>[0] = {}): Trial {
  const trial = new Trial({ agentVersion: HEAD, ...options });
  trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
  return trial;
}

async function refusal(trial: Trial, path: string, body: object): Promise<unknown> {
  const { status, json, error } = await trial.call("POST", path, body);
  expect(json.data).toBeNull();
  expect(trial.cluster.dags).toEqual([]);
  return [status, error?.errCode, error?.message];
}

describe("POST ob/upgrade refuses", () => {
  const lower =
    "Target version 4.2.1.0-1 is not greater than current version 4.2.1.1-101000062023110109. Please verify if the parameters have been filled out correctly";
  const equal =
    "Target version 4.2.1.1-101000062023110109 is not greater than current version 4.2.1.1-101000062023110109. Please verify if the parameters have been filled out correctly";
  const bodies: [object, number, string, string][] = [
    [{ mode: "fast", version: "1" }, 400, "OB.Upgrade.Mode.NotSupported", "Upgrade mode 'FAST' is not supported"],
    [{ version: "4.2.1.0", release: "1.el7" }, 400, "OB.Upgrade.ToLowerVersion", lower],
    [{ version: "4.2.1.1", release: "101000062023110109.el7" }, 400, "OB.Upgrade.ToLowerVersion", equal],
    [{ release: "1" }, 400, "Package.ReleaseFormat.Invalid", "Release format 1 is illegal"],
    [
      { version: "4.1.0.0", release: "1.el7" },
      400,
      "Agent.OBVersionNotSupported",
      "Unsupported OB version '4.1.0.0-1', the minimum supported version is '4.2.0.0'",
    ],
    [{ release: "9.el7" }, 500, "Common.Unexpected", "oceanbase-ce-4.2.1.10-9.el7.x86_64.rpm: record not found"],
    [{ upgradeDir: "tmp/x" }, 400, "Common.InvalidPath", "Path 'tmp/x' is not valid: should start with '/'"],
    [
      { upgradeDir: "/a b" },
      400,
      "Common.InvalidPath",
      "Path '/a b' is not valid: should match pattern ^[a-zA-Z0-9一-龥\\-_:@/\\.]*$",
    ],
    [
      { upgradeDir: "/a/../../b" },
      400,
      "Common.InvalidPath",
      "Path '/a/../../b' is not valid: should not lead to directory traversal issues when joined with a generated parent path",
    ],
  ];

  it("no directory that remains below its parent when joined: /a/../b", async () => {
    const reply = await newTrial().call("POST", OB, { ...ROLLING, upgradeDir: "/a/../b" });
    expect(reply.status).toBe(200);
  });

  it.each(bodies)("the body %j", async (body, status, errCode, message) => {
    expect(await refusal(newTrial(), OB, { ...ROLLING, ...body })).toEqual([status, errCode, message]);
  });

  const conditions: [Partial<Conditions>, number, string, string][] = [
    [{ pythonMissing: true }, 500, "Environment.WithoutPython", "Please check if Python is installed"],
    [
      { pythonModuleMissing: true },
      500,
      "Environment.WithoutModule",
      "Please check if Python module 'mysql.connector' is installed",
    ],
    [
      { unrefreshedTenants: ["t1"] },
      400,
      "OB.Upgrade.TenantsSchemaNotRefreshed",
      "There are tenants with unfreshed schema: t1",
    ],
    [{ mergingTablets: 2 }, 400, "OB.Upgrade.TabletInMerging", "There are 2 tablets merging"],
    [{ compactingTenants: 1 }, 400, "OB.Upgrade.TenantInMajorCompaction", "There are %!s(int=1) tenants merging"],
    [
      { minObserverVersionSplit: true },
      400,
      "OB.Upgrade.MinObserverVersionNotSync",
      "min_observer_version is not sync",
    ],
    [{ compatibleSplit: true }, 400, "OB.Upgrade.TenantCompatibleNotSync", "Tenant compatible is not sync"],
    [
      { runningBackups: 1 },
      400,
      "OB.Upgrade.HasRunningBackupTask",
      "There are 1 running backup tasks, upgrade is not allowed temporarily",
    ],
  ];

  it.each(conditions)("the condition %j", async (condition, status, errCode, message) => {
    const trial = newTrial({ conditions: condition });
    expect(await refusal(trial, OB, ROLLING)).toEqual([status, errCode, message]);
    // Servers before 4.4.0.0 do not check this.
    const older = newTrial({ conditions: condition, agentVersion: "4.3.3.0-1" });
    expect((await older.call("POST", OB, ROLLING)).status).toBe(200);
  });

  it("a rolling upgrade of fewer than three zones", async () => {
    const [status, errCode] = (await refusal(newTrial({ zones: 2 }), OB, ROLLING)) as [number, string];
    expect([status, errCode]).toEqual([400, "OB.Upgrade.UnableToRollingUpgrade"]);
    const shared = newTrial({ zones: 2, conditions: { sharedStorage: true } });
    expect((await shared.call("POST", OB, ROLLING)).status).toBe(200);
  });

  it("missing packages: the main package by name, the others in a list", async () => {
    const none = new Trial({ agentVersion: HEAD });
    expect(await refusal(none, OB, ROLLING)).toEqual([500, "Common.Unexpected", `${MAIN}: record not found`]);
    none.cluster.control.addPackage({ name: "oceanbase-ce", ...OB_TARGET });
    const libs = "These packages are missing: '[oceanbase-ce-libs-4.2.1.10-110000102024112010.el7.x86_64.rpm]'";
    expect(await refusal(none, OB, ROLLING)).toEqual([400, "OB.Package.NotExist", libs]);
  });

  it("packages that are missing for one architecture", async () => {
    const trial = new Trial({ agentVersion: HEAD, architecture: ["x86_64", "aarch64", "x86_64"] });
    trial.cluster.control.addPackage({ name: "oceanbase-ce", ...OB_TARGET });
    trial.cluster.control.addPackage({ name: "oceanbase-ce-libs", ...OB_TARGET });
    const [, , message] = (await refusal(trial, OB, ROLLING)) as [number, string, string];
    expect(message).toContain("oceanbase-ce-4.2.1.10-110000102024112010.el7.aarch64.rpm oceanbase-ce-libs-");
  });

  it("agents and observers that are down", async () => {
    const trial = newTrial();
    trial.cluster.control.loseDatabase("gone", { agents: [1] });
    expect(await refusal(trial, OB, ROLLING)).toEqual([
      500,
      "OB.Server.Unavailable",
      "Observer '10.77.0.3:2882' is not available",
    ]);
    trial.cluster.control.stopAgent(2);
    expect(await refusal(trial, OB, ROLLING)).toEqual([
      500,
      "Agent.Unavailable",
      "Agent 10.77.0.4:2886 is not available",
    ]);
  });

  it("a target that one zone has already reached, before it checks the lock", async () => {
    const trial = newTrial();
    await trial.call("POST", OB, ROLLING);
    trial.cluster.control.fail({ stage: 16 });
    trial.settle();
    const reply = await trial.call("POST", OB, ROLLING);
    expect([reply.status, reply.error?.errCode]).toEqual([400, "OB.Upgrade.ToLowerVersion"]);
    const other = await trial.call("POST", OB, ROLLING, 1);
    expect(other.error?.errCode).toBe("OB.Cluster.UnderMaintenanceWithDag");
  });
});

describe("POST agent/upgrade refuses", () => {
  it("equal and lower versions, also for a check", async () => {
    for (const path of [AGENT, `${AGENT}/check`]) {
      expect(await refusal(new Trial({ agentVersion: HEAD }), path, AGENT_TARGET)).toEqual([
        400,
        "Agent.Upgrade.ToLowerVersion",
        "Target version 4.5.0.0-102026050817 is not greater than current version 4.5.0.0-102026050817. Please verify if the parameters have been filled out correctly",
      ]);
    }
  });

  it("a missing package, depending on the switch", async () => {
    const target = { version: "4.5.0.1", release: "102026060101.el7" };
    const [, errCode] = (await refusal(new Trial({ switches: { missingAgentPackage: "refused" } }), AGENT, target)) as [
      number,
      string,
    ];
    expect(errCode).toBe("Agent.Package.NotFound");
  });

  it("every request to an agent without a cluster", async () => {
    const trial = new Trial({ agentVersion: HEAD, identity: "SINGLE" });
    expect(await refusal(trial, AGENT, AGENT_TARGET)).toEqual([
      400,
      "Agent.Identify.NotSupportOperation",
      "'10.77.0.2:2886' is 'SINGLE', instead of 'CLUSTER AGENT', does not support this operation",
    ]);
    expect(await refusal(trial, OB, ROLLING)).toEqual([
      500,
      "Agent.OceanBase.NotHold",
      "Agent is not holding OceanBase",
    ]);
  });
});

describe("servers that return no errCode", () => {
  const OLD = "4.2.5.0-112024112600";
  const target = { version: "4.5.0.1", release: "102026060101.el7" };
  const rows: [string, string, object, number, object][] = [
    [
      "missing field",
      AGENT,
      { version: "4.5.0.1" },
      400,
      {
        code: 1001,
        message:
          "Illegal argument: Key: 'UpgradeCheckParam.Release' Error:Field validation for 'Release' failed on the 'required' tag",
      },
    ],
    [
      "lower agent version",
      AGENT,
      { version: "4.2.0.1", release: "1.el7" },
      400,
      {
        code: 1001,
        message: `Illegal argument: target version 4.2.0.1-1 is not greater than current version ${OLD}. Please verify if the params have been filled out correctly`,
      },
    ],
    [
      "no dot",
      AGENT,
      { ...target, release: "1" },
      400,
      { code: 1001, message: "Illegal argument: release format 1 is illegal" },
    ],
    [
      "missing agent package",
      AGENT,
      target,
      400,
      { code: 1001, message: "Illegal argument: [obshell-4.5.0.1-102026060101.el7.x86_64.rpm: record not found]" },
    ],
    [
      "upgradeDir",
      AGENT,
      { ...target, upgradeDir: "x" },
      400,
      { code: 1001, message: "Illegal argument: path 'x' should start with '/'" },
    ],
    [
      "mode",
      OB,
      { ...ROLLING, mode: "FAST" },
      500,
      { code: 1010, message: "Known error: upgrade mode 'FAST' is not supported" },
    ],
    ["missing OB package", OB, ROLLING, 500, { code: 1002, message: `Unexpected error: ${MAIN}: record not found` }],
  ];

  it.each(rows)("return a numeric code: %s", async (_, path, body, status, error) => {
    const reply = await new Trial({ agentVersion: OLD }).call("POST", path, body);
    expect([reply.status, reply.error]).toEqual([status, error]);
  });

  it("return numeric codes for too few zones, unknown paths and unknown DAGs", async () => {
    const trial = new Trial({ agentVersion: OLD, zones: 1 });
    expect((await trial.call("POST", OB, ROLLING)).error).toEqual({
      code: 1010,
      message: "Known error: not support rolling upgrade when zone num is lower than 3",
    });
    for (const path of ["/api/v1/nothing", "/api/v1/upgrade/package/info"]) {
      const reply = await trial.call("GET", path);
      expect([reply.status, reply.error]).toEqual([400, { code: 1000, message: "Bad request: 404 not found" }]);
    }
    expect((await trial.call("GET", "/api/v1/task/dag/11")).error).toEqual({
      code: 2300,
      message: "Task not found: record not found",
    });
    expect((await trial.call("GET", "/api/v1/task/dag/maintain/ob")).error).toEqual({
      code: 2300,
      message: "Task not found: Cluster is not under maintenance",
    });
  });

  it("refuse a locked cluster with their own message", async () => {
    const trial = new Trial({ agentVersion: OLD });
    trial.cluster.control.addAgentPackage(target.version, target.release);
    trial.cluster.control.startMaintenance("Start OB");
    const reply = await trial.call("POST", AGENT, target);
    expect([reply.status, reply.error]).toEqual([
      500,
      { code: 1002, message: "Unexpected error: failed to start maintenance: agent status is not 1" },
    ]);
  });

  it("omit the maintenance fields until they have been upgraded", async () => {
    const trial = new Trial({ agentVersion: OLD });
    trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    expect(await trial.data("POST", AGENT, AGENT_TARGET)).not.toHaveProperty("maintenance_type");
    trial.settle();
    expect(await trial.dag()).toMatchObject({ maintenance_type: 2, maintenance_key: "" });
  });
});

describe("the upgrade path of an OB upgrade", () => {
  const BARRIER = [
    { version: "4.2.1.1", canBeUpgradedTo: ["4.2.1.5"] },
    { version: "4.2.1.5-100", canBeUpgradedTo: ["4.2.1.10"], requireFromBinary: true },
    { version: "4.2.1.5", canBeUpgradedTo: ["4.2.1.10"], requireFromBinary: true },
    { version: "4.2.1.10" },
  ];

  it("leads through a barrier and requires the packages of the barrier", async () => {
    const trial = new Trial({ agentVersion: HEAD });
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release, { upgradeDep: BARRIER });
    const names = ["oceanbase-ce", "oceanbase-ce-libs"]
      .map((name) => `${name}-4.2.1.5-\${release}.el7.x86_64.rpm`)
      .join(" ");
    expect(await refusal(trial, OB, ROLLING)).toEqual([
      400,
      "OB.Package.NotExist",
      `These packages are missing: '[${names}]'`,
    ]);
    trial.cluster.control.addObPackages("4.2.1.5", "100.el7");
    expect(await trial.data("POST", OB, ROLLING)).toMatchObject({ max_stage: 50 });
    trial.settle();
    expect(trial.cluster.agents[0]?.observer.build).toBe("4.2.1.10-110000102024112010");
  });

  it("does not exist from an unknown version, or without the list of upgrade paths", async () => {
    const trial = new Trial({ agentVersion: HEAD, buildVersion: "4.2.0.0-1" });
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release, { upgradeDep: BARRIER });
    expect(await refusal(trial, OB, ROLLING)).toEqual([
      400,
      "OB.Upgrade.Path.NotExist",
      "Cannot find the upgrade path from the current version 4.2.0.0 to the target version 4.2.1.10, please check the upgrade dependency YAML file",
    ]);
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release, { upgradeDep: null });
    const [, errCode] = (await refusal(trial, OB, ROLLING)) as [number, string];
    expect(errCode).toBe("OB.Upgrade.DepYamlMissing");
  });

  it("must not end at a deprecated version", async () => {
    const upgradeDep = [
      { version: "4.2.1.1", canBeUpgradedTo: ["4.2.1.10"] },
      { version: "4.2.1.10", deprecated: true },
    ];
    const trial = new Trial({ agentVersion: HEAD });
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release, { upgradeDep });
    const [, errCode] = (await refusal(trial, OB, ROLLING)) as [number, string];
    expect(errCode).toBe("OB.Upgrade.ToDeprecatedVersion");
  });
});

/** The structure and versions of the list in OceanBase 4.2. */
const LIST: readonly UpgradeNode[] = [
  { version: "4.2.0.0-100000152023080109", canBeUpgradedTo: ["4.2.0.0"], deprecated: true },
  { version: "4.2.0.0", canBeUpgradedTo: ["4.2.1.0"] },
  { version: "4.2.1.0", canBeUpgradedTo: ["4.2.1.1"] },
  { version: "4.2.1.1", canBeUpgradedTo: ["4.2.1.2"] },
  {
    version: "4.2.1.2",
    canBeUpgradedTo: ["4.3.0.0"],
    requireFromBinary: { value: true, whenComeFrom: ["4.1.0.0", "4.2.0.0"] },
  },
];

const versions = (from: string, to: string, nodes = LIST, once = true) =>
  findRoute(from, to, nodes, () => once).map(({ version }) => version);

describe("the upgrade path that obshell chooses", () => {
  it("evaluates when_come_from against the last barrier, not against the previous version", () => {
    expect(versions("4.2.0.0-1", "4.3.0.0-9")).toEqual(["4.2.1.2", "4.3.0.0"]);
    expect(versions("4.2.1.0-1", "4.3.0.0-9")).toEqual(["4.3.0.0"]);
  });

  it("starts from the entry without a release, before any entry of another build", () => {
    expect(versions("4.2.0.0-1", "4.2.1.0-5")).toEqual(["4.2.1.0"]);
    expect(versions("4.2.0.0-100000152023080109", "4.2.1.0-5")).toEqual(["4.2.1.0"]);
  });

  it("causes a panic if there is none", () => {
    expect(() => versions("4.2.1.2-1", "4.4.0.0-1")).toThrow(Panic);
  });

  it("prefers the version that is listed last, even if that path is longer", () => {
    const fork = [
      { version: "4.2.1.0", canBeUpgradedTo: ["4.2.2.0", "4.2.3.0"] },
      { version: "4.2.2.0", canBeUpgradedTo: ["4.3.0.0"] },
      { version: "4.2.3.0", canBeUpgradedTo: ["4.2.4.0"], requireFromBinary: true },
      { version: "4.2.4.0", canBeUpgradedTo: ["4.3.0.0"], requireFromBinary: true },
      { version: "4.3.0.0" },
    ];
    expect(versions("4.2.1.0-1", "4.3.0.0-1", fork)).toEqual(["4.2.3.0", "4.2.4.0", "4.3.0.0"]);
  });

  it("repeats a start version that is a barrier, before 4.4.1.0", () => {
    const barrier = [
      { version: "4.2.1.2", canBeUpgradedTo: ["4.3.0.0"], requireFromBinary: true },
      { version: "4.3.0.0" },
    ];
    expect(versions("4.2.1.2-1", "4.3.0.0-1", barrier, false)).toEqual(["4.2.1.2", "4.3.0.0"]);
    expect(versions("4.2.1.2-1", "4.3.0.0-1", barrier)).toEqual(["4.3.0.0"]);
  });

  it("finds no package for an intermediate version that has deprecated builds", () => {
    const nodes = [
      { version: "4.2.0.0", canBeUpgradedTo: ["4.2.1.2"] },
      { version: "4.2.1.2-100", deprecated: true },
      { version: "4.2.1.2", canBeUpgradedTo: ["4.3.0.0"], requireFromBinary: true },
      { version: "4.3.0.0" },
    ];
    expect(findRoute("4.2.0.0-1", "4.3.0.0-1", nodes, () => true)[0]).toMatchObject({ build: "", unfindable: true });
  });

  it("is refused for a list that contains a version twice", () => {
    expect(() => versions("4.2.0.0-1", "4.3.0.0-9", [...LIST, { version: "4.2.1.0" }])).toThrow(/Unexpected/);
  });
});
