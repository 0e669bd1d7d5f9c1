import type { AccountState, LockState, TokenState } from "./account";
import type { ErrorCode } from "./errors";
import type { RouteName } from "./routes";
import type { Switches } from "./switches";
import type { JobState, ScheduleState } from "./task";
import type { Timings } from "./timings";

/** The whole simulated cloud as plain data: what `--state` saves and loads. */
export interface CloudState {
  readonly format: 1;
  seed: number;
  /** Counts jobs and schedules, to order events of the same time. */
  order: number;
  doors: DoorState[];
  regions: RegionState[];
  accounts: AccountState[];
  tokens: TokenState[];
  /** Recent invalid signatures, by access key. */
  locks: Record<string, LockState>;
  instances: InstanceState[];
  starRocks: StarRocksState[];
  backups?: BackupState[];
  jobs: JobState[];
  schedules: ScheduleState[];
  scripts: Script[];
  disturbances: Disturbance[];
  limits: RateLimit[];
  /** How far the service's clock is ahead of the caller's, for signatures. */
  clockSkewMs: number;
  switches: Switches;
  timings: Timings;
  accepted: AcceptedUpgrade[];
}

/** One address: a region's service, an IAM, or everything at once. */
export interface DoorState {
  readonly name: string;
  address: string;
  readonly service: "db" | "iam" | "all";
  readonly region: string | null;
  down: boolean;
  bootId: number;
}

/** Calls that only some regions have. */
export type RegionFeature = "preCheck" | "unifyStatus" | "scheduleExist";

export interface RegionState {
  readonly name: string;
  features: RegionFeature[];
  /** Kernels offered to new instances; the newest is what instances are upgraded to. */
  kernels: { readonly id: string; readonly version: string; readonly kernel: string }[];
  starRocksKernels: { readonly id: string; readonly kernel: string }[];
}

/** A TaurusDB instance. */
export interface InstanceState {
  readonly id: string;
  name: string;
  readonly projectId: string;
  readonly enterpriseProjectId: string;
  /** Compatible MySQL version, "8.0.22". */
  readonly mysqlVersion: string;
  /** 4-part kernel version. */
  kernel: string;
  /** Newest kernel for this instance alone; null: the region's. */
  offered: string | null;
  /** v3 status apart from upgrades: ACTIVE, FROZEN, BACKING UP … */
  status: string;
  /** When `status` becomes ACTIVE automatically; null: never. */
  statusUntil: number | null;
  /** Upgrades are forbidden. */
  denied: boolean;
  nodes: number;
  /** "18:00-22:00", UTC. */
  window: string;
  readonly createdAt: number;
  updatedAt: number;
  conditions: Conditions;
  tags: readonly { readonly key: string; readonly value: string }[];
  /** The accepted or running upgrade. */
  job: string | null;
  /** The progress of a kernel of the old line (TaurusDB facts §3.1, scenario 2). */
  preparation: "none" | "preUpgraded" | "toBeConfirmed";
  /** Result of its last pre-check. */
  check: CheckState | null;
}

/** A full backup of a TaurusDB instance. */
export interface BackupState {
  /** It ends in br07. */
  readonly id: string;
  readonly instanceId: string;
  readonly name: string;
  readonly type: "auto" | "manual";
  readonly startedAt: number;
  /** When it ends. */
  readonly endsAt: number;
  /** Its final status. */
  readonly status: "COMPLETED" | "AVAILABLE" | "FAILED";
}

export interface CheckState {
  readonly jobId: string;
  /** Null while it runs. */
  finishedAt: number | null;
  failed: readonly CheckItem[];
  /** The previous check, if it has ended. */
  readonly previous: Pick<CheckState, "finishedAt" | "failed"> | null;
}

export type CheckItem =
  | "Upgrade permission check"
  | "Instance version check"
  | "Resource check"
  | "Upgrade feature compatibility check";

/** The conditions of an upgrade (TaurusDB facts §3.1). */
export interface Conditions {
  binlogOff: boolean;
  binlogExpireSeconds: number;
  collation: string;
  binlogInconsistent: number;
  replicaLagSeconds: number;
}

/** A StarRocks instance beside a TaurusDB instance. */
export interface StarRocksState {
  readonly id: string;
  name: string;
  readonly projectId: string;
  readonly parent: string;
  kernel: string;
  offered: string | null;
  status: string;
  statusUntil: number | null;
  denied: boolean;
  fe: number;
  be: number;
  window: string;
  readonly createdAt: number;
  updatedAt: number;
  syncTasks: number;
  job: string | null;
}

/** Scripted results of future upgrades. */
export interface Script {
  readonly what: "fail" | "hang" | "vanish" | "fallBehind" | "awaitApproval" | "damage";
  /** A TaurusDB or StarRocks id; absent: the next upgrade of any. */
  readonly instance?: string;
  readonly reason: string;
  readonly percent: number;
  /** Version that it reaches instead; absent: no change. */
  readonly to?: string;
  left: number;
}

/** Calls that are rejected unconditionally. */
export interface Disturbance {
  readonly code: ErrorCode;
  readonly status?: number;
  readonly route?: RouteName;
  readonly args: readonly string[];
  /** It takes effect; only the response is lost. */
  readonly processed: boolean;
  skip: number;
  left: number;
}

export interface RateLimit {
  readonly limit: number;
  readonly windowMs: number;
  readonly route?: RouteName;
  /** Calls of each user since the window began. */
  readonly counts: Record<string, { since: number; calls: number }>;
}

export interface AcceptedUpgrade {
  readonly at: number;
  readonly route: RouteName;
  readonly projectId: string;
  readonly instances: readonly string[];
  readonly delay: boolean;
}
