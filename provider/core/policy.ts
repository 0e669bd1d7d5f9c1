import type { ChangeRules } from "./control/control";

/** The user's settings for a run, and the vendor's times from the resource kind. All times in milliseconds. */
export interface Policy {
  /** What to do if the current version is newer than the target version. No value ever causes a downgrade. */
  readonly onNewer: "report" | "accept" | "fail";
  /**
   * What to do about a failed upgrade of ours: `report` it; `retry` one that an earlier run left failed (once per run);
   * or `rollback` if the vendor allows it. The run fails in every case.
   */
  readonly onFailure: "report" | "retry" | "rollback";
  /** When an upgrade request may be sent. */
  readonly changes: ChangeRules;
  /** If false, the run returns as soon as the vendor has accepted. */
  readonly wait: boolean;
  /** How long the server may be unreachable while an upgrade is in progress, or after it has responded once. */
  readonly unreachableBudget: number;
  /** How long the server may be unreachable at first: a wrong address is then more likely than a restart. */
  readonly firstContact: number;
  /** How long to poll for the upgrade after a lost response to the request. */
  readonly lostReplyWindow: number;
  /** How long the versions may take to change after a successful task. */
  readonly settleTime: number;
  /** How long a request of a killed run may take to become visible. A run that sends a request waits for this once. */
  readonly spacing: number;
}

/** The vendor's times, from the resource kind. */
export type Times = Omit<Policy, "onNewer" | "onFailure" | "wait" | "changes">;

/** Attempts of a request for which the vendor was not ready (`soon`). */
export const SOON_TRIES = 5;

/** Requests for one unit in one run: a version that is far behind needs several steps. */
export const MOST_ROUNDS = 4;
