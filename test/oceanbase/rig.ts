import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Log, LogLine } from "../../provider/frontend/resource/log";
import { agentVersion, clusterVersion } from "../../provider/oceanbase/kind";
import { createTransport, ObshellCluster } from "../simulators";
import { FedBackLifecycle } from "../support/feed-back";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";

export const PASSWORD = "r00t-p@ssword";
export const OLD_BUILD = "4.2.1.8-108000022024072217";
export const TARGET = { version: "4.3.5.2", release: "102000042025031214.el7" };
export const TARGET_BUILD = "4.3.5.2-102000042025031214";
export const UPGRADE = "/api/v1/ob/upgrade";
export const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::orders";
/** The target of an upgrade of the agents, and the resource that has it. */
export const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
export const AGENT_URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";

export interface Rig {
  readonly clock: VirtualClock;
  readonly cluster: ObshellCluster;
  readonly lifecycle: DynamicProvider;
  readonly lines: LogLine[];
  /** Inputs as the engine sends them. */
  inputs(args?: Record<string, unknown>): Record<string, unknown>;
  /** Upgrade requests that reached the cluster. */
  writes(): number;
  /** Log lines that are not ephemeral. */
  messages(): string[];
}

type ClusterOptions = Omit<ConstructorParameters<typeof ObshellCluster>[0], "clock">;

/**
 * A cluster in memory, a lifecycle that uses it, and one clock for both.
 * @param skew milliseconds by which the lifecycle's clock differs from the cluster's
 * @param skipped sleeps of the lifecycle that return at once, by their milliseconds
 */
export function rig(options: ClusterOptions = {}, skew = 0, skipped: readonly number[] = []): Rig {
  const clock = new VirtualClock();
  let ahead = 0;
  const cluster = new ObshellCluster({ clock, rootPassword: PASSWORD, buildVersion: OLD_BUILD, ...options });
  cluster.control.addObPackages(TARGET.version, TARGET.release);
  const lines: LogLine[] = [];
  const log: Log = { write: (line) => lines.push(line), flush: async () => undefined };
  const send = createTransport(cluster, { sleep: (ms) => clock.sleep(ms) });
  const connect = () => simulatedTransport(send);
  const lifecycle = new FedBackLifecycle({
    kinds: {
      "oceanbase:AgentVersion": async () => agentVersion(connect),
      "oceanbase:ClusterVersion": async () => clusterVersion(connect),
    },
    log,
    rhythm: { change: 0, repeat: 60_000 },
    clock: {
      now: () => clock.now() + skew,
      elapsed: () => clock.now() + ahead,
      sleep: async (ms, signal) => {
        if (!skipped.includes(ms)) return clock.sleep(ms, signal);
        ahead += ms;
      },
    },
    env: {},
  });
  return {
    clock,
    cluster,
    lifecycle,
    lines,
    inputs: (args = {}) => ({
      endpoints: cluster.endpoints.map((address) => `http://${address}`),
      password: PASSWORD,
      ...TARGET,
      ...args,
      __urn: URN,
      __provider: "text",
    }),
    writes: () => cluster.journal.count("POST", UPGRADE),
    messages: () => lines.filter((line) => !line.ephemeral).map((line) => line.message),
  };
}
