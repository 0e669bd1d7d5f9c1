import { z } from "zod";
import { counted } from "../base/sentences";
import { commonArguments } from "../core/arguments";
import { changeArguments, checkChangeArguments } from "../core/control/arguments";
import type { Version } from "../core/version";
import { undiciTransport } from "../http/undici-transport";
import { addressOf } from "./agent/schema";
import { backups, checkTls, clusterArguments, connection, releaseNeedsExactVersion, upgrade } from "./arguments";
import { type Connect, upgradeKind } from "./kind";
import { OCEANBASE } from "./packages/packages";
import {
  agentsRun,
  calleeBefore,
  lockNotes,
  observersAvailable,
  packagesUploaded,
  serversActive,
  serversHaveAgents,
  zonesActive,
  zonesForRolling,
} from "./preflight";
import type { System, UpgradeArguments } from "./system";
import { obUpgradeTarget } from "./tasks/dag";

const inputs = z
  .strictObject({ ...connection, ...clusterArguments, ...upgrade, ...commonArguments, ...changeArguments, ...backups })
  .superRefine(checkChangeArguments)
  .superRefine(releaseNeedsExactVersion)
  .superRefine(checkTls);

const HOUR = 3_600_000;

/** The first agents that know `freeze_server`. */
const FREEZE: Version = { parts: [4n, 4n, 0n, 0n] };

/** `oceanbase.ClusterVersion`: the OceanBase version of a cluster, upgraded by its obshell agents. */
export function clusterVersion(connect: Connect = undiciTransport) {
  return upgradeKind({ inputs, system: cluster, timeout: 2 * HOUR }, connect);
}

export interface ClusterCall extends UpgradeArguments {
  readonly mode?: "rolling" | "stopService" | undefined;
  readonly freezeServer?: boolean | undefined;
}

/** The OceanBase database of a cluster: every observer's `build_version`. */
export const cluster: System<ClusterCall> = {
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
    ...(freezeServer === true && calleeBefore(ready, FREEZE)
      ? [
          `\`freezeServer\` has no effect: agents before 4.4.0.0 ignore it (${ready.callee}). Upgrade the agents first, with \`oceanbase.AgentVersion\`, or leave it out.`,
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
    ...(freezeServer === undefined ? {} : { freeze_server: freezeServer }),
  }),
};
