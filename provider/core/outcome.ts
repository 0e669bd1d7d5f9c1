import type { Hold } from "./control/hold";
import type { Observation } from "./driver";
import type { UpgradeError } from "./errors";
import type { Task, Window } from "./task";
import type { Unit } from "./unit";

/** An upgrade as the vendor names it, stored in the state and shown to users. All times ISO 8601, UTC. */
export interface UpgradeRecord {
  readonly task: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  /** When this tool sent the request, or first saw the upgrade in progress. */
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** Set when the upgrade was found in progress, not started by this tool: no operator is ever sent for it. */
  readonly joined?: true;
  /** The vendor's task of each member, if many are scheduled. */
  readonly tasks?: Readonly<Record<string, string>>;
  /** The maintenance window of a deferred upgrade. */
  readonly window?: Window;
  /** The vendor's reason for a failure. For many members, the reasons are in `problems`. */
  readonly reason?: string;
  /**
   * `unknown`: the response to the request was lost. `gone`: the vendor no longer knows the task. `withdrawn`: it was
   * canceled before its window.
   */
  readonly state: "running" | "deferred" | "succeeded" | "failed" | "rolled-back" | "withdrawn" | "unknown" | "gone";
}

/** The task of a record, for reading it from the vendor. */
export function taskOf({ task, kind, to, startedAt }: UpgradeRecord): Task {
  return { id: task, kind, to, requestedAt: startedAt };
}

/** `deferred` is for upgrades in the vendor's maintenance window, `held` for upgrades that were not requested yet. */
export type Status = "current" | "behind" | "newer" | "upgrading" | "deferred" | "held" | "failed";

/** The result of one run. Without an error, the target version is reached or exceeded, or the run does not wait. */
export interface Outcome<O extends Observation = Observation> {
  readonly status: Status;
  /** The last complete read; undefined if there was none. */
  readonly observation?: O;
  /** Its interpretation for each unit. */
  readonly units?: readonly Unit[];
  /** The upgrade of this run, or the one from the state. */
  readonly upgrade?: UpgradeRecord;
  /** Whether the vendor has, or may have, accepted our upgrade request: then the observation must be stored. */
  readonly accepted: boolean;
  readonly error?: UpgradeError;
  /** Why a needed upgrade was not requested. */
  readonly hold?: Hold;
  /** If members are upgraded independently: the results of those that are not up to date, as sentences. */
  readonly problems?: Readonly<Record<string, string>>;
}
