import { z } from "zod";
import { commonArguments } from "../core/arguments";
import { undiciTransport } from "../http/undici-transport";
import { obshellAgents } from "./agent";
import { checkTls, connection, onFailure, packages, release, upgradeDir } from "./arguments";
import { type Connect, upgradeKind } from "./kind";
import { releaseNeedsExactVersion, version } from "./version";

const inputs = z
  .strictObject({
    ...connection,
    version,
    release: release.optional(),
    upgradeDir: upgradeDir.optional(),
    packages: packages.optional(),
    onFailure: onFailure.optional(),
    ...commonArguments,
  })
  .superRefine(releaseNeedsExactVersion)
  .superRefine(checkTls);

const MINUTE = 60_000;

/** `oceanbase.AgentVersion`: the version of a cluster's obshell agents. */
export function agentVersion(connect: Connect = undiciTransport) {
  return upgradeKind({ inputs, system: obshellAgents, timeout: 30 * MINUTE }, connect);
}
