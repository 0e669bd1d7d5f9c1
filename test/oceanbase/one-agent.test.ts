import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { clusterVersion } from "../../provider/oceanbase/cluster-version";
import { createTransport, ObshellCluster } from "../simulators";
import { partial } from "../support/partial";
import { simulatedTransport } from "../support/simulated-transport";
import { OLD_BUILD, PASSWORD, rig, TARGET_BUILD } from "./rig";

/** What one agent says without its database is not what the cluster says: the observer beside the first endpoint is down. */
function world(options: Parameters<typeof rig>[0] = {}, how: "gone" | "dead" = "gone") {
  const made = rig({ agentVersion: "4.4.2.0-102026041610", ...options });
  const { cluster } = made;
  cluster.control.loseDatabase(how, { agents: [0] });
  // Every agent answers this from memory: the agent that answered last is not one that knows.
  cluster.faults.add({ match: { path: "/api/v1/agents/status" }, times: 99, fault: { kind: "delay", ms: 300 } });
  const asked = (path: string) =>
    cluster.journal.entries.filter(({ target }) => target === path).map(({ host }) => host);
  return { ...made, asked };
}

const OB_INFO = "/api/v1/ob/info";

describe("versions, while the first agent's observer is down", () => {
  it.each(["gone", "dead"] as const)("(%s) are told by another agent: a pin that holds is adopted", async (how) => {
    const { lifecycle, inputs, cluster, asked } = world({ buildVersion: TARGET_BUILD }, how);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    // The others show that they are of the same cluster.
    expect(asked(OB_INFO)).toEqual(["agent1", "agent2", "agent1", "agent3"]);
    expect(cluster.writes()).toEqual([]);
  });

  it("are known at preview, which tells what keeps the upgrade from starting", async () => {
    const { lifecycle, inputs, said } = world();
    await lifecycle.check({}, inputs());
    expect(said().join("\n")).toMatch(/^4\.2\.1\.8 → 4\.3\.5\.2, .*An observer is not available: 10\.77\.0\.2:2886/s);
    expect(said().join()).not.toContain("cannot plan");
  });

  it("are known to a refresh", async () => {
    const { lifecycle, inputs, cluster, lines } = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await lifecycle.create(inputs());
    cluster.control.loseDatabase("gone", { agents: [0] });
    cluster.control.setBuildVersion(OLD_BUILD, 1);
    const { props } = await lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "behind", currentVersion: "4.2.1.8" });
    expect(lines.map(({ message }) => message).join()).not.toContain("could not be read");
  });

  it("are not told for as long as no agent knows them", async () => {
    const { lifecycle, inputs, cluster, said, asked } = world();
    cluster.control.loseDatabase("gone");
    await lifecycle.check({}, inputs());
    expect(said().join()).toMatch(/^cannot plan: /);
    expect(asked(OB_INFO).slice(0, 3)).toEqual(["agent1", "agent2", "agent3"]);
  });

  it("do not hide another task that failed and keeps the lock: its name and remedy are told", async () => {
    const { lifecycle, inputs, cluster, said } = world();
    cluster.control.restoreDatabase();
    cluster.control.addObPackages("4.2.5.1", "101000092024120918.el7");
    cluster.control.fail({ stage: 3 });
    await partial(lifecycle.create(inputs({ version: "4.2.5.1", release: "101000092024120918.el7" })));
    cluster.control.loseDatabase("gone", { agents: [0] });
    await lifecycle.check({}, inputs());
    expect(said().join("\n")).toMatch(/maintenance task 11 \(.*\) failed and keeps the lock/);
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /maintenance task 11 \(OB rolling upgrade 4\.2\.5\.1-\S+\) failed and keeps the lock.*obshell task retry -i 11/,
    );
  });

  it("cost one read of each agent while every agent knows them", async () => {
    const { lifecycle, inputs, cluster } = rig();
    await lifecycle.check({}, inputs());
    expect(cluster.journal.count("GET", OB_INFO)).toBe(3);
    expect(cluster.journal.count("GET", "/api/v1/status")).toBe(0);
  });
});

describe("endpoints of two clusters, one of them without its database", () => {
  function two(options: Partial<ConstructorParameters<typeof ObshellCluster>[0]> = {}) {
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

  it("are refused where that one stands first", async () => {
    const { create, writes } = two();
    await expect(create(true)).rejects.toThrow(
      /different clusters: http:\/\/10\.77\.0\.2:2886 of orders, http:\/\/10\.88\.0\.9:2886 of another\..*\[blocked\]/,
    );
    expect(writes()).toEqual([]);
  });

  it("are refused before anything is called where that one stands last", async () => {
    const { create, writes } = two();
    await expect(create(false)).rejects.toThrow(/of orders, .* of another\..*\[blocked\]/);
    expect(writes()).toEqual([]);
  });

  it("are another matter than an agent that is just joining", async () => {
    const { create } = two({ identity: "SCALING OUT", zones: 1 });
    expect((await create(true)).outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
  });
});

describe("an operator on a failed task", () => {
  const OPERATE = /^\/api\/v1\/task\/dag\//;
  const args = { onFailure: "retry" };

  /** An upgrade that failed because the first observer did not come up again, and the state that the run has left. */
  async function failed() {
    const made = rig();
    const { cluster, lifecycle, inputs } = made;
    cluster.control.fail({ stage: "Reinstall and restart observer" });
    const first = await partial(lifecycle.create(inputs(args)));
    cluster.control.loseDatabase("gone", { agents: [0] });
    return {
      ...made,
      again: () => lifecycle.update(first.id, first.properties, inputs(args)),
      sent: () => {
        const posts = cluster.journal.entries.filter(({ method, path }) => method === "POST" && OPERATE.test(path));
        return posts.map(({ host, status }) => [host, status]);
      },
    };
  }

  it("goes to an agent that has its database, where the first one lacks it", async () => {
    const { clock, cluster, again, sent, writes } = await failed();
    clock.after(30_000, () => cluster.control.restoreDatabase());
    const { outs } = await again();
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(sent()).toEqual([["agent2", 200]]);
    expect(writes()).toBe(1);
  });

  it("goes on to the next agent when the one that is asked has just lost its database", async () => {
    const { cluster, again, sent } = await failed();
    cluster.control.restoreDatabase();
    cluster.onCall(({ agent, request }) => {
      if (request.method !== "POST" || sent().length > 0) return;
      cluster.control.loseDatabase("gone", { agents: [Number(agent.slice(-1)) - 1], ms: 30_000 });
    });
    expect((await again()).outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(sent().map(([, status]) => status)).toEqual([500, 200]);
  });

  it("is not sent to another agent after an answer was lost", async () => {
    const { cluster, again, sent } = await failed();
    cluster.control.restoreDatabase();
    cluster.faults.add({ match: { method: "POST", path: OPERATE }, fault: { kind: "loseReply" } });
    expect((await again()).outs).toMatchObject({ status: "current" });
    expect(sent()).toHaveLength(1);
  });

  it("is not sent to another agent after one has refused it for good", async () => {
    const { cluster, again, sent } = await failed();
    cluster.control.restoreDatabase();
    const error = {
      errCode: "Task.Dag.Operator.RetryNotFailedDag",
      message: "Failed to set DAG retry: DAG state is not failed",
    };
    const body = JSON.stringify({ successful: false, status: 400, error });
    cluster.faults.add({ match: { method: "POST", path: OPERATE }, fault: { kind: "replace", status: 400, body } });
    await partial(again());
    expect(sent()).toHaveLength(1);
  });

  it("that no agent can take now leaves the task as it is, and says so", async () => {
    const { cluster, again, sent, said } = await failed();
    const error = { errCode: "Agent.OceanBase.NotHold", message: "Task not found: Agent is not holding OceanBase" };
    const body = JSON.stringify({ successful: false, status: 500, error });
    cluster.faults.add({
      match: { method: "POST", path: OPERATE },
      times: 9,
      fault: { kind: "replace", status: 500, body },
    });
    expect((await partial(again())).reasons[0]).toContain("[upgrade-failed]");
    const hosts = sent().map(([host]) => host);
    // The first cannot tell its cluster any more.
    expect(hosts.sort()).toEqual(["agent2", "agent3"]);
    expect(said().join()).toContain("10.77.0.2:2886 cannot report yet which cluster it belongs to");
  });
});

describe("a password that the first agent has not learnt, and cannot compare", () => {
  const STATUS = "/api/v1/status";
  const NEWER = "r0tated";

  it.each([
    ["gone", "4.3.3.0-102025103117"],
    ["dead", "4.3.3.0-102025103117"],
    ["gone", "4.3.0.0-102025043011"],
  ] as const)("is not called wrong: the others are asked (%s, agents of %s)", async (how, agentVersion) => {
    const { lifecycle, inputs, cluster } = world({ buildVersion: TARGET_BUILD, agentVersion }, how);
    cluster.control.setRootPassword(NEWER);
    const { outs } = await lifecycle.create(inputs({ password: NEWER }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(cluster.journal.count("GET", STATUS)).toBeGreaterThan(0);
  });

  it("is waited for while no agent can compare it", async () => {
    const { lifecycle, inputs, cluster, lines } = rig({ buildVersion: TARGET_BUILD });
    cluster.control.setRootPassword(NEWER);
    cluster.control.loseDatabase("gone", { ms: 40_000 });
    expect((await lifecycle.create(inputs({ password: NEWER }))).outs).toMatchObject({ status: "current" });
    expect(lines.map(({ message }) => message).join()).toContain(
      "cannot check the password, because it cannot reach its database: Unauthorized: OceanBase password is incorrect",
    );
  });

  it("that is wrong is told at once by the agent that can compare it", async () => {
    const { lifecycle, inputs, clock, cluster } = world({ buildVersion: TARGET_BUILD });
    const began = clock.now();
    await expect(lifecycle.create(inputs({ password: "wrong" }))).rejects.toThrow(
      /OceanBase password is incorrect \(.*\)\. Set `password` to the password of root@sys.*\[unauthorized\]/,
    );
    expect(clock.since(began)).toBeLessThan(5_000);
    expect(cluster.writes()).toEqual([]);
  });

  it("and that is being asked about when the time is up is not called wrong either", async () => {
    const { lifecycle, inputs, cluster } = world({ buildVersion: TARGET_BUILD });
    cluster.control.setRootPassword(NEWER);
    cluster.faults.add({ match: { path: STATUS }, times: 99, fault: { kind: "hang" } });
    const args = inputs({ password: NEWER, __timeouts: { create: "3s" } });
    await expect(lifecycle.create(args)).rejects.toThrow(/nothing was sent.*\[deadline\]/);
  });

  it("does not keep an operator from the agent that knows it", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const args = { onFailure: "retry", password: NEWER };
    cluster.control.setRootPassword(NEWER);
    cluster.control.fail({ stage: "Execute upgrade pre script" });
    const first = await partial(lifecycle.create(inputs(args)));
    const [agent] = cluster.agents;
    if (agent !== undefined) agent.rootPassword = PASSWORD;
    cluster.control.loseDatabase("gone", { agents: [0], ms: 60_000 });
    // The task is read through the first agent no more; only the operator goes there.
    const { outs } = await lifecycle.update(first.id, first.properties, inputs(args));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
  });
});
