import type { SelfSigned } from "../shell/certificate";
import type { SupportedVersion } from "./builds";
import type { LoadedModule, MachineScript, MachineState, UpgradePlan } from "./machine";
import type { Role } from "./roles";
import type { Switches } from "./switches";
import type { Timings } from "./timings";

/** The whole simulated cluster as plain data: what `--state` saves and loads. */
export interface ClusterState {
  readonly format: 1;
  seed: number;
  /** Fully qualified name; the subject of its certificate. */
  name: string;
  /** Of the addresses that redirects name. */
  scheme: "https" | "http";
  createdAt: number;
  nodes: NodeState[];
  /** uid of the master; null while none is elected. */
  master: number | null;
  users: UserState[];
  databases: DatabaseState[];
  /** What GET /v1/modules lists; databases may run others. */
  modules: ModuleState[];
  crdbs: CrdbState[];
  crdbTasks: CrdbTaskState[];
  /** Actions that are no state machine. */
  tasks: TaskState[];
  timers: Timer[];
  scripts: MachineScript[];
  policy: Policy;
  settings: Settings;
  switches: Switches;
  timings: Timings;
  counters: { database: number; shard: number; event: number; boot: number };
  /** `cluster-state-id`: goes up with every change of the configuration. */
  clusterStateId: number;
  /** Tokens of an earlier generation are invalid. */
  tokenGeneration: number;
  /** Upgrade requests with status 200 that started or queued an action. */
  acceptedUpgrades: AcceptedUpgrade[];
  /** Created when the cluster is first served with TLS. */
  certificate: SelfSigned | null;
}

export interface NodeState {
  readonly uid: number;
  readonly name: string;
  ip: string;
  port: number;
  down: boolean;
  bootId: number;
  /** X.Y.Z-build. */
  softwareVersion: string;
  supported: SupportedVersion[];
}

export interface UserState {
  readonly uid: number;
  readonly email: string;
  password: string;
  passwordExpired: boolean;
  role: Role;
  /** uids of the databases a db_member or db_viewer is confined to, from 8.2 on; null: all. */
  databases: readonly number[] | null;
  /** Common name, or whole subject, of the client certificate of this user. */
  certificateSubject: string | null;
}

export type DatabaseStatus =
  | "pending"
  | "active"
  | "active-change-pending"
  | "delete-pending"
  | "import-pending"
  | "creation-failed"
  | "recovery";

export interface DatabaseState {
  readonly uid: number;
  name: string;
  type: "redis" | "memcached";
  status: DatabaseStatus;
  /** "7.4" */
  redisVersion: string;
  /** "7.4.2" */
  version: string;
  modules: LoadedModule[];
  replication: boolean;
  persistence: "disabled" | "snapshot" | "aof";
  crdtGuid: string | null;
  crdtProtocolVersion: number;
  crdtFeaturesetVersion: number;
  /** Data on flash. */
  bigstore: boolean;
  autoUpgrade: boolean;
  /** Whether it is the destination of a Replica Of. */
  replicaSync: "disabled" | "enabled" | "paused" | "stopped";
  /** Capabilities that every module must have, in addition to those that follow from the other fields. */
  needs: readonly string[];
  adminPassword: string;
  port: number;
  shards: ShardState[];
  /** Keys lost by forced restarts, or by restarts without replica and persistence. */
  lostKeys: number;
  shardRestarts: number;
  failovers: number;
  createdAt: number;
  changedAt: number;
  /** Periodic backups and exports, the oldest first. */
  backups?: BackupState[];
  /** The running state machine, or the last one. */
  machine: MachineState | null;
  /** Queued while another one ran. */
  waiting: MachineState[];
}

export interface BackupState {
  readonly what: "backup" | "export";
  readonly startedAt: number;
  /** When it ends. */
  readonly endsAt: number;
  readonly status: "succeeded" | "failed";
}

export interface ShardState {
  readonly id: number;
  /** Master and replica of the same keys share it. */
  readonly slot: number;
  role: "master" | "slave";
  node: number;
  /** Full Redis version this process runs. */
  version: string;
  keys: number;
}

export interface ModuleState {
  readonly uid: string;
  readonly name: string;
  readonly displayName: string;
  readonly capabilityName: string;
  /** Semantic version. */
  readonly version: string;
  readonly compatibleRedisVersion: string;
  readonly minRedisVersion: string;
  readonly minRedisPackVersion: string;
  readonly capabilities: readonly string[];
  readonly commandLineArgs: string;
  readonly bigstoreVersion2: boolean;
  readonly bundled: boolean;
}

/** An Active-Active database; of its participants only the one on this cluster is simulated whole. */
export interface CrdbState {
  readonly guid: string;
  readonly name: string;
  readonly localDatabase: number;
  readonly otherClusters: Participant[];
}

/** Another cluster's part in an Active-Active database. */
export interface Participant {
  readonly cluster: string;
  /** How long its part of an upgrade takes, in milliseconds from the beginning of the task. */
  lastsMs: number;
  /** Why its part fails; null: it does not. */
  error: string | null;
}

export interface CrdbTaskState {
  readonly id: string;
  readonly guid: string;
  readonly database: number;
  /** The upgrade of the local database, while the task is queued. */
  plan: UpgradePlan | null;
  /** Its state machine; null before it began, and where there was nothing to do. */
  actionUid: string | null;
  readonly startedAt: number;
  /** What the other participants do. */
  readonly others: readonly (Participant & { readonly endsAt: number })[];
  /** How long its result is kept after its end, in milliseconds. */
  readonly keptMs: number;
}

export interface TaskState {
  readonly actionUid: string;
  readonly name: string;
  readonly node: number;
  readonly createdAt: number;
}

/** Earliest first. */
export type Timer =
  | { readonly at: number; readonly type: "election" }
  | { readonly at: number; readonly type: "crdb"; readonly task: string };

export interface Policy {
  defaultRedisVersion: string;
  redisUpgradePolicy: "major" | "latest";
  /** 0: all at once. */
  parallelShardsUpgrade: number;
}

export interface Settings {
  /** Non-master nodes forward calls instead of redirecting them. */
  handleRedirects: boolean;
  /** From 8.2.0 on it can be switched off. */
  basicAuthentication: boolean;
  maskCredentials: boolean;
  licenseExpired: boolean;
  certificateAuthentication: boolean;
  certificateValidation: "disabled" | "san_cn" | "full_subject";
  /** Common names and alternative names, or whole subjects, that `certificateValidation` accepts. */
  certificateSubjects: readonly string[];
}

export interface AcceptedUpgrade {
  readonly at: number;
  readonly database: number;
  readonly actionUid: string;
  readonly call: "modules/upgrade" | "upgrade" | "crdbs/upgrade" | "auto_upgrade";
}
