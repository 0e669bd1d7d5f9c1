import type { ChangeRules } from "./control/control";

/** What a user decides about a run, and what a resource kind knows about its vendor's times. All times in milliseconds. */
export interface Policy {
  /** What to do when something newer than the target version runs. No reading of it ever calls a downgrade. */
  readonly onNewer: "report" | "accept" | "fail";
  /**
   * What to do about an upgrade of ours that failed: `report` it, `retry` one that an earlier run left failed (once per
   * run), or `rollback` where the vendor still allows it, and fail all the same.
   */
  readonly onFailure: "report" | "retry" | "rollback";
  /** When an upgrade request may be sent. */
  readonly changes: ChangeRules;
  /** False: return as soon as the vendor has accepted. */
  readonly wait: boolean;
  /** How long nobody may answer while an upgrade is known to run, or after the vendor was heard once. */
  readonly unreachableBudget: number;
  /** How long nobody may answer when nothing was ever heard: more likely a wrong address than a restart. */
  readonly firstContact: number;
  /** After a lost reply to the upgrade call: how long to look for the upgrade before giving up. */
  readonly lostReplyWindow: number;
  /** After a successful task: how long the versions may take to show it. */
  readonly settleTime: number;
  /** How long a request of a killed run may take until reads show it; waited once in a run that sends a request. */
  readonly spacing: number;
}

/** What a resource kind knows about its vendor. */
export type Times = Omit<Policy, "onNewer" | "onFailure" | "wait" | "changes">;

/** Tries of a call that the vendor was not ready for (`soon`). */
export const SOON_TRIES = 5;

/** Requests for one unit in one run: versions that are far behind are reached in several rounds. */
export const MOST_ROUNDS = 4;
