import type { Observation } from "../core/driver";
import { ifReadable } from "../core/errors";
import type { Activity, Member } from "../core/unit";
import { type Constraint, compareVersions, holds, parseVersion, standing } from "../core/version";
import type { Agents } from "./agent/agents";
import type { Outsider } from "./agent/connection-errors";
import type { Agent } from "./agent/handshake";
import { addressOf, type Dag, dag, dags, type ObInfo } from "./agent/schema";
import { type Conditions, earlyList, type PackageList, packagesOf, readConditions, shownBy } from "./conditions";
import type { Readiness, Server } from "./preflight";
import type { Running, System } from "./system";
import { dagState, describeFailure, formatTarget, holdsLock, isUpgrade, remedyFor } from "./tasks/dag";
import { dagPath } from "./tasks/task";

/** An observation through the agents: versions, unfinished tasks, and the conditions of an upgrade request. */
export interface UpgradeObservation extends Observation {
  readonly readiness: Readiness;
  readonly activity?: Activity | undefined;
  /** The endpoints that are not used, because their agents belong to no cluster. */
  readonly outside: readonly Outsider[];
  /** The members with the agents beside them, to choose the agent that gets the request. */
  readonly running: readonly Running[];
}

/** Every agent version requires credentials for it. */
export const UNFINISHED = "/api/v1/task/dag/ob/unfinish?show_details=false";

/** Reads shared by observations of both systems of a cluster, at one moment. */
export interface Reads {
  readonly agents: Agents;
  readonly info: ObInfo | undefined;
  /** Undefined when the agents could not list them. */
  readonly unfinished: readonly Dag[] | undefined;
  /** Needed only for an upgrade; the observation shows whether one is needed at all. */
  readonly conditions: Promise<Conditions>;
  /** Rejects if the endpoints belong to different clusters, which invalidates all reads. */
  readonly compared: Promise<void>;
  /** Read once, from the first agent that is passed. */
  readonly packages: (recipient: string | undefined) => Promise<PackageList>;
  /** A failed DAG with its stages, which show what obshell would accept; the list does not include them. */
  readonly detailed: (listed: Dag) => Promise<Dag>;
}

/** Observes the members of a system once. Reads only; the reads overlap. */
export async function observe(
  agents: Agents,
  system: Pick<System, "dagTarget" | "running">,
  constraint: Constraint,
): Promise<UpgradeObservation> {
  return interpret(system, constraint, await readCluster(agents));
}

/** Makes the reads that observations share. */
export async function readCluster(agents: Agents): Promise<Reads> {
  const early = agents.contacted.length > 0 ? undefined : earlyList(agents);
  void agents.contactAll();
  const conditions = readConditions(agents);
  conditions.catch(() => undefined);
  const [info, unfinished] = await Promise.all([agents.cluster(), agents.read(UNFINISHED, dags)]);
  const compared = agents.compare();
  compared.catch(() => undefined);
  let list: Promise<PackageList> | undefined;
  const details = new Map<string, Promise<Dag>>();
  return {
    agents,
    info,
    unfinished,
    conditions,
    compared,
    packages: (recipient) => {
      list ??= packagesOf(agents, recipient, early);
      return list;
    },
    detailed: (listed) => {
      const detail = details.get(listed.id) ?? readDetails(agents, listed);
      details.set(listed.id, detail);
      return detail;
    },
  };
}

/**
 * Derives the observation of one system from shared reads.
 * @param constraint the target version; undefined for an inventory, which has none: every upgrade counts, and the
 * conditions of the next one are always read
 */
export async function interpret(
  system: Pick<System, "dagTarget" | "running">,
  constraint: Constraint | undefined,
  reads: Reads,
): Promise<UpgradeObservation> {
  const { agents, info, unfinished } = reads;
  const running = info === undefined ? [] : system.running(info);
  const activity = await activityOf(reads, system, constraint);
  const members = running.flatMap(memberOf);
  const upgradable =
    constraint === undefined ||
    (activity?.kind !== "running" && members.some(({ version }) => standing(version, constraint) === "behind"));
  const recipient = recipientOf(agents.contacted, members, running);
  const conditions = upgradable ? await reads.conditions : {};
  const readiness: Readiness = {
    zones: Object.keys(info?.obcluster_info.topology ?? {}).length,
    sharedStorage: info?.obcluster_info.is_shared_storage ?? false,
    agents: (info?.agent_info ?? []).map(({ ip, port }) => addressOf(ip, port)),
    servers: serversOf(info),
    upgrading: (unfinished ?? []).some((found) => holdsLock(found) && isUpgrade(found)),
    agentVersion: recipient?.info.version,
    ...shownBy(agents, conditions, upgradable ? await reads.packages(recipient?.origin) : undefined),
  };
  await reads.compared;
  return {
    members,
    readiness,
    outside: agents.outside,
    running,
    unknown: unknownFrom(info, unfinished !== undefined, running),
    activity,
  };
}

function memberOf({ name, version: text }: Running): Member[] {
  const version = parseVersion(text);
  return version === undefined ? [] : [{ name, version }];
}

/**
 * An agent responds without topology while its OceanBase is down: the version is unknown, which is not drift. Its data
 * about the agents is then stale, too.
 */
function unknownFrom(info: ObInfo | undefined, listed: boolean, running: readonly Running[]): string | undefined {
  if (info?.obcluster_info.topology == null || running.length === 0)
    return "the database does not respond to its agents";
  if (!listed) return "the agents could not list the unfinished tasks";
  const unreadable = running.find(({ version }) => parseVersion(version) === undefined);
  return unreadable && `the version of ${unreadable.name} cannot be read: ${unreadable.version}`;
}

/** Our upgrade is found by the exact name of its DAG. Other DAGs count only if they hold the lock. */
async function activityOf(
  { unfinished, detailed }: Reads,
  system: Pick<System, "dagTarget">,
  constraint: Constraint | undefined,
): Promise<Activity | undefined> {
  const holders = (unfinished ?? []).filter(holdsLock);
  for (const found of holders) {
    const target = system.dagTarget(found.name);
    if (target === undefined || (constraint !== undefined && !holds(target.version, constraint))) continue;
    const task = { id: found.id, kind: target.kind, to: formatTarget(target) };
    const state = dagState(found);
    if (state !== "failed")
      return { kind: "running", task, ...(state === "rolling-back" ? { rollingBack: true } : {}) };
    return { kind: "failed", task, failure: describeFailure(await detailed(found)) };
  }
  const [holder] = holders;
  if (holder === undefined) return undefined;
  const name = `maintenance task ${holder.id} (${holder.name})`;
  if (dagState(holder) !== "failed") return { kind: "busy", name };
  const remedy = remedyFor(await detailed(holder));
  const finding = { code: "locked-by-failed-task", message: `${name} failed and keeps the lock.`, remedy };
  return { kind: "blocked", finding };
}

async function readDetails(agents: Agents, listed: Dag): Promise<Dag> {
  return (await ifReadable(agents.read(dagPath(listed.id, true), dag))) ?? listed;
}

function serversOf(info: ObInfo | undefined): Server[] {
  return Object.values(info?.obcluster_info.topology ?? {})
    .flat()
    .map((server) => ({
      name: addressOf(server.svr_ip, server.svr_port),
      agent: server.agent_port === 0 ? undefined : addressOf(server.svr_ip, server.agent_port),
      status: server.status,
    }));
}

/**
 * The agent that gets the request. obshell compares the target with the called agent's own version or that of the
 * observer beside it. In a partly upgraded cluster, therefore, only an agent beside an old member accepts.
 * @returns undefined when none was contacted
 */
export function recipientOf(
  contacted: readonly Agent[],
  members: readonly Member[],
  running: readonly Running[],
): Agent | undefined {
  const lowestFirst = members.toSorted((a, b) => compareVersions(a.version, b.version));
  for (const member of lowestFirst) {
    const beside = running.find(({ name }) => name === member.name)?.agent;
    const agent = contacted.find(({ address }) => address === beside);
    if (agent !== undefined) return agent;
  }
  return contacted[0];
}
