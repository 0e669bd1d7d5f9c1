import { describe, expect, it } from "vitest";
import { AGENT_TARGET, OB_TARGET, ROLLING, STOP_SERVICE, Trial } from "./trial";

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

describe("a server whose agent the cluster does not know", () => {
  it("stands in the topology without a port, and is upgraded by nobody: the upgrade is accepted and fails", async () => {
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

  it("does not keep the agents from their upgrade", async () => {
    const trial = new Trial();
    trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    trial.cluster.control.unregisterAgent(2);
    await trial.data("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED" });
  });
});

describe("a server out of service", () => {
  it("is STOPPED in the topology, and the upgrade waits for it in vain once it has locked the cluster", async () => {
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

  it("is waited for in vain where the service stops anyway, too: a restart does not bring it back", async () => {
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
  ])("is looked for before an agent upgrade from 4.3.0.0 on (%s: %i)", async (agentVersion, status) => {
    const trial = new Trial({ agentVersion });
    trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    trial.cluster.control.stopAgent(2);
    expect((await trial.call("POST", "/api/v1/agent/upgrade", AGENT_TARGET)).status).toBe(status);
  });
});
