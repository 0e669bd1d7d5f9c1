import { z } from "zod";
import { type CommonArguments, commonArguments, definedBy, type Inputs } from "../core/arguments";
import { changeArguments, checkChangeArguments } from "../core/control/arguments";
import { driftOf, outputsOf, type ResourceKind } from "../core/kind";
import type { Runtime } from "../core/runtime";
import { formatParts, standing } from "../core/version";
import { HttpClient } from "../http/client";
import { type TlsArguments, tlsFrom } from "../http/tls";
import { type Connect, undiciTransport } from "../http/undici-transport";
import { Agents } from "./agent/agents";
import {
  agentArguments,
  backups,
  checkTls,
  clusterArguments,
  connection,
  releaseNeedsExactVersion,
  targetConstraint,
  upgrade,
} from "./arguments";
import type { UpgradeObservation } from "./observe";
import { cluster, obshellAgents, type System, type UpgradeArguments } from "./system";
import { UpgradeDriver } from "./upgrade-driver";

const MINUTE = 60_000;

const clusterInputs = z
  .strictObject({ ...connection, ...clusterArguments, ...upgrade, ...commonArguments, ...changeArguments, ...backups })
  .superRefine(checkChangeArguments)
  .superRefine(releaseNeedsExactVersion)
  .superRefine(checkTls);

const agentInputs = z
  .strictObject({ ...connection, ...agentArguments, ...upgrade, ...commonArguments, ...changeArguments, ...backups })
  .superRefine(checkChangeArguments)
  .superRefine(releaseNeedsExactVersion)
  .superRefine(checkTls);

/** `oceanbase.ClusterVersion`: the OceanBase version of a cluster, upgraded by its obshell agents. */
export function clusterVersion(connect: Connect = undiciTransport) {
  return upgradeKind({ inputs: clusterInputs, system: cluster, timeout: 120 * MINUTE }, connect);
}

/** `oceanbase.AgentVersion`: the version of a cluster's obshell agents. */
export function agentVersion(connect: Connect = undiciTransport) {
  return upgradeKind({ inputs: agentInputs, system: obshellAgents, timeout: 30 * MINUTE }, connect);
}

type KindArguments = UpgradeArguments & TlsArguments & CommonArguments;

/** A resource kind of either system. The kinds differ only in arguments, system and time limit. */
function upgradeKind(
  parts: { readonly inputs: Inputs<KindArguments>; readonly timeout: number; readonly system: System },
  connect: Connect,
): ResourceKind<KindArguments, UpgradeObservation> {
  return {
    ...definedBy(parts.inputs),
    timeout: parts.timeout,
    times: {
      unreachableBudget: 20 * MINUTE,
      firstContact: MINUTE,
      lostReplyWindow: MINUTE / 2,
      settleTime: MINUTE,
      // obshell stores the DAG before it responds: only a request that is still being processed is not visible.
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
      const { agents, close } = openAgents(args, runtime, connect);
      return new UpgradeDriver({
        system: parts.system,
        args,
        constraint: targetConstraint(args),
        agents,
        runtime,
        close,
      });
    },
    outputs: ({ members }) => outputsOf(members),
    drifted: (args, { members }) => {
      const constraint = targetConstraint(args);
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

export interface ConnectionArguments extends TlsArguments {
  readonly endpoints: readonly string[];
  readonly password?: string | undefined;
  readonly agentPassword?: string | undefined;
}

export interface OpenAgents {
  readonly agents: Agents;
  readonly close: () => Promise<void>;
}

/** The distinct addresses that requests go to. */
export function originsOf({ endpoints }: Pick<ConnectionArguments, "endpoints">): readonly string[] {
  return [...new Set(endpoints.map((endpoint) => new URL(endpoint).origin))];
}

/** The agents of one cluster. Nothing is sent before the first request. */
export function openAgents(
  args: ConnectionArguments,
  { clock, signal, proxies }: Pick<Runtime, "clock" | "signal" | "proxies">,
  connect: Connect,
): OpenAgents {
  const transport = connect(tlsFrom(args), proxies);
  const http = new HttpClient({ transport, clock, signal });
  const endpoints = originsOf(args);
  const { password = "", agentPassword } = args;
  return { agents: new Agents({ endpoints, password, agentPassword, http, clock }), close: () => transport.close() };
}
