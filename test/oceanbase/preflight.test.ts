import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { makeRpm } from "../support/rpm-package";
import { AGENT_URN, AGENTS, rig, UPGRADE } from "./rig";
import { fileOf } from "./upload-rig";

type World = ReturnType<typeof rig>;

/** A version that checks every agent and observer itself before it accepts, and one that checks none. */
const RECENT = "4.4.2.0-102026041610";
const OLD = "4.2.5.0-112024111111";
const STATUS = "/api/v1/agents/status";

const types = {
  "oceanbase:ClusterVersion": (world: World) => world.inputs(),
  "oceanbase:AgentVersion": (world: World) => {
    world.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    return { ...world.inputs(AGENTS), __urn: AGENT_URN };
  },
};
type Type = keyof typeof types;
const both = Object.keys(types) as Type[];

const conditions: [string, (world: World) => void, RegExp, readonly Type[]][] = [
  [
    "a server without an agent",
    ({ cluster }) => cluster.control.unregisterAgent(2),
    /A server of the cluster has no obshell agent: 10\.77\.0\.4:2882\. .* Start obshell on their hosts/,
    ["oceanbase:ClusterVersion"],
  ],
  [
    "an agent that is not running",
    ({ cluster }) => cluster.control.stopAgent(2),
    /An agent is not running: 10\.77\.0\.4:2886\. Run `obshell agent start`/,
    both,
  ],
  [
    "an observer that is gone",
    ({ cluster }) => cluster.control.loseDatabase("gone", { agents: [1] }),
    /The observer of the agent 10\.77\.0\.3:2886 is not available\. Start these observers/,
    both,
  ],
  [
    "a server out of service",
    ({ cluster }) => cluster.control.stopServer(1),
    /A server is not in service: 10\.77\.0\.3:2882 \(STOPPED\)\. Start these servers \(stopped ones with ALTER SYSTEM START SERVER\)/,
    ["oceanbase:ClusterVersion"],
  ],
];
const cases = conditions.flatMap(([what, prepare, text, which]) =>
  which.flatMap((type) => [RECENT, OLD].map((agentVersion) => ({ what, prepare, text, type, agentVersion }))),
);

describe("an upgrade that obshell would accept but not finish", () => {
  it.each(cases)("is not requested, and the cause is named: $type, agents of $agentVersion, $what", async (one) => {
    const world = rig({ agentVersion: one.agentVersion });
    const inputs = types[one.type](world);
    one.prepare(world);
    expect((await world.lifecycle.check({}, inputs)).failures).toEqual([]);
    expect(world.lines.find(({ severity }) => severity === "WARNING")?.message).toMatch(one.text);
    await expect(world.lifecycle.create(inputs)).rejects.toThrow(one.text);
    await expect(world.lifecycle.create(inputs)).rejects.toThrow(/\[blocked\]/);
    expect(world.cluster.writes()).toEqual([]);
  });

  it.each([
    ["INACTIVE", (status: unknown) => ({ status, agent_port: 2886 })],
    ["DELETING", (status: unknown) => ({ status, agent_port: 2886 })],
  ])("is detected from the list of servers alone if the agents find nothing (%s)", async (status, change) => {
    const world = rig({ agentVersion: RECENT });
    const server = { svr_ip: "10.77.0.4", svr_port: 2882, build_version: "4.2.1.8_108000022024072217" };
    const agent_info = [2, 3, 4].map((n) => ({ ip: `10.77.0.${n}`, port: 2886, zone: `zone${n}`, version: RECENT }));
    const active = [2, 3].map((n) => ({ ...server, svr_ip: `10.77.0.${n}`, status: "ACTIVE", agent_port: 2886 }));
    const topology = { zone1: [active[0]], zone2: [active[1]], zone3: [{ ...server, ...change(status) }] };
    const data = { agent_info, obcluster_info: { id: 1, name: "obcluster", topology } };
    const body = JSON.stringify({ successful: true, status: 200, data });
    world.cluster.faults.add({
      match: { path: "/api/v1/ob/info" },
      times: 99,
      fault: { kind: "replace", status: 200, body },
    });
    await expect(world.lifecycle.create(world.inputs())).rejects.toThrow(
      `A server is not in service: 10.77.0.4:2882 (${status}).`,
    );
    expect(world.writes()).toBe(0);
  });

  it("is detected from a stopped zone", async () => {
    const world = rig({ agentVersion: RECENT });
    world.cluster.control.stopZone("zone2");
    await expect(world.lifecycle.create(world.inputs())).rejects.toThrow(
      /A zone is not in service: zone2\. Start these zones with ALTER SYSTEM START ZONE/,
    );
    expect(world.writes()).toBe(0);
  });

  it("does not prevent an upgrade of the agents, and the server without an agent is named", async () => {
    const world = rig({ agentVersion: RECENT });
    const inputs = types["oceanbase:AgentVersion"](world);
    world.cluster.control.unregisterAgent(2);
    expect((await world.lifecycle.create(inputs)).outs).toMatchObject({ status: "current" });
    expect(world.messages()).toContain(
      "The server 10.77.0.4:2882 has no obshell agent known to the cluster; nothing is upgraded there.",
    );
  });
});

describe("agents that do not report which of them are running", () => {
  it.each(both)("delay the upgrade until they do: %s", async (type) => {
    const world = rig({ agentVersion: OLD });
    const inputs = types[type](world);
    // An unreachable agent prevents the one that is read from responding in time.
    world.cluster.faults.add({ match: { path: STATUS }, times: 12, fault: { kind: "reset" } });
    expect((await world.lifecycle.create(inputs)).outs).toMatchObject({ status: "current" });
    expect(world.lines.map(({ message }) => message).join()).toContain("one of them may be unreachable");
  });

  it.each(both)("prevent the upgrade if they never do: %s", async (type) => {
    const world = rig({ agentVersion: OLD });
    const inputs = { ...types[type](world), unreachableTimeout: "3m" };
    world.cluster.faults.add({ match: { path: STATUS }, times: 9_999, fault: { kind: "reset" } });
    await expect(world.lifecycle.create(inputs)).rejects.toThrow(
      /no agent reported which agents of the cluster are running \(10\.77\.0\.2:2886, .*\); one of them may be unreachable.*\[unreachable\]/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });
});

/** Servers that check Python, tenants and backups before they accept. */
const RECENT_SERVERS = { agentVersion: RECENT };
/** Servers that check the same only in the first stages of the task. */
const EARLIER_SERVERS = { agentVersion: "4.3.3.0-102025103117" };
const GIGABYTE = 1_000_000_000;

describe("a condition for which obshell refuses the upgrade request", () => {
  it.each([
    [{ pythonMissing: true }, /check if Python is installed \(Environment\.WithoutPython\).*named `python`/],
    [
      { pythonModuleMissing: true },
      /Python module 'mysql\.connector' is installed \(Environment\.WithoutModule\).*pip install mysql-connector-python/,
    ],
    [{ unrefreshedTenants: ["t1"] }, /unfreshed schema: t1 \(OB\.Upgrade\.TenantsSchemaNotRefreshed\)\. Wait until/],
    [{ mergingTablets: 2 }, /2 tablets merging \(OB\.Upgrade\.TabletInMerging\)\. Wait until/],
    [{ compactingTenants: 1 }, /tenants merging \(OB\.Upgrade\.TenantInMajorCompaction\)\. Wait until/],
    [{ minObserverVersionSplit: true }, /min_observer_version is not sync \(.*\)\. Wait until all observers agree/],
    [{ compatibleSplit: true }, /Tenant compatible is not sync \(.*\)\. Bring all tenants/],
    [
      { runningBackups: 1 },
      /1 running backup tasks.*\(OB\.Upgrade\.HasRunningBackupTask\)\. Wait until the backup has finished/,
    ],
  ])("%j ends the run with obshell's message and the remedy, and no task is started", async (conditions, text) => {
    const { lifecycle, inputs, cluster, writes } = rig({ ...RECENT_SERVERS, conditions });
    await expect(lifecycle.create(inputs())).rejects.toThrow(text);
    expect(writes()).toBe(1);
    expect(cluster.acceptedUpgrades).toEqual([]);
    expect(cluster.state.lock).toBe(1);
  });

  it("no longer matters once it has been fixed", async () => {
    const { lifecycle, inputs, cluster } = rig({ ...RECENT_SERVERS, conditions: { runningBackups: 1 } });
    await expect(lifecycle.create(inputs())).rejects.toThrow(/HasRunningBackupTask/);
    cluster.control.setConditions({ runningBackups: 0 });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it("may be a full disk", async () => {
    const { lifecycle, inputs, cluster } = rig(RECENT_SERVERS);
    const message =
      "The remaining disk space is insufficient, the remaining disk space is 1, and the required disk space is 2";
    const error = { errCode: "Environment.DiskSpaceNotEnough", message };
    const body = JSON.stringify({ successful: false, status: 500, data: null, error });
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", status: 500, body } });
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /is 1, and the required disk space is 2 \(Environment\.DiskSpaceNotEnough\)\. Free space where the packages are unpacked/,
    );
  });
});

describe("a condition that only the task detects", () => {
  it.each([
    [{ diskFree: GIGABYTE / 1_000 }, 3, /remaining disk space is 1000000, and the required.*Free space where/],
    [{ pythonMissing: true }, 1, /\[Environment\.WithoutPython\] Please check if Python is installed.*named `python`/],
    [{ pythonModuleMissing: true }, 1, /\[Environment\.WithoutModule\] .*mysql\.connector.*pip install/],
  ])("%j fails the task at stage %i, and both retry and rollback are offered", async (conditions, stage, text) => {
    const { lifecycle, inputs, cluster } = rig({ ...EARLIER_SERVERS, conditions });
    const { reasons, properties } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toContain(`stage ${stage}/30: `);
    expect(reasons[0]).toMatch(text);
    expect(reasons[0]).toContain(
      "run `obshell task retry -i 11` to continue the task or `obshell task rollback -i 11` to undo it",
    );
    expect(properties).toMatchObject({ status: "failed", currentVersion: "4.2.1.8" });
    expect(cluster.state.lock).toBe(2);
  });

  it("is followed by a retry in the next run after it was fixed, with onFailure retry", async () => {
    const { lifecycle, inputs, cluster, writes } = rig({ ...EARLIER_SERVERS, conditions: { diskFree: 1 } });
    const args = inputs({ onFailure: "retry" });
    const first = await partial(lifecycle.create(args));
    cluster.control.setConditions({ diskFree: GIGABYTE });
    const { outs } = await lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  it("is followed by a rollback at once with onFailure rollback, and the run fails with the cause", async () => {
    const { lifecycle, inputs, cluster } = rig({ ...EARLIER_SERVERS, conditions: { diskFree: 1 } });
    const { reasons } = await partial(lifecycle.create(inputs({ onFailure: "rollback" })));
    expect(reasons[0]).toMatch(/rolled back by `onFailure`, because it failed: .*DiskSpaceNotEnough/);
    expect(cluster.state.lock).toBe(1);
  });
});

describe("a lock that is taken between the last read and the upgrade request", () => {
  it.each([
    ["4.2.5.0-112024111111", "failed to start maintenance"],
    ["4.3.3.0-102025103117", "under maintenance by DAG: Start OB"],
  ])("is waited for (agents of %s)", async (agentVersion, words) => {
    const { lifecycle, inputs, cluster, writes, lines } = rig({ agentVersion });
    cluster.onCall(({ request }) => {
      if (request.target === UPGRADE && writes() === 0) cluster.control.startMaintenance("Start OB", { ms: 20_000 });
    });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect([writes(), cluster.acceptedUpgrades.length]).toEqual([2, 1]);
    expect(lines.map(({ message }) => message).join("\n")).toContain(words);
  });
});

describe("a database that is down when the run begins", () => {
  it.each(["gone", "dead"] as const)("(%s) is waited for, and upgraded when it responds again", async (how) => {
    const { lifecycle, inputs, cluster, clock, lines } = rig();
    cluster.control.loseDatabase(how, { ms: 45_000 });
    const began = clock.now();
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(clock.since(began)).toBeGreaterThan(45_000);
    expect(lines.some(({ message }) => /^no response(?: for \d+ s)? · retrying: /.test(message))).toBe(true);
  });

  it("ends the run within the budget if it stays down, and nothing is sent", async () => {
    const { lifecycle, inputs, cluster, clock } = rig();
    cluster.control.loseDatabase("gone");
    const began = clock.now();
    await expect(lifecycle.create(inputs({ unreachableTimeout: "3m" }))).rejects.toThrow(
      /could not be read for 3 min.*\[unreachable\]/,
    );
    expect(clock.since(began)).toBeLessThan(240_000);
    expect(cluster.writes()).toEqual([]);
  });

  it("causes a warning in preview", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.control.loseDatabase("gone");
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    expect(messages().join()).toMatch(/^cannot plan: /);
  });
});

describe("an upload that an agent cannot accept at the moment", () => {
  const PLAIN = "/api/v1/package";
  const failureBody = (status: number, errCode: string, message: string) =>
    JSON.stringify({ successful: false, status, error: { errCode, message } });

  it.each([
    [401, "Common.Unauthorized", "Unauthorized: decrypt file sha256 failed"],
    [500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase"],
  ])("(%i %s) is repeated after a read", async (status, code, message) => {
    const { lifecycle, inputs, cluster, writes } = rig();
    const target = { version: "4.3.5.4", release: "104000042025090916.el7" };
    const packages = [];
    for (const name of ["oceanbase-ce", "oceanbase-ce-libs"]) packages.push(await fileOf(makeRpm({ ...target, name })));
    const body = failureBody(status, code, message);
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, skip: 1, fault: { kind: "replace", status, body } });
    const { outs } = await lifecycle.create(inputs({ ...target, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(cluster.journal.count("POST", PLAIN)).toBe(3);
    expect(cluster.state.packages.filter(({ version }) => version === target.version)).toHaveLength(2);
    expect(writes()).toBe(1);
  });

  it("is not repeated after it was refused with a framework's error page", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const target = { version: "4.3.5.4", release: "104000042025090916.el7" };
    const packages = [];
    for (const name of ["oceanbase-ce", "oceanbase-ce-libs"]) packages.push(await fileOf(makeRpm({ ...target, name })));
    const fault = {
      kind: "replace",
      status: 404,
      headers: { "content-type": "text/html" },
      body: "<title>404 Not Found</title>",
    } as const;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, times: 9, fault });
    await expect(lifecycle.create(inputs({ ...target, packages }))).rejects.toThrow(
      /POST \/api\/v1\/package at \S+ was refused: HTTP 404, text\/html: “404 Not Found”\..*\[refused\]$/,
    );
    expect(cluster.journal.count("POST", PLAIN)).toBe(1);
  });

  it("ends the run after a few attempts", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const target = { version: "4.3.5.4", release: "104000042025090916.el7" };
    const body = failureBody(500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase");
    const match = { method: "POST", path: PLAIN };
    cluster.faults.add({ match, times: 99, fault: { kind: "replace", status: 500, body } });
    const packages = [await fileOf(makeRpm({ ...target, name: "oceanbase-ce" }))];
    cluster.control.addPackage({ ...target, name: "oceanbase-ce-libs" });
    await expect(lifecycle.create(inputs({ ...target, packages }))).rejects.toThrow(
      /refused POST \/api\/v1\/package: Agent is not holding OceanBase.*\[refused\]/,
    );
    expect(cluster.journal.count("POST", PLAIN)).toBe(6);
  });
});

describe("credentials that expire between two reads", () => {
  const unauthorized = (errCode: string, message: string) =>
    JSON.stringify({ successful: false, status: 401, error: { code: 10008, errCode, message } });

  it.each([
    ["Security.Authentication.SessionExpired", "Session is expired"],
    ["Security.Authentication.SessionInvalid", "Session is invalid"],
    ["Security.Authentication.Expired", "Unauthorized: Authentication expired"],
    ["Security.Authentication.Header.DecryptFailed", "Decrypt http header failed: crypto/rsa: decryption error"],
  ])("(%s) are renewed, and the upgrade is followed to its end", async (code, message) => {
    const { lifecycle, inputs, cluster, writes } = rig();
    const body = unauthorized(code, message);
    for (const skip of [5, 15, 25]) {
      cluster.faults.add({
        match: { path: "/api/v1/task/dag/11" },
        skip,
        fault: { kind: "replace", status: 401, body },
      });
    }
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(writes()).toBe(1);
  });

  it("are renewed even if they expire several times in a row", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    const body = unauthorized("Security.Authentication.Header.DecryptFailed", "Decrypt http header failed: crypto/rsa");
    cluster.faults.add({
      match: { path: "/api/v1/task/dag/11" },
      skip: 8,
      times: 6,
      fault: { kind: "replace", status: 401, body },
    });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("are renewed, and the upgrade request is repeated, if it was refused for them", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    const body = unauthorized("Security.Authentication.Expired", "Unauthorized: Authentication expired");
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", status: 401, body } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect([writes(), cluster.acceptedUpgrades.length]).toEqual([2, 1]);
  });

  it("end the run with the upgrade in the state if the password was changed", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    const body = unauthorized(
      "Security.Authentication.IncorrectOceanbasePassword",
      "Unauthorized: OceanBase password is incorrect",
    );
    cluster.faults.add({
      match: { path: "/api/v1/task/dag/11" },
      skip: 8,
      fault: { kind: "replace", status: 401, body },
    });
    const failure = await partial(lifecycle.create(inputs()));
    expect(failure.reasons[0]).toMatch(/password is incorrect.*\[unauthorized\]/);
    expect(failure.properties).toMatchObject({ status: "upgrading", lastUpgrade: { task: "11", state: "running" } });
    const { outs } = await lifecycle.update(failure.id, failure.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(writes()).toBe(1);
  });
});

describe("agents before 4.2.4.0", () => {
  const options = { agentVersion: "4.2.3.0-102024041910" };
  const to = (world: World, version: string, release: string) => {
    world.cluster.control.addAgentPackage(version, release);
    return { ...world.inputs({ version, release }), __urn: AGENT_URN };
  };

  it("are not upgraded to 4.2.5.0, which would keep the cluster locked", async () => {
    const world = rig(options);
    const inputs = to(world, "4.2.5.0", "102024112610.el7");
    const finding = /never releases the cluster's lock.*Upgrade the agents to 4\.2\.6\.0 or later in one step/;
    expect((await world.lifecycle.check({}, inputs)).failures).toEqual([]);
    expect(world.messages().join("\n")).toMatch(finding);
    await expect(world.lifecycle.create(inputs)).rejects.toThrow(finding);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("can be upgraded to 4.2.6.0, and then the cluster can be upgraded", async () => {
    const world = rig(options);
    const inputs = to(world, "4.2.6.0", "102025041010.el7");
    expect((await world.lifecycle.create(inputs)).outs).toMatchObject({ status: "current" });
    expect((await world.lifecycle.create(world.inputs())).outs).toMatchObject({ status: "current" });
  });

  it("can be upgraded to 4.2.3.1, which does not store the type of the lock either", async () => {
    const world = rig(options);
    const inputs = to(world, "4.2.3.1", "102024072410.el7");
    expect((await world.lifecycle.create(inputs)).outs).toMatchObject({ status: "current" });
    expect(world.cluster.state.lock).toBe(1);
  });

  it("cause the preview of the database to warn of packages that contain 4.2.5.0", async () => {
    const world = rig(options);
    await world.lifecycle.check({}, world.inputs());
    expect(world.messages().join("\n")).toMatch(/If the packages contain obshell 4\.2\.4 or 4\.2\.5, .* lock is never/);
  });
});

it.each([
  ["4.3.3.0-102025103117", true, true],
  ["4.3.3.0-102025103117", undefined, false],
  ["4.4.0.0-102025122610", true, false],
])(
  "agents of %s with freezeServer %s: a warning that it has no effect is shown: %s",
  async (agentVersion, freezeServer, warned) => {
    const world = rig({ agentVersion });
    await world.lifecycle.check({}, world.inputs(freezeServer === undefined ? {} : { freezeServer }));
    expect(/`freezeServer` has no effect: agents before 4\.4\.0\.0 ignore it/.test(world.messages().join("\n"))).toBe(
      warned,
    );
  },
);
