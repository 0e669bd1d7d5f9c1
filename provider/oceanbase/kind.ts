import { type CommonArguments, definedBy, type Inputs } from "../core/arguments";
import { standing } from "../core/constraint";
import { driftOf } from "../core/drift";
import type { PinKind } from "../core/kind";
import type { Proxies } from "../core/runtime";
import { formatParts, formatVersion, lowestVersion } from "../core/version";
import { HttpClient } from "../http/client";
import { type Tls, type TlsArguments, tlsFrom } from "../http/tls";
import type { Transport } from "../http/transport";
import { Agents } from "./agent/agents";
import type { UpgradeObservation } from "./look";
import type { System, UpgradeArguments } from "./system";
import { UpgradePin } from "./upgrade-pin";
import { constraintOf } from "./version";

const MINUTE = 60_000;

/** What carries the requests; tests put a simulator here. */
export type Connect = (tls: Tls, proxies?: Proxies) => Transport;

/** A pin kind of either system: they share everything but their arguments, their system and their time limit. */
export function upgradeKind<A extends UpgradeArguments & TlsArguments & CommonArguments>(
  parts: { readonly inputs: Inputs<A>; readonly timeout: number; readonly system: System<A> },
  connect: Connect,
): PinKind<A, UpgradeObservation> {
  return {
    ...definedBy(parts.inputs),
    timeout: parts.timeout,
    times: {
      unreachableBudget: 20 * MINUTE,
      firstContact: MINUTE,
      lostReplyWindow: MINUTE / 2,
      settleTime: MINUTE,
      // obshell stores the DAG before it answers: only a request that is still being processed does not show.
      spacing: 3_000,
    },
    pinned: "version",
    identifiedBy: ["endpoints"],
    identity,
    targets: (args) => {
      const [build] = args.release?.split(".") ?? [];
      const target = build === undefined ? args.version : `${args.version}-${build}`;
      return Object.fromEntries(identity(args).map((name) => [name, target]));
    },
    open: (args, runtime) => {
      const { clock, signal } = runtime;
      const transport = connect(tlsFrom(args), runtime.proxies);
      const http = new HttpClient({ transport, clock, signal });
      const endpoints = [...new Set(args.endpoints.map((endpoint) => new URL(endpoint).origin))];
      const { password = "", agentPassword } = args;
      const agents = new Agents({ endpoints, password, agentPassword, http, clock });
      const close = () => transport.close();
      return new UpgradePin({ system: parts.system, args, constraint: constraintOf(args), agents, runtime, close });
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
      return driftOf(
        members,
        ({ version }) => standing(version, constraint),
        (lowest) => ({
          version: formatParts(lowest),
          // A release is build and distribution, and the distribution cannot be observed.
          release: undefined,
        }),
      );
    },
  };
}

function identity({ endpoints }: UpgradeArguments): string[] {
  return endpoints.map((endpoint) => new URL(endpoint).host);
}
