import { z } from "zod";
import { counted } from "../base/sentences";
import { commonArguments } from "../core/arguments";
import { changeArguments, checkChangeArguments } from "../core/control/arguments";
import { undiciTransport } from "../http/undici-transport";
import { addressOf } from "./agent/schema";
import { agentArguments, backups, checkTls, connection, releaseNeedsExactVersion, upgrade } from "./arguments";
import { type Connect, upgradeKind } from "./kind";
import { OBSHELL } from "./packages/packages";
import { agentsRun, lockReleased, observersAvailable, packagesUploaded } from "./preflight";
import type { System } from "./system";
import { agentUpgradeTarget } from "./tasks/dag";

const inputs = z
  .strictObject({ ...connection, ...agentArguments, ...upgrade, ...commonArguments, ...changeArguments, ...backups })
  .superRefine(checkChangeArguments)
  .superRefine(releaseNeedsExactVersion)
  .superRefine(checkTls);

const MINUTE = 60_000;

/** `oceanbase.AgentVersion`: the version of a cluster's obshell agents. */
export function agentVersion(connect: Connect = undiciTransport) {
  return upgradeKind({ inputs, system: obshellAgents, timeout: 30 * MINUTE }, connect);
}

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
