import { describe, expect, it } from "vitest";
import { rig } from "./rig";

type World = ReturnType<typeof rig>;

/** Looks at every agent and observer itself before it accepts, and one that looks at none. */
const RECENT = "4.4.2.0-102026041610";
const OLD = "4.2.5.0-112024111111";
const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
const STATUS = "/api/v1/agents/status";

const types = {
  "oceanbase:ClusterVersion": (world: World) => world.inputs(),
  "oceanbase:AgentVersion": (world: World) => {
    world.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    const __urn = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";
    return { ...world.inputs(AGENTS), __urn };
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
    "an agent that does not run",
    ({ cluster }) => cluster.control.stopAgent(2),
    /An agent is not running: 10\.77\.0\.4:2886\. Run `obshell agent start`/,
    both,
  ],
  [
    "an observer that is gone",
    ({ cluster }) => cluster.control.loseDatabase("gone", { agents: [1] }),
    /An observer is not available: 10\.77\.0\.3:2886\. Start these observers/,
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

describe("an upgrade that obshell would accept and not finish", () => {
  it.each(cases)("$type, agents of $agentVersion: $what is told by its name, and nothing is sent", async (one) => {
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
  ])("is known from the list of servers alone, where the agents find nothing (%s)", async (status, change) => {
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

  it("is known from a zone that was stopped", async () => {
    const world = rig({ agentVersion: RECENT });
    world.cluster.control.stopZone("zone2");
    await expect(world.lifecycle.create(world.inputs())).rejects.toThrow(
      /A zone is not in service: zone2\. Start these zones with ALTER SYSTEM START ZONE/,
    );
    expect(world.writes()).toBe(0);
  });

  it("leaves agents alone to be upgraded, and names the server that has none", async () => {
    const world = rig({ agentVersion: RECENT });
    const inputs = types["oceanbase:AgentVersion"](world);
    world.cluster.control.unregisterAgent(2);
    expect((await world.lifecycle.create(inputs)).outs).toMatchObject({ status: "current" });
    expect(world.said()).toContain(
      "The server 10.77.0.4:2882 has no obshell agent known to the cluster; nothing is upgraded there.",
    );
  });
});

describe("agents that do not say which of them run", () => {
  it.each(both)("keep %s from being upgraded until they do", async (type) => {
    const world = rig({ agentVersion: OLD });
    const inputs = types[type](world);
    // An unreachable agent keeps the one that is asked from answering in time.
    world.cluster.faults.add({ match: { path: STATUS }, times: 12, fault: { kind: "reset" } });
    expect((await world.lifecycle.create(inputs)).outs).toMatchObject({ status: "current" });
    expect(world.lines.map(({ message }) => message).join()).toContain("one of them may be unreachable");
  });

  it.each(both)("and never do: %s is not upgraded", async (type) => {
    const world = rig({ agentVersion: OLD });
    const inputs = { ...types[type](world), unreachableTimeout: "3m" };
    world.cluster.faults.add({ match: { path: STATUS }, times: 9_999, fault: { kind: "reset" } });
    await expect(world.lifecycle.create(inputs)).rejects.toThrow(
      /no agent reported which agents of the cluster are running \(10\.77\.0\.2:2886, .*\); one of them may be unreachable.*\[unreachable\]/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });
});
