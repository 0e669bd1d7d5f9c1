import { type Constraint, holds, standing } from "../core/constraint";
import type { Activity, Member, Observation } from "../core/pin";
import { parseVersion } from "../core/version";
import type { Agents } from "./agents";
import { dagState, formatTarget, holdsLock, obUpgradeTarget } from "./dag";
import { describeFailure, remedyFor } from "./failure";
import type { Readiness } from "./preflight";
import {
  agentsStatus,
  type ClusterInfo,
  clusterInfo,
  type Dag,
  dag,
  dags,
  type ObInfo,
  obInfo,
  type Server,
  uploadedPackages,
} from "./schema";

/** What a look at a cluster shows: the observers' versions, what runs, and what an upgrade call would meet. */
export interface ClusterObservation extends Observation {
  readonly readiness: Readiness;
  /** Agent address (`ip:port`) by observer name, to choose the agent that gets the call. */
  readonly agentOf: Readonly<Record<string, string>>;
}

const UNFINISHED = "/api/v1/task/dag/ob/unfinish?show_details=false";

export function dagPath(id: string, details: boolean): string {
  return `/api/v1/task/dag/${encodeURIComponent(id)}?show_details=${details}`;
}

/** One look at the cluster. Reads only; the reads overlap. */
export async function lookAtCluster(agents: Agents, constraint: Constraint): Promise<ClusterObservation> {
  const extras = Promise.all([
    ifAnswered(agents.read("/api/v1/agents/status", agentsStatus)),
    ifAnswered(agents.read("/api/v1/upgrade/package/info", uploadedPackages)),
    ifAnswered(agents.read("/api/v1/obcluster/info", clusterInfo)),
  ]);
  const [info, unfinished] = await Promise.all([agents.read("/api/v1/ob/info", obInfo), agents.read(UNFINISHED, dags)]);
  const servers = Object.values(info?.obcluster_info.topology ?? {}).flat();
  const activity = await activityOf(agents, constraint, unfinished ?? []);
  const members = servers.flatMap(memberOf);
  const upgradable =
    activity?.kind !== "ours" && members.some(({ version }) => standing(version, constraint) === "behind");
  const [status, uploaded, cluster] = upgradable ? await extras : [];
  const readiness: Readiness = {
    zones: Object.keys(info?.obcluster_info.topology ?? {}).length,
    sharedStorage: info?.obcluster_info.is_shared_storage ?? false,
    agents: (info?.agent_info ?? []).map(({ ip, port }) => `${ip}:${port}`),
    status,
    uploaded,
    architectures: architecturesOf(agents, cluster),
  };
  const unknown = unknownFrom(info, unfinished !== undefined, servers);
  return {
    members,
    readiness,
    agentOf: Object.fromEntries(servers.map((server) => [nameOf(server), `${server.svr_ip}:${server.agent_port}`])),
    ...(unknown === undefined ? {} : { unknown }),
    ...(activity === undefined ? {} : { activity }),
  };
}

function nameOf({ svr_ip, svr_port }: Server): string {
  return `${svr_ip}:${svr_port}`;
}

function memberOf(server: Server): Member[] {
  const version = parseVersion(server.build_version);
  return version === undefined ? [] : [{ name: nameOf(server), version }];
}

/** A missing topology is what an agent answers while its OceanBase is away: unknown, never drift. */
function unknownFrom(info: ObInfo | undefined, listed: boolean, servers: readonly Server[]): string | undefined {
  if (info?.obcluster_info.topology == null || servers.length === 0) {
    return "OceanBase does not answer its agents";
  }
  if (!listed) return "the agents could not list the unfinished tasks";
  const strange = servers.find((server) => parseVersion(server.build_version) === undefined);
  return strange && `the version of ${nameOf(strange)} cannot be read: ${strange.build_version}`;
}

/** Our upgrade is found by the exact name of its DAG; of the others only those count that hold the lock. */
async function activityOf(
  agents: Agents,
  constraint: Constraint,
  unfinished: readonly Dag[],
): Promise<Activity | undefined> {
  const holders = unfinished.filter(holdsLock);
  for (const found of holders) {
    const target = obUpgradeTarget(found.name);
    if (target === undefined || !holds(target.version, constraint)) continue;
    const task = { id: found.id, kind: target.kind, to: formatTarget(target) };
    if (dagState(found) !== "failed") return { kind: "ours", task };
    const detailed = await ifAnswered(agents.read(dagPath(found.id, true), dag));
    return { kind: "ours-failed", task, failure: describeFailure(detailed ?? found) };
  }
  const [holder] = holders;
  if (holder === undefined) return undefined;
  const name = `maintenance task ${holder.id} (${holder.name})`;
  return dagState(holder) === "failed"
    ? { kind: "other-failed", name, remedy: remedyFor(holder) }
    : { kind: "other", name };
}

function architecturesOf(agents: Agents, cluster: ClusterInfo | undefined): string[] {
  const fromCluster = (cluster?.zones ?? []).flatMap((zone) =>
    (zone.servers ?? []).map((server) => server.architecture),
  );
  const fromAgents = agents.met.map((agent) => agent.info.architecture);
  const known = [...fromCluster, ...fromAgents].filter((name) => name !== undefined && name !== "");
  return [...new Set(known)].filter((name) => name !== undefined).sort();
}

/** A read that may fail without harm: what it would tell is only advice. */
async function ifAnswered<T>(read: Promise<T | undefined>): Promise<T | undefined> {
  return read.catch(() => undefined);
}
