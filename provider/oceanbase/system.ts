import { counted } from "../base/sentences";
import type { Json } from "../core/request";
import type { Member } from "../core/unit";
import type { Version } from "../core/version";
import { addressOf, type ObInfo } from "./agent/schema";
import { type Edition, OBSHELL, OCEANBASE, type Target } from "./packages/packages";
import {
  agentsRun,
  type Check,
  lockNotes,
  lockReleased,
  observersAvailable,
  packagesUploaded,
  type Readiness,
  recipientIsBefore,
  serversActive,
  serversHaveAgents,
  zonesActive,
  zonesForRolling,
} from "./preflight";
import { agentUpgradeTarget, type DagTarget, obUpgradeTarget } from "./tasks/dag";

/** Upgrade request arguments of both systems. */
export interface UpgradeArguments {
  readonly endpoints: readonly string[];
  readonly password?: string | undefined;
  readonly agentPassword?: string | undefined;
  readonly version: string;
  readonly release?: string | undefined;
  readonly upgradeDir?: string | undefined;
  /** Of the database only. */
  readonly mode?: "rolling" | "stopService" | undefined;
  /** Of the database only. */
  readonly freezeServer?: boolean | undefined;
  /** Paths of local RPM files. */
  readonly packages?: readonly string[] | undefined;
  /** The tenants whose backups count; all user tenants if empty. */
  readonly backup?: { readonly tenants?: readonly string[] | undefined } | undefined;
}

/**
 * The differences between the two systems that obshell upgrades: the database and the agents. Authentication, tasks,
 * lock, packages and waiting are shared.
 */
export interface System {
  /** For messages: `OceanBase cluster`. */
  readonly title: string;
  /** The path of the upgrade request, such as `/api/v1/ob/upgrade`. */
  readonly path: string;
  /** The target in the name of such an upgrade's DAG; undefined for every other DAG. */
  readonly dagTarget: (name: string) => DagTarget | undefined;
  /** The current version of each member, as written by the vendor, with the address of the agent beside it. */
  readonly running: (info: ObInfo) => readonly Running[];
  /** The packages that an upgrade needs; the first edition is assumed when none is uploaded. */
  readonly editions: readonly Edition[];
  /** Whether the upgrade may require intermediate versions. */
  readonly routed: boolean;
  readonly checks: readonly Check[];
  /** Warnings that do not block the upgrade. */
  readonly notes?: (readiness: Readiness, args: UpgradeArguments) => readonly string[];
  /** For the plan line: `rolling over 3 zones`. */
  readonly how: (args: UpgradeArguments, readiness: Readiness) => string;
  readonly body: (args: UpgradeArguments, target: Target) => Json;
}

export interface Running {
  readonly name: Member["name"];
  readonly version: string;
  /** `ip:port` of the agent that compares a target with this member. */
  readonly agent: string;
}

/** The first agents that know `freeze_server`. */
const FREEZE: Version = { parts: [4n, 4n, 0n, 0n] };

/** The OceanBase database of a cluster: every observer's `build_version`. */
export const cluster: System = {
  title: "OceanBase cluster",
  path: "/api/v1/ob/upgrade",
  dagTarget: obUpgradeTarget,
  running: ({ obcluster_info: { topology } }) =>
    Object.values(topology ?? {})
      .flat()
      .map((server) => ({
        name: addressOf(server.svr_ip, server.svr_port),
        version: server.build_version,
        agent: addressOf(server.svr_ip, server.agent_port),
      })),
  editions: OCEANBASE,
  routed: true,
  checks: [
    zonesForRolling,
    serversHaveAgents,
    agentsRun,
    observersAvailable,
    serversActive,
    zonesActive,
    packagesUploaded,
  ],
  notes: (ready, { freezeServer }) => [
    ...lockNotes(ready),
    ...(freezeServer === true && recipientIsBefore(ready, FREEZE)
      ? [
          `\`freezeServer\` has no effect: agents before 4.4.0.0 ignore it (${ready.agentVersion}). Upgrade the agents first, with \`oceanbase.AgentVersion\`, or leave it out.`,
        ]
      : []),
  ],
  how: ({ mode }, { zones }) => {
    const count = counted(zones, "zone");
    return mode === "stopService" ? `stopping the service of ${count}` : `rolling over ${count}`;
  },
  body: ({ mode, upgradeDir, freezeServer }, target) => ({
    ...target,
    mode: mode ?? "rolling",
    upgradeDir: upgradeDir ?? "",
    freeze_server: freezeServer,
  }),
};

/**
 * The obshell agents of a cluster: `agent_info[].version` of each. All agents restart at the same time, so none
 * responds for tens of seconds. A database upgrade upgrades them as well, because its package contains an obshell.
 */
export const obshellAgents: System = {
  title: "obshell agents of the cluster",
  path: "/api/v1/agent/upgrade",
  dagTarget: agentUpgradeTarget,
  running: ({ agent_info: agents }) =>
    (agents ?? []).map(({ ip, port, version }) => ({ name: addressOf(ip, port), version, agent: addressOf(ip, port) })),
  editions: OBSHELL,
  routed: false,
  // obshell does not check the observers before this request, but each host fetches its package through its own.
  checks: [agentsRun, observersAvailable, lockReleased, packagesUploaded],
  notes: ({ servers }) =>
    servers
      .filter(({ agent }) => agent === undefined)
      .map(({ name }) => `The server ${name} has no obshell agent known to the cluster; nothing is upgraded there.`),
  how: (_, { agents }) => `restarting ${counted(agents.length, "agent")}`,
  body: ({ upgradeDir }, target) => ({ ...target, upgradeDir: upgradeDir ?? "" }),
};
