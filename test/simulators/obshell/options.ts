import { EPOCH } from "../shell/clock";
import { tenant } from "./backups";
import { has } from "./dialect";
import { type KeyBits, pooledKey } from "./keys";
import type { AgentState, Architecture, ClusterState, Conditions, Edition, Identity, Switches } from "./state";
import { INSTANT, RECORDED, type Timings } from "./timings";

/** How a simulated cluster is set up; every part has a default. */
export interface ClusterOptions {
  /** Number of zones, or their names. Default 3: zone1, zone2, zone3. */
  readonly zones?: number | readonly string[];
  /** Agents in each zone. Default 1. */
  readonly agentsPerZone?: number;
  /** VERSION-RELEASE of the agents. Default 4.3.3.0-102025103117. */
  readonly agentVersion?: string;
  /** VERSION-BUILD of the observers, "-" or "_". Default 4.2.1.1_101000062023110109. */
  readonly buildVersion?: string;
  readonly clusterName?: string;
  readonly clusterId?: number;
  readonly edition?: Edition;
  readonly rootPassword?: string;
  readonly agentPassword?: string | null;
  /** Architecture of all agents, or of each. Default x86_64. */
  readonly architecture?: Architecture | readonly Architecture[];
  readonly identity?: Identity;
  /** Key size of all agents at the start. Default: by version, 1024 bit from 4.4.2.0 on, 512 before. */
  readonly keyBits?: KeyBits;
  /** Names of the user tenants. Default: orders. */
  readonly tenants?: readonly string[];
  readonly conditions?: Partial<Conditions>;
  readonly switches?: Partial<Switches>;
  /** "recorded" (default): as measured; "instant": no upgrade takes any time. */
  readonly timings?: "recorded" | "instant" | Partial<Timings>;
  /** Seed of trace ids. Default 1. */
  readonly seed?: number;
}

export const DEFAULT_ROOT_PASSWORD = 'p@ss"w0rd';

const CONDITIONS: Conditions = {
  pythonMissing: false,
  pythonModuleMissing: false,
  unrefreshedTenants: [],
  mergingTablets: 0,
  compactingTenants: 0,
  minObserverVersionSplit: false,
  compatibleSplit: false,
  runningBackups: 0,
  diskFree: null,
  sharedStorage: false,
  observerBinaryMissing: false,
  startupModeMissing: false,
  topologyHidden: false,
};

const SWITCHES: Switches = {
  dialect: "auto",
  missingAgentPackage: "auto",
  newKeyAtRestart: false,
  atomicSnapshots: false,
  startPanicMs: 1000,
  notHoldMs: 0,
  supportedAuth: ["v2"],
  firstHeaderBlocks: "many",
  obVersionText: "plain",
  oldLockRefusal: "OB.Cluster.UnderMaintenanceWithDag",
};

const LONG_AGO = 3_600_000;

export function initialState(options: ClusterOptions, now: number = EPOCH): ClusterState {
  const state: ClusterState = {
    format: 1,
    seed: options.seed ?? 1,
    name: options.clusterName ?? "obcluster",
    id: options.clusterId ?? 1,
    edition: options.edition ?? "community",
    rootPassword: options.rootPassword ?? DEFAULT_ROOT_PASSWORD,
    agents: [],
    packages: [],
    // 1002 is the first user tenant of a real cluster, with 1001 as its meta tenant.
    tenants: (options.tenants ?? ["orders"]).map((name, index) => tenant(name, 1002 + 2 * index, now - LONG_AGO)),
    dags: [],
    counters: { dag: 0, node: 0, subTask: 0, package: 0, key: 0, boot: 0 },
    lock: 1,
    timers: [],
    scripts: [],
    conditions: { ...CONDITIONS, ...options.conditions },
    switches: { ...SWITCHES, ...options.switches },
    timings: timingsOf(options),
    directoriesRemoved: [],
    acceptedUpgrades: [],
    parametersRestored: 0,
  };
  const perZone = options.agentsPerZone ?? 1;
  for (const zone of zoneNames(options)) {
    for (let count = 0; count < perZone; count += 1) state.agents.push(makeAgent(options, state, zone, now));
  }
  return state;
}

export function timingsOf({ timings = "recorded" }: Pick<ClusterOptions, "timings">): Timings {
  if (timings === "recorded") return RECORDED;
  return timings === "instant" ? INSTANT : { ...RECORDED, ...timings };
}

function zoneNames({ zones = 3 }: ClusterOptions): readonly string[] {
  return typeof zones === "number" ? Array.from({ length: zones }, (_, index) => `zone${index + 1}`) : zones;
}

function makeAgent(options: ClusterOptions, state: ClusterState, zone: string, now: number): AgentState {
  const index = state.agents.length;
  const version = options.agentVersion ?? "4.3.3.0-102025103117";
  const identity = options.identity ?? "CLUSTER AGENT";
  // Before a cluster exists, the master knows the empty password.
  const rootPassword = identity === "MASTER" ? "" : state.rootPassword;
  state.counters.key += 1;
  state.counters.boot += 1;
  return {
    name: `agent${index + 1}`,
    ip: `10.77.0.${index + 2}`,
    port: 2886,
    zone,
    architecture: architectureAt(options, index),
    identity,
    version,
    listedVersion: version,
    shownZone: zone,
    key: pooledKey(options.keyBits ?? (has("key1024", version) ? 1024 : 512), state.counters.key),
    rootPassword,
    agentPassword: options.agentPassword ?? null,
    stopped: false,
    restarting: false,
    startedAt: now - LONG_AGO,
    openedAt: now - LONG_AGO,
    pid: 22157 + index,
    bootId: state.counters.boot,
    observer: {
      rpcPort: 2882,
      sqlPort: 2881,
      pid: 9150 + index,
      build: (options.buildVersion ?? "4.2.1.1_101000062023110109").replace("_", "-"),
      process: "up",
      outage: "none",
    },
  };
}

function architectureAt({ architecture = "x86_64" }: ClusterOptions, index: number): Architecture {
  return typeof architecture === "string" ? architecture : (architecture[index] ?? "x86_64");
}
