import { type Attempted, attempted, ifReadable, Unreachable, UpgradeError } from "../core/errors";
import type { Agents } from "./agent/agents";
import {
  type AgentsStatus,
  agentsStatus,
  type ClusterInfo,
  clusterInfo,
  type UploadedPackage,
  uploadedPackages,
} from "./agent/schema";
import { IN_SERVICE, type Readiness } from "./preflight";

/** The reads that only an upgrade depends on. */

const AGENTS_STATUS = "/api/v1/agents/status";
const CLUSTER_INFO = "/api/v1/obcluster/info";
const PACKAGES = "/api/v1/upgrade/package/info";

export interface Conditions {
  readonly status: Attempted<AgentsStatus>;
  readonly cluster: Attempted<ClusterInfo>;
}

export async function readConditions(agents: Agents): Promise<Conditions> {
  const [status, cluster] = await Promise.all([
    needed(agents.read(AGENTS_STATUS, agentsStatus)),
    attempted(agents.read(CLUSTER_INFO, clusterInfo)),
  ]);
  return { status, cluster };
}

export type PackageList = Attempted<readonly UploadedPackage[]>;

/** The part of the readiness that these reads show; all of it is unknown where they were not made. */
export function shownBy(
  agents: Agents,
  { status = {}, cluster = {} }: Partial<Conditions>,
  list: PackageList = {},
): Omit<Readiness, "zones" | "sharedStorage" | "agents" | "servers" | "upgrading" | "agentVersion"> {
  return {
    stoppedZones: stoppedZonesOf(cluster.data),
    status: status.data,
    unreachable: status.unreachable === true,
    uploaded: list.data,
    listed: list.data !== undefined,
    unlisted: list.unreachable === true,
    architectures: architecturesOf(agents, cluster.data),
    unread: { status: status.reason, zones: cluster.reason, packages: list.reason },
  };
}

function stoppedZonesOf(cluster: ClusterInfo | undefined): string[] {
  return (cluster?.zones ?? [])
    .filter(({ inner_status: status = "" }) => status !== "" && status.toUpperCase() !== IN_SERVICE)
    .map(({ name = "" }) => name);
}

function architecturesOf(agents: Agents, cluster: ClusterInfo | undefined): string[] {
  const fromCluster = (cluster?.zones ?? []).flatMap((zone) =>
    (zone.servers ?? []).map((server) => server.architecture),
  );
  const fromAgents = agents.contacted.map((agent) => agent.info.architecture);
  const known = [...fromCluster, ...fromAgents].filter((name) => name !== undefined && name !== "");
  return [...new Set(known)].filter((name) => name !== undefined).sort();
}

/**
 * The cluster's packages, listed by the agent that gets the request, or by any other that can.
 * @returns undefined when none can (before 4.3.0.0)
 */
export function listPackages(agents: Agents, recipient?: string): Promise<UploadedPackage[] | undefined> {
  return agents.find(recipient, PACKAGES, uploadedPackages);
}

/** A package list requested before it is known whether it is needed, and from which agent. */
export interface EarlyList {
  readonly origin: string;
  readonly packages: Promise<UploadedPackage[] | undefined>;
}

/** For the first observation: before the first plan, every round trip counts. */
export function earlyList(agents: Agents): EarlyList {
  const [origin = ""] = agents.origins;
  const packages = ifReadable(agents.readFrom(origin, PACKAGES, uploadedPackages));
  // Reported to the code that awaits the list, if any.
  packages.catch(() => undefined);
  return { origin, packages };
}

export async function packagesOf(
  agents: Agents,
  recipient: string | undefined,
  early: EarlyList | undefined,
): Promise<PackageList> {
  const data = early?.origin === recipient ? await early?.packages : undefined;
  return data === undefined ? needed(listPackages(agents, recipient)) : { data };
}

/**
 * A read without which nothing is decided while no agent responds. A server that refuses the read does not support it,
 * but the refusal is reported.
 */
async function needed<T>(read: Promise<T | undefined>): Promise<Attempted<T>> {
  try {
    return { data: await read };
  } catch (error) {
    if (error instanceof Unreachable) return { unreachable: true, reason: error.message };
    if (error instanceof UpgradeError && error.code === "blocked") return { reason: error.message };
    throw error;
  }
}
