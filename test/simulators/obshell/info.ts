import { viewTenants } from "./backups";
import { type Call, databaseRefusal, requireCluster, requireDatabase, server } from "./call";
import { rfc3339 } from "./envelope";
import { Panic, Refusal } from "./errors";
import { publicKeyOf } from "./keys";
import type { AgentState, ClusterState } from "./state";
import { splitBuildVersion } from "./version";
import {
  addressOf,
  HOME,
  holdsDatabase,
  isUp,
  observerCondition,
  registeredAgents,
  serverStatus,
  zonesOf,
} from "./world";

/** Reads (OBShell facts §3.1, §6; live facts §1.8, §1.9, §2.2). */

const nanoseconds = (ms: number): number => Math.floor(ms) * 1_000_000;

export function getTime({ now }: Call): unknown {
  return rfc3339(now);
}

export function getGitInfo(): unknown {
  return { branch: "master", commitId: "61ee147", shortCommitId: "61ee147", commitTime: "2026-05-08T00:00:00Z" };
}

export function getSecret({ agent }: Call): unknown {
  return { ip: agent.ip, port: agent.port, public_key: publicKeyOf(agent.key) };
}

/** From 4.2.4.0 on the version of the observer is in it; before 4.2.6.0 a missing observer is an additional error. */
export function getInfo(call: Call): unknown {
  const info = infoOf(call);
  const unasked = !server(call, "obVersionInInfo") || server(call, "fullInfo");
  if (unasked || !call.world.state.conditions.observerBinaryMissing) return info;
  const args = ["exec get my ob version failed: exit status 127"];
  throw new Refusal("Common.Unexpected", { args, data: info });
}

function infoOf(call: Call): object {
  const { agent, world } = call;
  const { supportedAuth } = world.state.switches;
  const full = server(call, "fullInfo");
  return {
    pid: agent.pid,
    state: 2,
    startAt: nanoseconds(agent.startedAt),
    homePath: HOME,
    ...(server(call, "obVersionInInfo") ? { obVersion: obVersion(call) } : {}),
    ...(full ? { architecture: agent.architecture } : {}),
    ip: agent.ip,
    port: agent.port,
    zone: agent.identity === "SINGLE" ? "" : agent.shownZone,
    identity: agent.identity,
    version: agent.version,
    ...(full ? { isObproxyAgent: false, security: agent.agentPassword !== null } : {}),
    ...(server(call, "supportedAuth") && supportedAuth !== null ? { supportedAuth } : {}),
  };
}

/** From 4.4.2.0 on the version that the database reports, without build; that of the binary while there is no database. */
function obVersion(call: Call): string {
  const { agent } = call;
  if (agent.identity === "SINGLE") return "";
  const { build } = agent.observer;
  return server(call, "obVersionWithoutBuild") && holdsDatabase(agent) ? splitBuildVersion(build).version : build;
}

export function getStatus({ agent }: Call): unknown {
  return statusOf(agent);
}

const OB_STATES = { up: 3, vanishing: 0, gone: 0, dead: 1 } as const;

function statusOf(agent: AgentState): unknown {
  const single = agent.identity === "SINGLE";
  return {
    agent: { ip: agent.ip, port: agent.port, identity: agent.identity },
    state: 2,
    version: agent.version,
    pid: agent.pid,
    startAt: nanoseconds(agent.startedAt),
    port: agent.port,
    obState: single ? 0 : OB_STATES[observerCondition(agent.observer)],
    ...(single ? {} : { sqlPort: agent.observer.sqlPort }),
    underMaintenance: false,
  };
}

/** Agents that do not respond are missing. */
export function getAgentsStatus({ world }: Call): unknown {
  const present = registeredAgents(world.state).filter(isUp);
  return Object.fromEntries(present.map((agent) => [addressOf(agent), statusOf(agent)]));
}

export function getObAgents({ world, agent }: Call): unknown {
  const listed = agent.identity === "SINGLE" ? [agent] : registeredAgents(world.state);
  return listed.map(({ ip, port }) => ({ ip, port }));
}

export function getObInfo(call: Call): unknown {
  const { agent, world } = call;
  const { conditions } = world.state;
  if (agent.identity === "SINGLE") return degraded(call, [agentInfo({ ...agent, zone: "" }, agent.version)]);
  const agents = registeredAgents(world.state).map((one) => agentInfo(one, one.listedVersion));
  if (databaseRefusal(call) !== undefined || conditions.topologyHidden) return degraded(call, agents);
  if (conditions.startupModeMissing && server(call, "sharedStorage")) throw new Panic("nil map");
  const { id, name } = world.state;
  return {
    agent_info: agents,
    obcluster_info: { id, name, version: clusterVersion(call), topology: topology(call), ...storage(call) },
  };
}

function agentInfo(agent: AgentState, version: string): unknown {
  const { ip, port, zone, identity } = agent;
  return { ip, port, zone, identity, version };
}

/** Without its database an agent knows no cluster: 200 with no content. */
function degraded(call: Call, agents: readonly unknown[]): unknown {
  return {
    agent_info: agents,
    obcluster_info: { id: 0, name: "", version: "", topology: null, ...storage(call) },
  };
}

function storage(call: Call): object {
  return server(call, "sharedStorage") ? { is_shared_storage: call.world.state.conditions.sharedStorage } : {};
}

/** Reads one server only: it does not show the cluster's version during an upgrade. */
function clusterVersion({ agent, world }: Call): string {
  const { version } = splitBuildVersion(agent.observer.build);
  return world.state.switches.obVersionText === "plain" ? version : `5.7.25-OceanBase_CE-v${version}`;
}

function topology({ world }: Call): unknown {
  const { agents } = world.state;
  const zones = zonesOf(world.state).map((zone) => [
    zone,
    agents.filter((agent) => agent.zone === zone).map(topologyServer),
  ]);
  return Object.fromEntries(zones);

  function topologyServer(agent: AgentState): unknown {
    return {
      svr_ip: agent.ip,
      svr_port: agent.observer.rpcPort,
      sql_port: agent.observer.sqlPort,
      agent_port: agent.unregistered === true ? 0 : agent.port,
      with_rootserver: agent === agents[0] ? "YES" : "NO",
      status: serverStatus(agent.observer),
      build_version: agent.observer.build.replace("-", "_"),
    };
  }
}

/**
 * GET obcluster/info. An agent without its database forwards it to one that
 * has it; without any, it returns its stored data about the hosts. Older ones reject the call.
 */
export function getClusterInfo(call: Call): unknown {
  requireCluster(call);
  if (!server(call, "clusterInfoRelayed")) requireDatabase(call);
  const { state } = call.world;
  const relay = state.agents.find((agent) => agent !== call.agent && isUp(agent) && holdsDatabase(agent));
  const source = databaseRefusal(call) === undefined ? call.agent : relay;
  const zones = zonesOf(state).map((zone) => ({
    name: zone,
    idc_name: "",
    region_name: source === undefined ? "" : "sys_region",
    ...zoneStatus(source === undefined ? "" : (state.stoppedZones ?? []).includes(zone) ? "INACTIVE" : "ACTIVE"),
    ...(source === undefined ? {} : { root_server: rootServer(state, zone) }),
    servers: state.agents
      .filter((agent) => agent.zone === zone)
      .map((agent) => (source === undefined ? storedServer(agent) : clusterServer(state, agent))),
  }));
  if (source === undefined) {
    const nothing = { tenants: null, tenant_stats: null };
    return { cluster_id: 0, cluster_name: "", status: "NOT RUNNING", ob_version: "", zones, ...nothing };
  }
  return {
    cluster_id: state.id,
    cluster_name: state.name,
    status: "AVAILABLE",
    is_community_edition: state.edition === "community",
    is_standalone: state.edition === "standalone",
    ob_version: clusterVersion({ ...call, agent: source }),
    dead_lock_detection_enabled: true,
    ...(server(call, "sharedStorage") ? { startup_mode: startupMode(state), ...storage(call) } : {}),
    stats: resources(state.agents.length),
    zones,
    tenants: viewTenants(state, source, call.now),
    tenant_stats: null,
  };
}

/** The value of the parameter `ob_startup_mode`. */
function startupMode({ conditions }: ClusterState): string {
  return conditions.sharedStorage ? "SHARED_STORAGE" : "NORMAL";
}

const ZONE_WORDS = { ACTIVE: "RUNNING", INACTIVE: "STOPPED", "": "UNKNOWN" } as const;

function zoneStatus(inner: keyof typeof ZONE_WORDS): object {
  return { status: ZONE_WORDS[inner], inner_status: inner };
}

function storedServer({ ip, port, architecture, observer }: AgentState): unknown {
  const ports = { obshell_port: port, sql_port: observer.sqlPort, svr_port: observer.rpcPort };
  return { ip, status: "UNAVAILABLE", ob_status: 0, inner_status: "", version: "", architecture, ...ports };
}

/** What follows the build in `BUILD_VERSION`: the commit and when it was built. */
const REVISION = "5c84ee86b4c6a6b6ae1fe5f4a9f4e9d5b1a2c3d4(Nov  1 2023 09:20:13)";
const SERVER_WORDS = { ACTIVE: "RUNNING", INACTIVE: "UNAVAILABLE", STOPPED: "SERVICE_STOPPED" } as const;

/** The first server of all leads. */
function rootServer({ agents }: ClusterState, zone: string): unknown {
  const server = agents.find((agent) => agent.zone === zone);
  const role = server === agents[0] ? "LEADER" : "FOLLOWER";
  return { ip: server?.ip, role, zone, svr_port: server?.observer.rpcPort };
}

const GIB = 2 ** 30;

/** Resources of some equal servers. */
function resources(servers: number): object {
  return {
    cpu_core_total: 8 * servers,
    cpu_core_assigned: servers,
    cpu_core_assigned_percent: 12.5,
    memory_total: `${8 * servers}.00 GB`,
    memory_assigned: `${servers}.00 GB`,
    memory_in_bytes_total: 8 * servers * GIB,
    memory_in_bytes_assigned: servers * GIB,
    memory_assigned_percent: 12.5,
    disk_total: `${10 * servers}.00 GB`,
    disk_assigned: `${servers}.00 GB`,
    disk_in_bytes_total: 10 * servers * GIB,
    disk_in_bytes_assigned: servers * GIB,
    disk_assigned_percent: 10,
  };
}

function serverStats({ ip, zone, observer }: AgentState): object {
  return {
    ...resources(1),
    disk_used: "1.00 GB",
    disk_free: "9.00 GB",
    disk_in_bytes_used: GIB,
    disk_in_bytes_free: 9 * GIB,
    disk_used_percent: 10,
    ip,
    port: observer.rpcPort,
    zone,
  };
}

function clusterServer({ agents }: ClusterState, agent: AgentState): unknown {
  const known = agent.unregistered !== true;
  return {
    id: agents.indexOf(agent) + 1,
    ip: agent.ip,
    with_rootserver: agent === agents[0],
    start_time: rfc3339(agent.startedAt),
    stop_time: rfc3339(agent.observer.stopped === true ? agent.startedAt : null),
    stats: serverStats(agent),
    data_dir: `${HOME}/store`,
    redo_dir: `${HOME}/store`,
    log_dir: `${HOME}/log`,
    version: `${agent.observer.build.replace("-", "_")}-${REVISION}`,
    status: SERVER_WORDS[serverStatus(agent.observer)],
    ob_status: OB_STATES[observerCondition(agent.observer)],
    inner_status: serverStatus(agent.observer) === "INACTIVE" ? "INACTIVE" : "ACTIVE",
    architecture: known ? agent.architecture : "",
    obshell_port: known ? agent.port : 0,
    sql_port: agent.observer.sqlPort,
    svr_port: agent.observer.rpcPort,
  };
}
