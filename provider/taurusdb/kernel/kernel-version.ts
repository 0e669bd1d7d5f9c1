import { z } from "zod";
import { type CommonArguments, commonArguments, definedBy } from "../../core/arguments";
import { changeArguments, checkChangeArguments } from "../../core/control/arguments";
import type { ResourceKind } from "../../core/kind";
import { type Constraint, parseConstraint } from "../../core/version/constraint";
import { driftOf } from "../../core/version/drift";
import { formatVersion, lowestVersion } from "../../core/version/version";
import { completeConnection } from "../../huaweicloud/arguments";
import { type Connect, networkTransport } from "../../huaweicloud/connection";
import type { Environment } from "../../huaweicloud/service";
import { connection, kernelArguments, latestHasNoNewer, upgrade } from "../arguments";
import { openAccess } from "../project";
import { shared, TAURUSDB } from "../service";
import { KernelDriver } from "./driver";
import { FRESH, type KernelObservation } from "./look";

const MINUTE = 60_000;

function inputsFor(env: Environment) {
  return z
    .strictObject({ ...connection, ...kernelArguments, ...upgrade, ...commonArguments, ...changeArguments })
    .superRefine(checkChangeArguments)
    .superRefine(completeConnection(TAURUSDB, env))
    .superRefine(latestHasNoNewer);
}

type KernelArguments = z.infer<ReturnType<typeof inputsFor>> & CommonArguments;

/** `taurusdb.KernelVersion`: the kernel version of TaurusDB instances, upgraded in batches. */
export function kernelVersion(
  connect: Connect = networkTransport,
  env: Environment = process.env,
): ResourceKind<KernelArguments, KernelObservation> {
  return {
    ...shared,
    ...definedBy(inputsFor(env)),
    // The manual says to check after 2 to 5 minutes whether an accepted upgrade has started. A read may be shared with
    // another resource, and therefore older than its response.
    times: { ...shared.times, settleTime: 5 * MINUTE, spacing: shared.times.spacing + FRESH },
    timeout: 120 * MINUTE,
    tellsProblems: true,
    identifiedBy: ["instanceIds"],
    identity: (args) => args.instanceIds,
    open: (args, runtime) =>
      new KernelDriver({
        access: openAccess(args, runtime, connect, env),
        ids: args.instanceIds,
        constraint: constraintOf(args),
        runtime,
        schedules: args.schedule === "maintenance-window",
        preCheck: args.preCheck ?? true,
      }),
    outputs: ({ members }) => {
      const lowest = lowestVersion(members.map((member) => member.version));
      return {
        ...(lowest === undefined ? {} : { currentVersion: formatVersion(lowest) }),
        members: Object.fromEntries(members.map((member) => [member.name, formatVersion(member.version)])),
      };
    },
    drifted: (_, { units }) =>
      driftOf(
        units.flatMap(({ members, standing }) => members.map((member) => ({ ...member, standing }))),
        ({ standing }) => standing,
        (lowest) => ({ version: formatVersion(lowest) }),
      ),
  };
}

function constraintOf({ version }: { readonly version: string }): Constraint {
  const constraint = parseConstraint(version);
  if (constraint === undefined) throw new Error(`${version} was not validated`);
  return constraint;
}
