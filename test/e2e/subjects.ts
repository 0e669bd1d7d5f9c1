import type { ObshellCluster } from "../simulators";

/** A version as arguments of a program, and as it is observed. */
export interface VersionArgs {
  readonly args: { readonly version: string; readonly release: string };
  /** With its build, as in `members`. */
  readonly build: string;
}

/** The subject of a scenario: one of the two resource types that obshell upgrades. */
export interface Subject {
  /** Class in `oceanbase`. */
  readonly type: "ClusterVersion" | "AgentVersion";
  /** The path of the upgrade request. */
  readonly path: string;
  readonly old: VersionArgs;
  readonly target: VersionArgs;
  readonly next: VersionArgs;
  /** Simulated seconds that pass in a real one, so that an upgrade takes three to five of them. */
  readonly speed: number;
  /** The method in the plan line of a preview. */
  readonly how: string;
  readonly kind: string;
  readonly stages: number;
  /** A stage near the end, after the restart of the agents. */
  readonly lateStage: string;
  readonly failing: { readonly stage: string; readonly number: number };
  /** Options of a cluster with a current version. */
  running(versionArgs: VersionArgs): { readonly buildVersion?: string; readonly agentVersion?: string };
  /** Changes the current version outside this tool. */
  replace(cluster: ObshellCluster, versionArgs: VersionArgs): void;
  /** The current version of each member. */
  versions(cluster: ObshellCluster): readonly string[];
}

const versionArgs = (version: string, release: string): VersionArgs => ({
  args: { version, release },
  build: `${version}-${release.split(".")[0]}`,
});

export const DATABASE: Subject = {
  type: "ClusterVersion",
  path: "/api/v1/ob/upgrade",
  old: versionArgs("4.2.1.8", "108000022024072217.el7"),
  target: versionArgs("4.3.5.2", "102000042025031214.el7"),
  next: versionArgs("4.3.5.4", "104000042025090916.el7"),
  speed: 30,
  how: "rolling over 3 zones",
  kind: "OB rolling upgrade",
  stages: 30,
  lateStage: "Execute upgrade post script",
  failing: { stage: "Execute upgrade pre script", number: 12 },
  running: ({ build }) => ({ buildVersion: build }),
  replace: (cluster, { build }) => cluster.control.setBuildVersion(build),
  versions: (cluster) => cluster.agents.map((agent) => agent.observer.build),
};

export const AGENTS: Subject = {
  type: "AgentVersion",
  path: "/api/v1/agent/upgrade",
  old: versionArgs("4.3.3.0", "102025103117.el7"),
  target: versionArgs("4.4.2.0", "102026041610.el7"),
  next: versionArgs("4.5.0.0", "102026050817.el7"),
  speed: 5,
  how: "restarting 3 agents",
  kind: "Upgrade obshell",
  stages: 9,
  lateStage: "Upgrade post table maintain",
  failing: { stage: "Install new obshell", number: 6 },
  running: ({ build }) => ({ agentVersion: build }),
  replace: (cluster, { build }) => cluster.control.setAgentVersion(build),
  versions: (cluster) => cluster.agents.map((agent) => agent.version),
};

export const SUBJECTS: readonly Subject[] = [DATABASE, AGENTS];
