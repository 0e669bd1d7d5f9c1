import { z } from "zod";
import { commonArguments, definedBy } from "../../core/arguments";
import { changeArguments, checkChangeArguments } from "../../core/control/arguments";
import type { ResourceKind } from "../../core/kind";
import { type Constraint, parseConstraint } from "../../core/version/constraint";
import { driftOf } from "../../core/version/drift";
import { formatParts, lowestVersion } from "../../core/version/version";
import { completeConnection } from "../../huaweicloud/arguments";
import { type Connect, networkTransport } from "../../huaweicloud/connection";
import type { Environment } from "../../huaweicloud/service";
import { connection, latestHasNoNewer, starRocksArguments, upgrade } from "../arguments";
import { openAccess } from "../project";
import { shared, TAURUSDB } from "../service";
import { StarRocksDriver } from "./driver";
import type { StarRocksObservation } from "./look";
import { standingOf } from "./standing";

const HOUR = 3_600_000;

function inputs(env: Environment) {
  return z
    .strictObject({ ...starRocksArguments, ...upgrade, ...connection, ...commonArguments, ...changeArguments })
    .superRefine(checkChangeArguments)
    .superRefine(latestHasNoNewer)
    .superRefine(completeConnection(TAURUSDB, env));
}

type Arguments = z.infer<ReturnType<typeof inputs>>;

/** `taurusdb.StarRocksVersion`: the kernel of a StarRocks instance beside a TaurusDB instance. */
export function starRocksVersion(
  connect: Connect = networkTransport,
  env: Environment = process.env,
): ResourceKind<Arguments, StarRocksObservation> {
  return {
    ...shared,
    ...definedBy(inputs(env)),
    timeout: HOUR,
    identifiedBy: ["starRocksInstanceId"],
    identity: ({ starRocksInstanceId }) => [starRocksInstanceId],
    open: (args, runtime) =>
      new StarRocksDriver({
        access: openAccess(args, runtime, connect, env),
        args,
        constraint: constraintOf(args),
        runtime,
      }),
    outputs: ({ members }) => {
      const lowest = lowestVersion(members.map((member) => member.version));
      return {
        ...(lowest === undefined ? {} : { currentVersion: formatParts(lowest) }),
        members: Object.fromEntries(members.map((member) => [member.name, formatParts(member.version)])),
      };
    },
    drifted: (args, { members, known }) => {
      const stand = standingOf(known, constraintOf(args));
      return driftOf(
        members,
        () => (stand === "unclear" ? "holds" : stand),
        (lowest) => ({
          version: formatParts(lowest),
        }),
      );
    },
  };
}

function constraintOf(args: Pick<Arguments, "version">): Constraint {
  const constraint = parseConstraint(args.version);
  if (constraint === undefined) throw new Error(`not a version: ${args.version}`);
  return constraint;
}
