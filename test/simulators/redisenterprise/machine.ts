/** A loaded module of a database. */
export interface LoadedModule {
  /** As the server writes it. */
  readonly name: string;
  readonly uid: string;
  /** Semantic version. */
  readonly version: string;
  readonly args: string;
}

/** The changes of an upgrade. */
export interface UpgradePlan {
  readonly redis: { readonly redisVersion: string; readonly version: string } | null;
  /** Modules to replace or add, by name. */
  readonly modules: readonly LoadedModule[];
  readonly removed: readonly string[];
  readonly restarts: boolean;
  /** `force_discard`: data is lost even with replication or persistence. */
  readonly forceDiscard: boolean;
  readonly preserveRoles: boolean;
  /** Shards restarted together; 0: all. */
  readonly parallel: number;
  readonly crdtProtocol: boolean;
}

export type MachineStatus = "pending" | "active" | "completed" | "failed";

/** One run of a state machine over a database. */
export interface MachineState {
  readonly actionUid: string;
  /** SMUpgradeBDB, SMUpdateBDB, … */
  readonly name: string;
  readonly createdAt: number;
  heartbeat: number;
  status: MachineStatus;
  /** The status of the failure: failed, or one of the action object page. */
  failure: "failed" | "aborted" | "cancelled";
  readonly states: readonly string[];
  /** Index of the state it is in. */
  at: number;
  /** Slots whose shards have been restarted in this state machine. */
  slotsDone: number;
  readonly plan: UpgradePlan | null;
  error: string | null;
  /** When the next step is due, and its order among steps of the same time; null: no pending step. */
  next: { readonly at: number; readonly seq: number } | null;
  /** A node it needs is down. */
  held: boolean;
  hung: boolean;
  /** How long each of its states takes; null: by the timings. */
  readonly lastsMs: number | "forever" | null;
}

/** A state machine that is to fail or hang. */
export interface MachineScript {
  readonly what: "fail" | "hang";
  readonly database?: number;
  /** State by name; absent: the first. */
  readonly state?: string;
  /** Slots to restart before, in a state that restarts shards. */
  readonly afterSlots: number;
  readonly error: string;
  readonly failure: MachineState["failure"];
  left: number;
}

/** States in which shards restart. */
export const RESTARTING: ReadonlySet<string> = new Set(["restart", "wait_for_version"]);

/** The observed sequences of `SMUpgradeBDB` (Redis Enterprise facts §2.7). */
export function statesOf(
  plan: Pick<UpgradePlan, "redis" | "restarts" | "preserveRoles">,
  replication: boolean,
): readonly string[] {
  if (!plan.restarts) return ["init"];
  const way = replication
    ? ["init", "check_slaves", "prepare", "stop_forwarding", "start_wd", "wait_for_version"]
    : plan.redis === null
      ? ["init", "restart"]
      : ["init", "wait_for_version", "configure_shards"];
  return plan.preserveRoles && replication ? [...way, "second_failover"] : way;
}

export function isOver(machine: MachineState | null): boolean {
  return machine === null || machine.status === "completed" || machine.status === "failed";
}

/** 0 to 100 with two decimals, by states passed. */
export function progressOf(machine: MachineState): number {
  if (machine.status === "completed") return 100;
  return machine.status === "pending" ? 0 : Math.round((10_000 * machine.at) / machine.states.length) / 100;
}
