import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { agentVersion, clusterVersion } from "../../provider/oceanbase/kind";
import { createTransport, ObshellCluster } from "../simulators";
import { partial } from "../support/partial";
import { makeRpm } from "../support/rpm-package";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { AGENT_URN, AGENTS, OLD_BUILD, PASSWORD, rig, TARGET, TARGET_BUILD, UPGRADE, URN } from "./rig";
import { fileOf } from "./upload-rig";

describe("endpoints", () => {
  it("of different clusters are rejected with both names, and no upgrade is requested", async () => {
    const world = rig({ clusterName: "orders" });
    const other = new ObshellCluster({
      clock: world.clock,
      rootPassword: PASSWORD,
      clusterName: "payments",
      buildVersion: OLD_BUILD,
    });
    other.hosts.forEach((host, index) => void host.place("10.88.0.9", 2886 + index));
    const send = createTransport([world.cluster, other], { sleep: (ms) => world.clock.sleep(ms) });
    const lifecycle = new DynamicProvider({
      kinds: { "oceanbase:ClusterVersion": async () => clusterVersion(() => simulatedTransport(send)) },
      log: { write: () => undefined, flush: async () => undefined },
      rhythm: { change: 0, repeat: 0 },
      clock: world.clock,
      env: {},
    });
    const endpoints = [`http://${world.cluster.endpoints[0]}`, `http://${other.endpoints[0]}`];
    await expect(lifecycle.create(world.inputs({ endpoints }))).rejects.toThrow(
      /different clusters: http:\/\/10\.\S+ of (orders|payments), http:\/\/10\.\S+ of (orders|payments)\..*\[blocked\]/,
    );
    expect([...world.cluster.writes(), ...other.writes()]).toEqual([]);
  });

  it("that name the same agent twice are used once", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    const [first] = cluster.endpoints;
    await lifecycle.create(inputs({ endpoints: [`http://${first}`, `http://${first}/`, `http://${first}`] }));
    expect(cluster.journal.count("GET", "/api/v1/secret")).toBe(1);
  });

  it("may be IPv6 addresses", async () => {
    const world = rig({ buildVersion: OLD_BUILD });
    world.cluster.hosts.forEach((host, index) => void host.place("fd00::1", 2886 + index));
    const endpoints = [0, 1, 2].map((index) => `http://[fd00::1]:${2886 + index}`);
    const { id, outs } = await world.lifecycle.create(world.inputs({ endpoints }));
    expect(id).toBe("[fd00::1]:2886");
    expect(outs).toMatchObject({ status: "current" });
  });

  it("of an agent without a cluster are rejected with the remedy", async () => {
    const { lifecycle, inputs } = rig({ identity: "SINGLE", zones: 1 });
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /belongs to no OceanBase cluster.*take over the cluster first/,
    );
  });

  it.each(["MASTER", "FOLLOWER"] as const)(
    "of agents that have no cluster yet are rejected at once: %s",
    async (identity) => {
      const { lifecycle, inputs, clock } = rig({ identity });
      const began = clock.now();
      await expect(lifecycle.create(inputs())).rejects.toThrow(
        /belongs to no OceanBase cluster \(identity (MASTER|FOLLOWER)\)\. .*`obshell cluster init`.*\[blocked\]/,
      );
      expect(clock.since(began)).toBeLessThan(5_000);
    },
  );

  it.each(["TAKE OVER MASTER", "TAKE OVER FOLLOWER", "SCALING OUT", "SCALING IN", "UNIDENTIFIED"] as const)(
    "of agents that are joining or leaving their cluster are waited for, and their identity is shown: %s",
    async (identity) => {
      const { lifecycle, inputs, lines, cluster, clock } = rig({ identity });
      clock.after(120_000, () => {
        for (const agent of cluster.agents) agent.identity = "CLUSTER AGENT";
      });
      expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
      expect(lines.map(({ message }) => message).join()).toContain(
        `http://10.77.0.2:2886 (identity ${identity}) responds, but cannot complete the request at the moment`,
      );
    },
  );
});

it("a missing parameter ob_startup_mode is reported as the cause of the panic after about a minute", async () => {
  const { lifecycle, inputs, cluster, clock } = rig({ agentVersion: "4.5.0.0-102026050817" });
  cluster.control.setConditions({ startupModeMissing: true });
  const began = clock.now();
  await expect(lifecycle.create(inputs())).rejects.toThrow(
    /could not be read for 1 min( \d+ s)?: .*Internal Server Error.*no row for the parameter `ob_startup_mode`.*\[unreachable\]/,
  );
  expect(clock.since(began)).toBeLessThan(90_000);
});

type Setup = Omit<ConstructorParameters<typeof ObshellCluster>[0], "clock">;

const RECENT = "4.4.2.0-102026041610";
const types = {
  "oceanbase:ClusterVersion": { urn: URN, args: TARGET },
  "oceanbase:AgentVersion": {
    urn: AGENT_URN,
    args: AGENTS,
  },
};
type Type = keyof typeof types;

/** Two clusters whose agents report the addresses 10.77.0.2:2886 and following, but are reached by other names. */
function two(first: Setup, second: Setup = {}) {
  const clock = new VirtualClock();
  const shared = { clock, rootPassword: PASSWORD, buildVersion: OLD_BUILD, agentVersion: RECENT };
  const clusters = [new ObshellCluster({ ...shared, ...first }), new ObshellCluster({ ...shared, ...second })] as const;
  const names = new Map<string, { cluster: ObshellCluster; agent: number }>();
  for (const [index, cluster] of clusters.entries()) {
    cluster.control.addObPackages(TARGET.version, TARGET.release);
    cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    for (const agent of cluster.hosts.keys()) {
      names.set(`http://${index === 0 ? "one" : "two"}${agent + 1}.example:2886`, { cluster, agent });
    }
  }
  names.set("http://alias.example:2886", { cluster: clusters[0], agent: 0 });
  const sends = new Map(
    clusters.map((cluster) => [cluster, createTransport(cluster, { sleep: (ms) => clock.sleep(ms) })]),
  );
  const transport = simulatedTransport((address, request) => {
    const named = names.get(address);
    const send = named && sends.get(named.cluster);
    if (named === undefined || send === undefined) throw new Error(`no such endpoint: ${address}`);
    return send(named.cluster.endpoints[named.agent] ?? "", request);
  });
  const messages: string[] = [];
  const lifecycle = new DynamicProvider({
    kinds: {
      "oceanbase:AgentVersion": async () => agentVersion(() => transport),
      "oceanbase:ClusterVersion": async () => clusterVersion(() => transport),
    },
    log: { write: ({ message }) => void messages.push(message), flush: async () => undefined },
    rhythm: { change: 0, repeat: 0 },
    clock,
    env: {},
  });
  const inputs = (type: Type, hosts: readonly string[]) => ({
    endpoints: hosts.map((host) => `http://${host}.example:2886`),
    password: PASSWORD,
    ...types[type].args,
    __urn: types[type].urn,
    __provider: "text",
  });
  const writes = () => clusters.flatMap((cluster) => cluster.writes());
  return { lifecycle, inputs, clusters, writes, messages, clock };
}

const differences: [string, Setup, Setup, (world: ReturnType<typeof two>) => void][] = [
  ["their name", { clusterName: "orders" }, { clusterName: "payments" }, () => undefined],
  ["their id", { clusterId: 1 }, { clusterId: 2 }, () => undefined],
  ["their keys alone", {}, {}, ({ clusters }) => clusters[1].control.replaceKey(0)],
  [
    "their agents' addresses alone",
    {},
    {},
    ({ clusters }) => clusters[1].hosts.forEach((host, index) => void host.place("10.88.0.9", 2886 + index)),
  ],
];
const cases = differences.flatMap(([what, first, second, prepare]) =>
  (Object.keys(types) as Type[]).flatMap((type) =>
    [
      ["one1", "two1"],
      ["two1", "one1"],
    ].map((hosts) => ({ what, first, second, prepare, type, hosts })),
  ),
);

it("two endpoints of one agent are one cluster, even after its upgrade has changed its key", async () => {
  const { lifecycle, inputs, clusters } = two({});
  const { outs } = await lifecycle.create(inputs("oceanbase:AgentVersion", ["one1", "alias"]));
  expect(outs).toMatchObject({ status: "current" });
  clusters[0].control.replaceKey(0);
  const next = { ...inputs("oceanbase:ClusterVersion", ["one1", "alias"]) };
  expect((await lifecycle.create(next)).outs).toMatchObject({ status: "current" });
});

describe("endpoints of two clusters", () => {
  it.each(cases)(
    "that differ by $what are rejected: $type at $hosts",
    async ({ first, second, prepare, type, hosts }) => {
      const world = two({ buildVersion: TARGET_BUILD, ...first }, second);
      prepare(world);
      const { lifecycle, inputs, writes, messages } = world;
      await lifecycle.check({}, inputs(type, hosts));
      expect(messages.join()).toMatch(/The endpoints belong to different clusters: /);
      await expect(lifecycle.create(inputs(type, hosts))).rejects.toThrow(
        /The endpoints belong to different clusters: .*http:\/\/(one|two)1\.example:2886.*http:\/\/(one|two)1\.example:2886.*\[blocked\]/,
      );
      expect(writes()).toEqual([]);
    },
  );

  it("are reported by the address that both claim if nothing else distinguishes them", async () => {
    const { lifecycle, inputs, clusters } = two({});
    clusters[1].control.replaceKey(0);
    await expect(lifecycle.create(inputs("oceanbase:ClusterVersion", ["one1", "two1"]))).rejects.toThrow(
      "http://one1.example:2886 and http://two1.example:2886 both report the address 10.77.0.2:2886, and have different keys.",
    );
  });

  it.each([
    ["oceanbase:ClusterVersion", ["one1", "two1"]],
    ["oceanbase:ClusterVersion", ["two1", "one1"]],
    ["oceanbase:AgentVersion", ["two1", "one1"]],
  ] as const)("of which one belongs to no cluster: a %s at %j reports it and does not use it", async (type, hosts) => {
    const { lifecycle, inputs, messages, clusters } = two({}, { identity: "SINGLE", zones: 1 });
    expect((await lifecycle.check({}, inputs(type, hosts))).failures).toEqual([]);
    expect(messages.join("\n")).toContain(
      "The agent at http://two1.example:2886 belongs to no OceanBase cluster (identity SINGLE) and is not used. Remove it from `endpoints`",
    );
    expect((await lifecycle.create(inputs(type, hosts))).outs).toMatchObject({ status: "current" });
    expect(clusters[1].writes()).toEqual([]);
  });

  it("with different passwords are rejected, and the endpoint whose password is wrong is named", async () => {
    const { lifecycle, inputs, writes } = two({ buildVersion: TARGET_BUILD }, { rootPassword: "another" });
    await expect(lifecycle.create(inputs("oceanbase:ClusterVersion", ["one1", "two1"]))).rejects.toThrow(
      /http:\/\/two1\.example:2886 rejected the credentials.*\[unauthorized\]/,
    );
    expect(writes()).toEqual([]);
  });

  it("of which one responds only during the upgrade: only its identity is read", async () => {
    const world = two({ clusterName: "orders" }, { clusterName: "payments", buildVersion: TARGET_BUILD });
    const { lifecycle, inputs, clusters, clock } = world;
    const [orders, payments] = clusters;
    payments.control.stopAgent(0);
    // It has a task with the same number, which has succeeded.
    payments.control.startMaintenance("OB rolling upgrade 4.3.5.2-102000042025031214.el7");
    payments.control.finish();
    clock.after(10_000, () => payments.control.startAgent(0));
    const { reasons } = await partial(lifecycle.create(inputs("oceanbase:ClusterVersion", ["one1", "two1"])));
    expect(reasons.join()).toMatch(/different clusters: .* of orders, .* of payments\./);
    expect(orders.acceptedUpgrades).toHaveLength(1);
    expect(orders.dags.at(-1)).toMatchObject({ state: "SUCCEED" });
    const paths = new Set(payments.journal.entries.map(({ path }) => path));
    expect([...paths].sort()).toEqual(["/api/v1/info", "/api/v1/ob/info", "/api/v1/secret"]);
  });
});

describe("endpoints of one cluster", () => {
  it.each(Object.keys(types) as Type[])(
    "remain one cluster during its upgrade, although every key changes: %s",
    async (type) => {
      const { lifecycle, inputs, clusters } = two({ agentVersion: "4.3.3.0-102025103117" });
      clusters[0].control.setSwitches({ newKeyAtRestart: true });
      const { outs } = await lifecycle.create(inputs(type, ["one1", "one2", "one3"]));
      expect(outs).toMatchObject({ status: "current" });
    },
  );

  it("may be two names of one agent whose key changes between two reads", async () => {
    const world = two({ buildVersion: TARGET_BUILD });
    const { lifecycle, inputs, clusters } = world;
    const endpoints = inputs("oceanbase:ClusterVersion", ["one1"]).endpoints;
    const [cluster] = clusters;
    let reads = 0;
    cluster.onCall(({ request }) => {
      if (request.target === "/api/v1/secret" && ++reads === 2) cluster.control.replaceKey(0);
    });
    const both = {
      ...inputs("oceanbase:ClusterVersion", ["one1"]),
      endpoints: [...endpoints, "http://one2.example:2886"],
    };
    expect((await lifecycle.create(both)).outs).toMatchObject({ status: "current" });
  });
});

describe("endpoints of two clusters, one of them without its database", () => {
  function secondDown(options: Partial<ConstructorParameters<typeof ObshellCluster>[0]> = {}) {
    const { clock, inputs, cluster } = rig({ clusterName: "orders", buildVersion: TARGET_BUILD });
    const other = new ObshellCluster({ clock, rootPassword: PASSWORD, clusterName: "payments", ...options });
    other.hosts.forEach((host, index) => void host.place("10.88.0.9", 2886 + index));
    other.control.loseDatabase("gone");
    const send = createTransport([cluster, other], { sleep: (ms) => clock.sleep(ms) });
    const lifecycle = new DynamicProvider({
      kinds: { "oceanbase:ClusterVersion": async () => clusterVersion(() => simulatedTransport(send)) },
      log: { write: () => undefined, flush: async () => undefined },
      rhythm: { change: 0, repeat: 0 },
      clock,
      env: {},
    });
    const endpoints = [`http://${cluster.endpoints[0]}`, `http://${other.endpoints[0]}`];
    return {
      create: (first: boolean) => lifecycle.create(inputs({ endpoints: first ? endpoints.reverse() : endpoints })),
      writes: () => [...cluster.writes(), ...other.writes()],
    };
  }

  it("are rejected if that one is listed first", async () => {
    const { create, writes } = secondDown();
    await expect(create(true)).rejects.toThrow(
      /different clusters: http:\/\/10\.77\.0\.2:2886 of orders, http:\/\/10\.88\.0\.9:2886 of another\..*\[blocked\]/,
    );
    expect(writes()).toEqual([]);
  });

  it("are rejected before any upgrade is requested if that one is listed last", async () => {
    const { create, writes } = secondDown();
    await expect(create(false)).rejects.toThrow(/of orders, .* of another\..*\[blocked\]/);
    expect(writes()).toEqual([]);
  });

  it("are not confused with an agent that is still joining", async () => {
    const { create } = secondDown({ identity: "SCALING OUT", zones: 1 });
    expect((await create(true)).outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
  });
});

/** Lists no packages. */
const OLDEST = "4.2.5.0-112024111111";
const OLDER = "4.3.0.0-102025042917";
const AGENT_UPGRADE = "/api/v1/agent/upgrade";
const LIST = "/api/v1/upgrade/package/info";

/** A cluster whose agents run these versions. */
function clusterOf(versions: readonly string[], options: Parameters<typeof rig>[0] = {}) {
  const made = rig({ ...options, agentVersion: RECENT });
  for (const [index, version] of versions.entries()) made.cluster.control.setAgentVersion(version, index);
  made.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return {
    ...made,
    agentInputs: (args = {}) => ({ ...made.inputs({ ...AGENTS, ...args }), __urn: AGENT_URN }),
    /** Names of the agents that received requests for this path. */
    receivers: (path: string) =>
      made.cluster.journal.entries.filter(({ target }) => target === path).map(({ host }) => host),
  };
}

describe("agents of several versions", () => {
  it.each([
    ["first", [OLDER, RECENT, RECENT], "agent1"],
    ["last", [RECENT, RECENT, OLDER], "agent3"],
    ["middle", [RECENT, OLDEST, RECENT], "agent2"],
  ])("are upgraded through the oldest one: the %s", async (_, versions, oldest) => {
    const { lifecycle, agentInputs, receivers } = clusterOf(versions);
    const { outs } = await lifecycle.create(agentInputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.5.0.0" });
    expect(receivers(AGENT_UPGRADE)).toEqual([oldest]);
  });

  it("of which some are up to date are upgraded through an outdated one", async () => {
    const { lifecycle, agentInputs, receivers } = clusterOf(["4.5.0.0-102026050817", "4.5.0.0-102026050817", RECENT]);
    expect((await lifecycle.create(agentInputs())).outs).toMatchObject({ status: "current" });
    expect(receivers(AGENT_UPGRADE)).toEqual(["agent3"]);
  });

  it("list their packages through the agent that will receive the request, and through the first endpoint before it is known", async () => {
    const { lifecycle, agentInputs, receivers } = clusterOf([RECENT, OLDER, RECENT]);
    await lifecycle.check({}, agentInputs());
    expect(receivers(LIST)).toEqual(["agent1", "agent2"]);
  });

  it("are read in turn until one returns the package list, if the receiving agent has none", async () => {
    const { lifecycle, agentInputs, receivers, messages } = clusterOf([RECENT, OLDEST, RECENT]);
    await lifecycle.check({}, agentInputs({ release: undefined }));
    expect(receivers(LIST)).toEqual(["agent1", "agent2", "agent1"]);
    expect(messages()).toEqual(["4.2.5.0 → 4.5.0.0, restarting 3 agents"]);
  });

  it("are not upgraded if another agent shows that a package is missing, although the receiving one cannot list packages", async () => {
    const { lifecycle, agentInputs, cluster } = clusterOf([RECENT, OLDEST, RECENT]);
    const missing = { version: "4.5.1.0", release: "103026060101.el7" };
    await expect(lifecycle.create(agentInputs(missing))).rejects.toThrow(/not uploaded: obshell-4\.5\.1\.0/);
    expect(cluster.writes()).toEqual([]);
  });

  it("are waited for while they do not return their package list", async () => {
    const { lifecycle, agentInputs, cluster, clock, receivers } = clusterOf([RECENT, RECENT, RECENT]);
    cluster.faults.add({ match: { path: LIST }, times: 40, fault: { kind: "reset" } });
    const began = clock.now();
    expect((await lifecycle.create(agentInputs({ release: undefined }))).outs).toMatchObject({ status: "current" });
    expect(receivers(AGENT_UPGRADE)).toHaveLength(1);
    expect(clock.since(began)).toBeGreaterThan(5_000);
  });

  it("receive missing packages, regardless of which one can list them", async () => {
    const { lifecycle, inputs, cluster } = clusterOf([OLDEST, RECENT, OLDEST]);
    const target = { version: "4.3.5.4", release: "104000042025090916.el7" };
    const dir = await mkdtemp(join(tmpdir(), "mixed-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const packages = ["oceanbase-ce", "oceanbase-ce-libs"].map((name) => join(dir, `${name}.rpm`));
    for (const [index, name] of ["oceanbase-ce", "oceanbase-ce-libs"].entries()) {
      await writeFile(packages[index] ?? "", makeRpm({ ...target, name }));
    }
    const { outs } = await lifecycle.create(inputs({ ...target, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(cluster.journal.count("POST", /package$/)).toBe(2);
  });

  it("receive packages through the agent that will receive the request", async () => {
    const { lifecycle, inputs, cluster, receivers } = clusterOf([RECENT, RECENT, RECENT]);
    cluster.control.setBuildVersion("4.3.5.4-104000042025090916", 0);
    const target = { version: "4.3.5.4", release: "104000042025090916.el7" };
    cluster.control.addPackage({ ...target, name: "oceanbase-ce-libs" });
    const packages = [await fileOf(makeRpm({ ...target, name: "oceanbase-ce" }))];
    await lifecycle.create(inputs({ ...target, packages }));
    expect(receivers("/api/v1/package")).toEqual(["agent2"]);
    expect(receivers(UPGRADE)).toEqual(["agent2"]);
  });
});

describe("observers of several versions", () => {
  it("are upgraded through the agent of an outdated one, because any other would consider the target reached", async () => {
    const { lifecycle, inputs, cluster, receivers } = clusterOf([RECENT, RECENT, RECENT]);
    cluster.control.setBuildVersion("4.3.5.2-102000042025031214", 0);
    cluster.control.setBuildVersion("4.3.5.2-102000042025031214", 1);
    const { outs } = await lifecycle.create(inputs(TARGET));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(receivers(UPGRADE)).toEqual(["agent3"]);
  });

  it.each([
    ["OB.Upgrade.ToLowerVersion", "Target version 4.3.5.2-1 is not greater than current version 4.3.5.2-1."],
    ["Agent.Upgrade.ToLowerVersion", "Target version 4.5.0.0-1 is not greater than current version 4.5.0.0-1."],
    [1001, "Illegal argument: target version 4.3.5.2-1 is not greater than current version 4.3.5.2-1."],
  ])("that change after the last read cause an error with the remedy (%s)", async (code, message) => {
    const { lifecycle, inputs, cluster } = clusterOf([RECENT, RECENT, RECENT]);
    const error = typeof code === "number" ? { code, message } : { errCode: code, message };
    const body = JSON.stringify({ successful: false, status: 400, error });
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", status: 400, body } });
    await expect(lifecycle.create(inputs(TARGET))).rejects.toThrow(
      /not greater than current version.*List the agents of outdated members in `endpoints`.*\[refused\]/,
    );
  });
});

describe("an upgrade whose outdated members have no endpoint", () => {
  const database = ({ cluster, inputs }: ReturnType<typeof clusterOf>) => {
    cluster.control.setBuildVersion(TARGET_BUILD, 0);
    return inputs;
  };
  const agents = ({ cluster, agentInputs }: ReturnType<typeof clusterOf>) => {
    cluster.control.setAgentVersion("4.5.0.0-102026050817", 0);
    return agentInputs;
  };

  it.each([
    ["observers", database],
    ["agents", agents],
  ])("is not requested, and preview already names the agents to list (%s)", async (_, prepare) => {
    const world = clusterOf([RECENT, RECENT, RECENT]);
    const inputs = prepare(world);
    const { lifecycle, cluster, messages } = world;
    const some = inputs({ endpoints: [`http://${cluster.endpoints[0]}`] });
    const finding = /No agent in `endpoints` accepts this upgrade.*`endpoints`: 10\.77\.0\.3:2886, 10\.77\.0\.4:2886\./;
    expect((await lifecycle.check({}, some)).failures).toEqual([]);
    expect(messages().join("\n")).toMatch(finding);
    await expect(lifecycle.create(some)).rejects.toThrow(finding);
    expect(cluster.writes()).toEqual([]);
    const more = inputs({ endpoints: [0, 2].map((at) => `http://${cluster.endpoints[at]}`) });
    expect((await lifecycle.create(more)).outs).toMatchObject({ status: "current" });
  });

  it("is not reported while a half-finished, failed upgrade holds the lock", async () => {
    const { lifecycle, inputs, cluster, messages } = clusterOf([RECENT, RECENT, RECENT]);
    cluster.control.fail({ stage: "Execute upgrade zone health checker script" });
    await partial(lifecycle.create(inputs()));
    const before = messages().length;
    await lifecycle.check({}, inputs({ endpoints: [`http://${cluster.endpoints[0]}`] }));
    expect(messages().slice(before).join("\n")).not.toContain("accepts this upgrade");
  });
});

/** The observer of the first endpoint is down. What its agent reports without a database does not count for the cluster. */
function firstObserverDown(options: Parameters<typeof rig>[0] = {}, how: "gone" | "dead" = "gone") {
  const made = rig({ agentVersion: RECENT, ...options });
  const { cluster } = made;
  cluster.control.loseDatabase(how, { agents: [0] });
  // Every agent responds to this from memory, so the last one to respond need not have a database.
  cluster.faults.add({ match: { path: "/api/v1/agents/status" }, times: 99, fault: { kind: "delay", ms: 300 } });
  const readBy = (path: string) =>
    cluster.journal.entries.filter(({ target }) => target === path).map(({ host }) => host);
  return { ...made, readBy };
}

const OB_INFO = "/api/v1/ob/info";

describe("versions, while the first agent's observer is down", () => {
  it.each(["gone", "dead"] as const)(
    "(%s) are read from another agent, and a cluster that is up to date is adopted",
    async (how) => {
      const { lifecycle, inputs, cluster, readBy } = firstObserverDown({ buildVersion: TARGET_BUILD }, how);
      const { outs } = await lifecycle.create(inputs());
      expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
      // The others are read to verify that they belong to the same cluster.
      expect(readBy(OB_INFO)).toEqual(["agent1", "agent2", "agent1", "agent3"]);
      expect(cluster.writes()).toEqual([]);
    },
  );

  it("are shown by preview, with the finding that blocks the upgrade", async () => {
    const { lifecycle, inputs, messages } = firstObserverDown();
    await lifecycle.check({}, inputs());
    expect(messages().join("\n")).toMatch(
      /^4\.2\.1\.8 → 4\.3\.5\.2, .*The observer of the agent 10\.77\.0\.2:2886 is not available/s,
    );
    expect(messages().join()).not.toContain("cannot plan");
  });

  it("are read by a refresh", async () => {
    const { lifecycle, inputs, cluster, lines } = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await lifecycle.create(inputs());
    cluster.control.loseDatabase("gone", { agents: [0] });
    cluster.control.setBuildVersion(OLD_BUILD, 1);
    const { props } = await lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "behind", currentVersion: "4.2.1.8" });
    expect(lines.map(({ message }) => message).join()).not.toContain("could not be read");
  });

  it("are not shown while no agent can report them", async () => {
    const { lifecycle, inputs, cluster, messages, readBy } = firstObserverDown();
    cluster.control.loseDatabase("gone");
    await lifecycle.check({}, inputs());
    expect(messages().join()).toMatch(/^cannot plan: /);
    expect(readBy(OB_INFO).slice(0, 3)).toEqual(["agent1", "agent2", "agent3"]);
  });

  it("do not hide another failed task that keeps the lock: its name and remedy are shown", async () => {
    const { lifecycle, inputs, cluster, messages } = firstObserverDown();
    cluster.control.restoreDatabase();
    cluster.control.addObPackages("4.2.5.1", "101000092024120918.el7");
    cluster.control.fail({ stage: 3 });
    await partial(lifecycle.create(inputs({ version: "4.2.5.1", release: "101000092024120918.el7" })));
    cluster.control.loseDatabase("gone", { agents: [0] });
    await lifecycle.check({}, inputs());
    expect(messages().join("\n")).toMatch(/maintenance task 11 \(.*\) failed and keeps the lock/);
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /maintenance task 11 \(OB rolling upgrade 4\.2\.5\.1-\S+\) failed and keeps the lock.*obshell task retry -i 11/,
    );
  });

  it("need one read per agent while every agent can report them", async () => {
    const { lifecycle, inputs, cluster } = rig();
    await lifecycle.check({}, inputs());
    expect(cluster.journal.count("GET", OB_INFO)).toBe(3);
    expect(cluster.journal.count("GET", "/api/v1/status")).toBe(0);
  });
});

describe("an operator on a failed task", () => {
  const OPERATE = /^\/api\/v1\/task\/dag\//;
  const args = { onFailure: "retry" };

  /** An upgrade that failed because the first observer did not restart, and the state that the run left. */
  async function failed() {
    const made = rig();
    const { cluster, lifecycle, inputs } = made;
    cluster.control.fail({ stage: "Reinstall and restart observer" });
    const first = await partial(lifecycle.create(inputs(args)));
    cluster.control.loseDatabase("gone", { agents: [0] });
    return {
      ...made,
      rerun: () => lifecycle.update(first.id, first.properties, inputs(args)),
      sentTo: () => {
        const posts = cluster.journal.entries.filter(({ method, path }) => method === "POST" && OPERATE.test(path));
        return posts.map(({ host, status }) => [host, status]);
      },
    };
  }

  it("is sent to an agent that has its database if the first one lacks it", async () => {
    const { clock, cluster, rerun, sentTo, writes } = await failed();
    clock.after(30_000, () => cluster.control.restoreDatabase());
    const { outs } = await rerun();
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(sentTo()).toEqual([["agent2", 200]]);
    expect(writes()).toBe(1);
  });

  it("is sent to the next agent if the first one has just lost its database", async () => {
    const { cluster, rerun, sentTo } = await failed();
    cluster.control.restoreDatabase();
    cluster.onCall(({ host: agent, request }) => {
      if (request.method !== "POST" || sentTo().length > 0) return;
      cluster.control.loseDatabase("gone", { agents: [Number(agent.slice(-1)) - 1], ms: 30_000 });
    });
    expect((await rerun()).outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(sentTo().map(([, status]) => status)).toEqual([500, 200]);
  });

  it("is not sent to another agent after a response was lost", async () => {
    const { cluster, rerun, sentTo } = await failed();
    cluster.control.restoreDatabase();
    cluster.faults.add({ match: { method: "POST", path: OPERATE }, fault: { kind: "loseReply" } });
    expect((await rerun()).outs).toMatchObject({ status: "current" });
    expect(sentTo()).toHaveLength(1);
  });

  it("is not sent to another agent after a final refusal", async () => {
    const { cluster, rerun, sentTo } = await failed();
    cluster.control.restoreDatabase();
    const error = {
      errCode: "Task.Dag.Operator.RetryNotFailedDag",
      message: "Failed to set DAG retry: DAG state is not failed",
    };
    const body = JSON.stringify({ successful: false, status: 400, error });
    cluster.faults.add({ match: { method: "POST", path: OPERATE }, fault: { kind: "replace", status: 400, body } });
    await partial(rerun());
    expect(sentTo()).toHaveLength(1);
  });

  it("that no agent can accept now leaves the task unchanged, and the run reports it", async () => {
    const { cluster, rerun, sentTo, messages } = await failed();
    const error = { errCode: "Agent.OceanBase.NotHold", message: "Task not found: Agent is not holding OceanBase" };
    const body = JSON.stringify({ successful: false, status: 500, error });
    cluster.faults.add({
      match: { method: "POST", path: OPERATE },
      times: 9,
      fault: { kind: "replace", status: 500, body },
    });
    expect((await partial(rerun())).reasons[0]).toContain("[upgrade-failed]");
    const hosts = sentTo().map(([host]) => host);
    // The first can no longer report its cluster.
    expect(hosts.sort()).toEqual(["agent2", "agent3"]);
    expect(messages().join()).toContain("10.77.0.2:2886 cannot report yet which cluster it belongs to");
  });
});

describe("a password that the first agent has not received yet and cannot check", () => {
  const STATUS = "/api/v1/status";
  const NEWER = "r0tated";

  it.each([
    ["gone", "4.3.3.0-102025103117"],
    ["dead", "4.3.3.0-102025103117"],
    ["gone", "4.3.0.0-102025043011"],
  ] as const)("is not reported as wrong: other agents check it (%s, agents of %s)", async (how, agentVersion) => {
    const { lifecycle, inputs, cluster } = firstObserverDown({ buildVersion: TARGET_BUILD, agentVersion }, how);
    cluster.control.setRootPassword(NEWER);
    const { outs } = await lifecycle.create(inputs({ password: NEWER }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(cluster.journal.count("GET", STATUS)).toBeGreaterThan(0);
  });

  it("is waited for while no agent can check it", async () => {
    const { lifecycle, inputs, cluster, lines } = rig({ buildVersion: TARGET_BUILD });
    cluster.control.setRootPassword(NEWER);
    cluster.control.loseDatabase("gone", { ms: 40_000 });
    expect((await lifecycle.create(inputs({ password: NEWER }))).outs).toMatchObject({ status: "current" });
    expect(lines.map(({ message }) => message).join()).toContain(
      "cannot check the password, because it cannot reach its database: Unauthorized: OceanBase password is incorrect",
    );
  });

  it("is reported as wrong at once by an agent that can check it", async () => {
    const { lifecycle, inputs, clock, cluster } = firstObserverDown({ buildVersion: TARGET_BUILD });
    const began = clock.now();
    await expect(lifecycle.create(inputs({ password: "wrong" }))).rejects.toThrow(
      /OceanBase password is incorrect \(.*\)\. Set `password` to the password of root@sys.*\[unauthorized\]/,
    );
    expect(clock.since(began)).toBeLessThan(5_000);
    expect(cluster.writes()).toEqual([]);
  });

  it("is not reported as wrong if the time limit ends the check", async () => {
    const { lifecycle, inputs, cluster } = firstObserverDown({ buildVersion: TARGET_BUILD });
    cluster.control.setRootPassword(NEWER);
    cluster.faults.add({ match: { path: STATUS }, times: 99, fault: { kind: "hang" } });
    const args = inputs({ password: NEWER, __timeouts: { create: "3s" } });
    await expect(lifecycle.create(args)).rejects.toThrow(/nothing was sent.*\[deadline\]/);
  });

  it("does not prevent an operator from being sent to an agent that has it", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const args = { onFailure: "retry", password: NEWER };
    cluster.control.setRootPassword(NEWER);
    cluster.control.fail({ stage: "Execute upgrade pre script" });
    const first = await partial(lifecycle.create(inputs(args)));
    const [agent] = cluster.agents;
    if (agent !== undefined) agent.rootPassword = PASSWORD;
    cluster.control.loseDatabase("gone", { agents: [0], ms: 60_000 });
    // The task is no longer read through the first agent; only the operator is sent there.
    const { outs } = await lifecycle.update(first.id, first.properties, inputs(args));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
  });
});
