import { z } from "zod";
import { commonArguments } from "../core/arguments";
import { undiciTransport } from "../http/undici-transport";
import { checkTls, connection, onFailure, packages, release, upgradeDir } from "./arguments";
import { cluster } from "./cluster";
import { type Connect, upgradeKind } from "./kind";
import { releaseNeedsExactVersion, version } from "./version";

const inputs = z
  .strictObject({
    ...connection,
    version,
    release: release.optional(),
    mode: z.enum(["rolling", "stopService"], { error: 'must be "rolling" or "stopService"' }).optional(),
    upgradeDir: upgradeDir.optional(),
    freezeServer: z.boolean({ error: "must be true or false" }).optional(),
    packages: packages.optional(),
    onFailure: onFailure.optional(),
    ...commonArguments,
  })
  .superRefine(releaseNeedsExactVersion)
  .superRefine(checkTls);

const HOUR = 3_600_000;

/** `oceanbase.ClusterVersion`: the OceanBase version of a cluster, upgraded by its obshell agents. */
export function clusterVersion(connect: Connect = undiciTransport) {
  return upgradeKind({ inputs, system: cluster, timeout: 2 * HOUR }, connect);
}
