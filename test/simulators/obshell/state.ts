import type { Dialect } from "./dialect";
import type { ErrorCode } from "./errors";
import type { UpgradeNode } from "./route";
import type { Timings } from "./timings";

/** The whole simulated cluster as plain data: what `--state` saves and loads. */
export interface ClusterState {
  readonly format: 1;
  seed: number;
  name: string;
  id: number;
  edition: Edition;
  rootPassword: string;
  agents: AgentState[];
  packages: PackageState[];
  /** User tenants. */
  tenants?: TenantState[];
  dags: DagState[];
  /** Next ids, one sequence for each kind. */
  counters: { dag: number; node: number; subTask: number; package: number; key: number; boot: number };
  /** Row of `ocs.cluster_status`: 1 free, 2 GLOBAL, 3 TENANT. */
  lock: 1 | 2 | 3;
  timers: Timer[];
  scripts: StageScript[];
  conditions: Conditions;
  switches: Switches;
  timings: Timings;
  /** Directories that obshell removed with everything in them. */
  directoriesRemoved: { readonly at: number; readonly agent: string; readonly directory: string }[];
  /** Upgrade requests (not checks) with status 200. */
  acceptedUpgrades: { readonly at: number; readonly dag: number; readonly name: string }[];
  parametersRestored: number;
  /** Names of zones that were stopped. */
  stoppedZones?: string[];
}

export type Edition = "community" | "business" | "standalone";
export type Architecture = "x86_64" | "aarch64";
export type Identity =
  | "CLUSTER AGENT"
  | "SINGLE"
  | "MASTER"
  | "FOLLOWER"
  | "TAKE OVER MASTER"
  | "TAKE OVER FOLLOWER"
  | "SCALING OUT"
  | "SCALING IN"
  | "UNIDENTIFIED";

export interface AgentState {
  readonly name: string;
  ip: string;
  port: number;
  zone: string;
  architecture: Architecture;
  identity: Identity;
  /** VERSION-RELEASE of the running binary. */
  version: string;
  /** The same as written in `ocs.all_agent`. */
  listedVersion: string;
  /** `zone` as /info shows it: "" from an agent upgrade until the next ordinary restart. */
  shownZone: string;
  /** Private key, base64 of PKCS#1 DER. */
  key: string;
  /** Root password as stored by this agent. */
  rootPassword: string;
  agentPassword: string | null;
  /** Stopped by hand. */
  stopped: boolean;
  /** It has no row in `ocs.all_agent`: the cluster knows only its observer. */
  unregistered?: true;
  /** Down between its old and its new process. */
  restarting: boolean;
  startedAt: number;
  /** When its port opened. */
  openedAt: number;
  pid: number;
  bootId: number;
  observer: ObserverState;
}

export interface ObserverState {
  rpcPort: number;
  sqlPort: number;
  pid: number;
  /** VERSION-BUILD of the running process. */
  build: string;
  /** What a running upgrade does to it. */
  process: "up" | "vanishing" | "gone";
  /** Its manual state. */
  outage: "none" | "gone" | "dead";
  /** Taken out of service (`STOP_TIME` is set); its process runs on. */
  stopped?: true;
}

export interface TenantState {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly backups: BackupJobState[];
}

/** A row of CDB_OB_BACKUP_JOBS while it runs, of CDB_OB_BACKUP_JOB_HISTORY afterwards. */
export interface BackupJobState {
  readonly id: number;
  readonly type: "FULL" | "INC";
  readonly startedAt: number;
  /** When it ends. */
  readonly endsAt: number;
  /** Its final status. */
  readonly status: "COMPLETED" | "FAILED" | "CANCELED";
}

export interface PackageState {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  /** Build and dist: "101000062023110109.el7". */
  readonly release: string;
  readonly architecture: Architecture;
  readonly size: number;
  readonly payloadSize: number;
  readonly chunkCount: number;
  readonly md5: string;
  /** Version of the obshell inside, for OB packages. */
  readonly bundledAgent?: string;
  /** Nodes of `etc/oceanbase_upgrade_dep.yml`; absent: any version upgrades directly; null: an empty file. */
  readonly upgradeDep?: readonly UpgradeNode[] | null;
  /** The file's own text, where it was uploaded. */
  readonly upgradeDepText?: string;
  readonly uploadedAt: number;
}

export type TaskState = "PENDING" | "READY" | "RUNNING" | "FAILED" | "SUCCEED";
export type Operator = "RUN" | "RETRY" | "ROLLBACK" | "CANCEL" | "PASS";
export type DagKind = "agentUpgrade" | "agentCheck" | "obUpgrade" | "obCheck" | "other";

export interface DagState {
  readonly id: number;
  readonly name: string;
  readonly kind: DagKind;
  /** 1 none, 2 GLOBAL, 3 TENANT. */
  readonly maintenanceType: 1 | 2 | 3;
  readonly maintenanceKey: string;
  /** Its request; null for a maintenance that is not an upgrade. */
  readonly target: UpgradeTarget | null;
  state: TaskState;
  operator: Operator;
  stage: number;
  /** When `stage` last changed. */
  stageAt: number;
  finished: boolean;
  readonly createdAt: number;
  /** Milliseconds since 1970; null is Go's zero time. */
  startTime: number | null;
  endTime: number | null;
  nodes: NodeState[];
  /** The next event and its time; null without one. */
  next: { at: number; step: "start" | "begin" | "work" | "timeout" | "settle" } | null;
  /** Waiting for the database or an agent rather than for a time. */
  held: boolean;
  /** Hung by a script. */
  hung: boolean;
  /** Stored by an agent before 4.2.4.0, which stored no kind of lock. */
  readonly lockKindMissing?: true;
}

/** The request of an upgrade or check DAG. */
export interface UpgradeTarget {
  readonly version: string;
  readonly build: string;
  readonly dist: string;
  /** "" for the default directory. */
  readonly upgradeDir: string;
  /** Steps of the route after the current version: VERSION-BUILD each. */
  readonly route: readonly string[];
  /** Agent version that the stage "Restart obshell" installs. */
  readonly agentVersion: string | null;
}

export interface NodeState {
  readonly id: number;
  readonly name: string;
  /** Zone of a zone's stage. */
  readonly zone: string;
  /** VERSION-BUILD that the stage "Reinstall and restart observer" installs. */
  readonly build: string;
  state: TaskState;
  operator: Operator;
  startTime: number | null;
  endTime: number | null;
  subTasks: SubTaskState[];
}

export interface SubTaskState {
  readonly id: number;
  readonly name: string;
  state: TaskState;
  operator: Operator;
  startTime: number | null;
  endTime: number | null;
  executeTimes: number;
  /** Index of the agent that runs it. */
  agent: number;
  logs: { readonly line: string; readonly at: number; readonly attempt: number }[];
  /** Lines of the failure it will end with; null: it will succeed. */
  failure: string[] | null;
}

export type Timer = { readonly at: number } & (
  | { readonly type: "agentDown"; readonly agent: number }
  | { readonly type: "agentUp"; readonly agent: number; readonly version: string | null }
  | {
      readonly type: "observer";
      readonly agent: number;
      readonly process: ObserverState["process"];
      readonly build?: string;
    }
  | { readonly type: "outageEnd"; readonly agents: readonly number[] }
  | { readonly type: "agentStart"; readonly agent: number }
);

/** A stage that is to fail or hang. */
export interface StageScript {
  readonly what: "fail" | "hang";
  readonly kind?: DagKind;
  /** Stage number, or stage name; absent: the next stage that begins. */
  readonly stage?: number | string;
  readonly logs: readonly string[];
  /** Indices of the agents whose sub-task fails; absent: all of the stage. */
  readonly agents?: readonly number[];
  left: number;
}

/** What POST /ob/upgrade checks before it accepts (OBShell facts §4.2). */
export interface Conditions {
  pythonMissing: boolean;
  pythonModuleMissing: boolean;
  unrefreshedTenants: readonly string[];
  mergingTablets: number;
  compactingTenants: number;
  minObserverVersionSplit: boolean;
  compatibleSplit: boolean;
  runningBackups: number;
  /** Bytes free where the packages are unpacked, on every host; null: enough. */
  diskFree: number | null;
  sharedStorage: boolean;
  /** No host has `bin/observer`, as before the first installation: reads of its version fail. */
  observerBinaryMissing: boolean;
  /** The parameter `ob_startup_mode` has no row: 4.4.2.0 panics. */
  startupModeMissing: boolean;
  /** GET ob/info responds with 200 and `topology: null` although the database is up. */
  topologyHidden: boolean;
}

/** Behavior that differs between servers or is undocumented. */
export interface Switches {
  /** The wording of errors; "auto": by each agent's version. */
  dialect: Dialect | "auto";
  /** A missing obshell package: rejected by the call, or found by stage 2 after the lock is taken. */
  missingAgentPackage: "auto" | "refused" | "failsAtStage2";
  /** Whether every restart brings a new key, or only one that crosses 4.4.2.0. */
  newKeyAtRestart: boolean;
  /** Agents on one tick show different stages, nodes lag behind their sub-tasks. */
  atomicSnapshots: boolean;
  /** After a start, how long POST agent/upgrade[/check] and ob/upgrade panic. */
  startPanicMs: number;
  /** After a start, how long reads of tasks respond with NotHold. */
  notHoldMs: number;
  supportedAuth: readonly string[] | null;
  /** Whether an agent of 4.2.2.0 decrypts a header of several blocks (the Go SDK sends such) or of one (the docs do). */
  firstHeaderBlocks: "one" | "many";
  /** `obcluster_info.version`: "4.2.1.1" or "5.7.25-OceanBase_CE-v4.2.1.1". */
  obVersionText: "plain" | "mysql";
  /** Error of the lock on servers before the errCode era. */
  oldLockRefusal: ErrorCode;
}
