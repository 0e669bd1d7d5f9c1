import { EPOCH } from "../shell/clock";
import { defaultRedis, RECORDED_BUILD, supportedBy } from "./builds";
import { type ModuleSpec, makeModule, modulesOf } from "./catalogue";
import { type DatabaseSpec, insertDatabase } from "./database";
import type { ClusterState, NodeState, Policy, Settings } from "./state";
import { SWITCHES, type SwitchChange, withSwitches } from "./switches";
import { INSTANT, PLAUSIBLE, type Timings } from "./timings";

/** How a simulated cluster is set up; every part has a default. */
export interface ClusterOptions {
  /** Number of nodes; the first is the master. Default 3. */
  readonly nodes?: number;
  /** X.Y.Z-build of all nodes. It determines their builds and features. Default 100.0.21-16135, the recorded one. */
  readonly softwareVersion?: string;
  /** Fully qualified name. Default cluster.local. */
  readonly name?: string;
  /** E-mail and password of the administrator. */
  readonly user?: string;
  readonly password?: string;
  readonly databases?: readonly DatabaseSpec[];
  /** Modules in addition to the bundled ones. */
  readonly modules?: readonly ModuleSpec[];
  readonly policy?: Partial<Policy>;
  readonly settings?: Partial<Settings>;
  readonly switches?: SwitchChange;
  /** "plausible" (default), or "instant": no upgrade takes any time. */
  readonly timings?: "plausible" | "instant" | Partial<Timings>;
  /** Seed of action uids. Default 1. */
  readonly seed?: number;
}

export const DEFAULT_USER = "admin@cluster.local";
export const DEFAULT_PASSWORD = "p@ss:w0rd";

const SETTINGS: Settings = {
  handleRedirects: false,
  basicAuthentication: true,
  maskCredentials: false,
  licenseExpired: false,
  certificateAuthentication: false,
  certificateValidation: "disabled",
  certificateSubjects: [],
};

const MONTH = 30 * 86_400_000;

export function initialState(options: ClusterOptions, now: number = EPOCH): ClusterState {
  const softwareVersion = options.softwareVersion ?? RECORDED_BUILD;
  const count = options.nodes ?? 3;
  const state: ClusterState = {
    format: 1,
    seed: options.seed ?? 1,
    name: options.name ?? "cluster.local",
    scheme: "https",
    createdAt: now - MONTH,
    nodes: Array.from({ length: count }, (_, index) => makeNode(index + 1, softwareVersion)),
    master: 1,
    users: [
      {
        uid: 1,
        email: options.user ?? DEFAULT_USER,
        password: options.password ?? DEFAULT_PASSWORD,
        passwordExpired: false,
        role: "admin",
        databases: null,
        certificateSubject: null,
      },
    ],
    databases: [],
    modules: [...modulesOf(softwareVersion), ...(options.modules ?? []).map(makeModule)],
    crdbs: [],
    crdbTasks: [],
    tasks: [],
    timers: [],
    scripts: [],
    policy: {
      defaultRedisVersion: defaultRedis(softwareVersion),
      redisUpgradePolicy: "latest",
      parallelShardsUpgrade: 0,
      ...options.policy,
    },
    settings: { ...SETTINGS, ...options.settings },
    switches: withSwitches(SWITCHES, options.switches ?? {}),
    timings: timingsOf(options),
    counters: { database: 0, shard: 0, event: 0, boot: count },
    clusterStateId: 100,
    tokenGeneration: 1,
    acceptedUpgrades: [],
    certificate: null,
  };
  for (const spec of options.databases ?? []) insertDatabase(state, spec, state.createdAt);
  return state;
}

function makeNode(uid: number, softwareVersion: string): NodeState {
  return {
    uid,
    name: `node${uid}`,
    ip: `10.78.0.${uid + 1}`,
    port: 9443,
    down: false,
    bootId: uid,
    softwareVersion,
    supported: supportedBy(softwareVersion),
  };
}

export function timingsOf({ timings = "plausible" }: Pick<ClusterOptions, "timings">): Timings {
  if (timings === "plausible") return PLAUSIBLE;
  return timings === "instant" ? INSTANT : { ...PLAUSIBLE, ...timings };
}
