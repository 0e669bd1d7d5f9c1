import { ObshellCluster, ScaledClock, serve } from "../../simulators";
import type { Opened, System } from "../served";

/** Simulated seconds of OceanBase in a real one. */
const SPEED = 30;
const PASSWORD = "r00t-p@ssword";
const OB_OLD = "4.2.1.8-108000022024072217";

/** Separate clusters for the agents and for the database, because an upgrade of one would delay the other. */
export async function openObshell(what: "agents" | "database", password = PASSWORD): Promise<Opened> {
  const cluster = new ObshellCluster({ clock: new ScaledClock(SPEED), rootPassword: password, buildVersion: OB_OLD });
  cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
  cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
  const served = await serve(cluster, { speed: SPEED });
  const path = what === "agents" ? "/api/v1/agent/upgrade" : "/api/v1/ob/upgrade";
  const stage = what === "agents" ? undefined : "Execute upgrade post script";
  const hangs = () => cluster.dags.at(-1)?.hung === true;
  const common = {
    upgradePath: path,
    faults: cluster.faults,
    writes: () => cluster.journal.count("POST", path),
    accepted: () => cluster.acceptedUpgrades.length,
    requests: () => cluster.journal.entries.length,
    hang: () => cluster.control.hang(stage === undefined ? {} : { stage }),
    hangs,
    unhang: () => {
      if (hangs()) cluster.control.unhang();
    },
    fail: () => {
      cluster.control.fail();
      cluster.control.unhang();
    },
    loseReply: () => void cluster.faults.add({ match: { method: "POST", path }, fault: { kind: "loseReply" } }),
  };
  const targetArgs = { endpoints: served.origins, password };
  const system: System =
    what === "agents"
      ? {
          ...common,
          name: "orders-agents",
          type: "oceanbase.AgentVersion",
          args: { ...targetArgs, version: "4.4.2.0", release: "102026041610.el7" },
          currentArgs: { ...targetArgs, version: "4.3.3.0" },
          before: "4.3.3.0",
          after: "4.4.2.0",
          plan: /4\.3\.3\.0 → 4\.4\.2\.0, restarting 3 agents/,
          downgrade: () => cluster.control.setAgentVersion("4.3.3.0-102025103117"),
        }
      : {
          ...common,
          name: "orders",
          type: "oceanbase.ClusterVersion",
          args: { ...targetArgs, version: "4.3.5.2", release: "102000042025031214.el7" },
          currentArgs: { ...targetArgs, version: "4.2.1.8" },
          before: "4.2.1.8",
          after: "4.3.5.2",
          plan: /4\.2\.1\.8 → 4\.3\.5\.2, rolling over 3 zones/,
          downgrade: () => cluster.control.setBuildVersion(OB_OLD),
        };
  return { systems: [system], close: () => served.close() };
}
