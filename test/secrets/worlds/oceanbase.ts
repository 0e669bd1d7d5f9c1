import { createTransport, ObshellCluster } from "../../simulators";
import { simulatedTransport } from "../../support/simulated-transport";
import { VirtualClock } from "../../support/virtual-clock";
import { canary, canaryKey } from "../canary";
import type { SecretType } from "./world";

function oceanbase(what: "AgentVersion" | "ClusterVersion"): SecretType {
  const agents = what === "AgentVersion";
  return {
    type: `oceanbase:${what}`,
    login: "passwords",
    addresses: ["endpoints"],
    places: {
      password: { config: "oceanbase:password", env: "OCEANBASE_PASSWORD" },
      agentPassword: { config: "oceanbase:agentPassword", env: "OCEANBASE_AGENT_PASSWORD" },
    },
    open: () => {
      const secrets = { password: canary("Root"), agentPassword: canary("Agent"), clientKey: canaryKey("Key") };
      const clock = new VirtualClock();
      const cluster = new ObshellCluster({
        clock,
        rootPassword: secrets.password.value,
        buildVersion: "4.2.1.8-108000022024072217",
      });
      cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
      cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
      const target = agents
        ? { version: "4.4.2.0", release: "102026041610.el7" }
        : { version: "4.3.5.2", release: "102000042025031214.el7" };
      return {
        clock,
        system: cluster,
        send: simulatedTransport(createTransport(cluster, { sleep: (ms) => clock.sleep(ms) })),
        args: { endpoints: cluster.endpoints.map((address) => `http://${address}`), ...target },
        secrets,
        beside: { clientCertificate: secrets.clientKey.certificate },
        derived: [],
        fail: (message) =>
          cluster.control.fail({
            logs: message.split("\n"),
            ...(agents ? {} : { stage: "Execute upgrade pre script" }),
          }),
        problem: (status, message) => ({
          successful: false,
          timestamp: new Date(clock.now()).toISOString(),
          status,
          error: { code: 1000, errCode: "OB.Some.Code", message },
        }),
      };
    },
  };
}

export const OCEANBASE: readonly SecretType[] = [oceanbase("AgentVersion"), oceanbase("ClusterVersion")];
