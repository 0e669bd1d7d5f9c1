import { agentVersion, clusterVersion } from "../../../provider/oceanbase/kind";
import { ObshellCluster } from "../../simulators";
import { completed, loadedOnce, type ResourceType, type TestedSystem } from "../system";
import { openObshell } from "./served";

const PASSWORD = "r00t-p@ssword";
const QUICK = { readyMs: 40, pendingMs: 15, settleMs: 15, stageMs: 50, stages: {}, byKind: {} };

function obshell(type: string, what: "agents" | "database", upgradePath: RegExp, targetArgs: object): ResourceType {
  return {
    type,
    upgradePath,
    make: (clock) => {
      const system = new ObshellCluster({
        clock,
        rootPassword: PASSWORD,
        buildVersion: "4.2.1.8-108000022024072217",
        zones: 1,
        timings: QUICK,
      });
      system.control.addObPackages("4.3.5.2", "102000042025031214.el7");
      system.control.addAgentPackage("4.4.2.0", "102026041610.el7");
      const endpoints = system.endpoints.map((address) => `http://${address}`);
      const args = { endpoints, password: PASSWORD, ...targetArgs };
      return { type, args, system, upgradePath, accepted: () => system.acceptedUpgrades.length };
    },
    open: () => openObshell(what),
  };
}

export const oceanbase: TestedSystem = {
  vendor: "oceanbase",
  types: [
    obshell("oceanbase:ClusterVersion", "database", /^\/api\/v1\/ob\/upgrade$/, {
      version: "4.3.5.2",
      release: "102000042025031214.el7",
      mode: "stopService",
    }),
    obshell("oceanbase:AgentVersion", "agents", /^\/api\/v1\/agent\/upgrade$/, {
      version: "4.4.2.0",
      release: "102026041610.el7",
    }),
  ],
  kinds: (connect) =>
    loadedOnce({
      "oceanbase:ClusterVersion": () => clusterVersion(connect),
      "oceanbase:AgentVersion": () => agentVersion(connect),
    }),
  open: [() => openObshell("agents"), () => openObshell("database")],
  restore: (clock, saved) =>
    new ObshellCluster({ clock, state: completed(new ObshellCluster({ clock }).export(), saved) }),
};
