import { z } from "zod";
import { commonArguments } from "../core/arguments";
import { type Constraint, parseConstraint, standing } from "../core/constraint";
import type { PinKind } from "../core/kind";
import { formatParts, formatVersion, lowestVersion, parseVersion } from "../core/version";
import { HttpClient } from "../http/client";
import { type Tls, tlsFrom } from "../http/tls";
import type { Transport } from "../http/transport";
import { undiciTransport } from "../http/undici-transport";
import { Agents } from "./agents";
import { connection, release, upgradeDir } from "./arguments";
import type { ClusterObservation } from "./cluster-look";
import { ClusterPin } from "./cluster-pin";

const MINUTE = 60_000;

const VERSION_PARTS = 4;
/** `4.3.5` names a release series; `4.3` would span several with barriers between them. */
const FEWEST_PARTS = 3;
const VERSION_EXAMPLE = '"4.3.5.2", "4.3.5" or ">=4.3.5.2"';

const version = z.string({ error: `must be a text, such as ${VERSION_EXAMPLE}` }).superRefine((text, context) => {
  const problem = versionProblem(parseConstraint(text));
  if (problem !== undefined) context.addIssue(`${problem}; right is ${VERSION_EXAMPLE}`);
});

function versionProblem(constraint: Constraint | undefined): string | undefined {
  if (constraint === undefined) return "is not an OceanBase version";
  if (constraint.kind === "latest") return "cannot be latest: obshell upgrades to a version that is named";
  if (constraint.version.build !== undefined) return "must not carry a build, which belongs in `release`";
  const parts = constraint.version.parts.length;
  return parts < FEWEST_PARTS || parts > VERSION_PARTS
    ? `must have ${VERSION_PARTS} parts, or ${FEWEST_PARTS} as a prefix`
    : undefined;
}

const inputs = z
  .strictObject({
    ...connection,
    version,
    release: release.optional(),
    mode: z.enum(["rolling", "stopService"], { error: 'must be "rolling" or "stopService"' }).optional(),
    upgradeDir: upgradeDir.optional(),
    freezeServer: z.boolean({ error: "must be true or false" }).optional(),
    ...commonArguments,
  })
  .superRefine((args, context) => {
    if (args.release === undefined || isExact(args.version)) return;
    const message = 'goes with an exact version only, such as version: "4.3.5.2"; leave it out for a prefix or a floor';
    context.addIssue({ code: "custom", path: ["release"], message });
  });

/** The arguments of `oceanbase.ClusterVersion`. */
export type ClusterArguments = z.infer<typeof inputs>;

function isExact(text: string): boolean {
  const constraint = parseConstraint(text);
  return constraint?.kind === "at" && constraint.version.parts.length === VERSION_PARTS;
}

/** The pin: the version, and with a release its build too. The distribution cannot be observed. */
export function constraintOf(args: Pick<ClusterArguments, "version" | "release">): Constraint {
  const constraint = parseConstraint(args.version);
  if (constraint === undefined) throw new Error(`not a version: ${args.version}`);
  if (args.release === undefined || constraint.kind !== "at") return constraint;
  const built = parseVersion(`${args.version}-${args.release.split(".")[0]}`);
  return built === undefined ? constraint : { kind: "at", version: built };
}

/**
 * `oceanbase.ClusterVersion`: the OceanBase version of a cluster, upgraded by its obshell agents.
 * @param connect what carries the requests; tests put a simulator here
 */
export function clusterVersion(
  connect: (tls: Tls) => Transport = undiciTransport,
): PinKind<ClusterArguments, ClusterObservation> {
  return {
    inputs,
    secrets: ["password", "clientKey"],
    credentials: { password: { config: "oceanbase:password", env: ["OCEANBASE_PASSWORD"] } },
    timeout: 120 * MINUTE,
    times: {
      unreachableBudget: 20 * MINUTE,
      firstContact: MINUTE,
      lostReplyWindow: MINUTE / 2,
      settleTime: MINUTE,
    },
    identifiedBy: ["endpoints"],
    identity: (args) => args.endpoints.map((endpoint) => new URL(endpoint).host),
    open: (args, runtime) => {
      const transport = connect(tlsFrom(args));
      const { clock, signal } = runtime;
      const http = new HttpClient({ transport, clock, signal });
      const endpoints = args.endpoints.map((endpoint) => new URL(endpoint).origin);
      const agents = new Agents({ endpoints, password: args.password ?? "", http, clock });
      return new ClusterPin({ args, constraint: constraintOf(args), agents, close: () => transport.close() });
    },
    outputs: ({ members }) => {
      const lowest = lowestVersion(members.map((member) => member.version));
      return {
        ...(lowest === undefined ? {} : { currentVersion: formatParts(lowest) }),
        members: Object.fromEntries(members.map((member) => [member.name, formatVersion(member.version)])),
      };
    },
    drifted: (args, { members }) => {
      const constraint = constraintOf(args);
      const stray = members.filter((member) => standing(member.version, constraint) !== "holds");
      const lowest = lowestVersion(stray.map((member) => member.version));
      if (lowest === undefined) return undefined;
      const build = args.release === undefined ? {} : { release: String(lowest.build ?? "") };
      return { version: formatParts(lowest), ...build };
    },
  };
}
