import type { Hold } from "./control/hold";
import type { Observation } from "./driver";
import type { UpgradeError } from "./errors";
import type { Task, Window } from "./task";
import type { Unit } from "./unit";

/** The vendor's own words for an upgrade, kept in the state and shown to people. All times ISO 8601, UTC. */
export interface UpgradeRecord {
  readonly task: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  /** When this tool sent the call, or first saw the upgrade run. */
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** Set when the upgrade was found running, not started by this tool: it is never operated on. */
  readonly joined?: true;
  /** The vendor's task of each member, where they are many and wait for their windows. */
  readonly tasks?: Readonly<Record<string, string>>;
  /** The window that a deferred upgrade waits for. */
  readonly window?: Window;
  /** Why it failed, in the vendor's words. Of many, each member's reason is among the problems. */
  readonly reason?: string;
  /**
   * `unknown`: the answer to the call was lost. `gone`: the vendor no longer knows the task. `withdrawn`: it was canceled
   * before its window.
   */
  readonly state: "running" | "deferred" | "succeeded" | "failed" | "rolled-back" | "withdrawn" | "unknown" | "gone";
}

/** The upgrade that a record is about, as the vendor is asked for it. */
export function taskOf({ task, kind, to, startedAt }: UpgradeRecord): Task {
  return { id: task, kind, to, askedAt: startedAt };
}

/** `deferred` is for vendors that start in a window of their own, `held` for upgrades that were not requested yet. */
export type Status = "current" | "behind" | "newer" | "upgrading" | "deferred" | "held" | "failed";

/** How one run of the routine ended. Without an error the target version is reached or accepted as newer, or the upgrade runs unwatched. */
export interface Outcome<O extends Observation = Observation> {
  readonly status: Status;
  /** The last complete look at the vendor; undefined when there was none. */
  readonly observation?: O;
  /** What that look means for each unit. */
  readonly units?: readonly Unit[];
  /** The upgrade of this run, or the remembered one. */
  readonly upgrade?: UpgradeRecord;
  /** Whether the vendor has, or may have, an upgrade of ours: then what was seen has to be remembered. */
  readonly accepted: boolean;
  readonly error?: UpgradeError;
  /** Why an upgrade that is needed was not requested. */
  readonly hold?: Hold;
  /** Where members are upgraded each for itself: what became of those that did not get there, as sentences. */
  readonly problems?: Readonly<Record<string, string>>;
}
