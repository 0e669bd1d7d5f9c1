import { parseDuration } from "../base/sentences";
import type { Approval, Approvals } from "./control/approval";
import type { Blackout, ChangeWindow } from "./control/calendar";
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

/**
 * For how long after a request whose task was not seen a task is attributed to it, in milliseconds. Later, it is more
 * likely that another person or tool has started it.
 */
export const CLAIM = 15 * 60_000;

/** Attempts of a request for which the vendor was not ready (`soon`). */
export const SOON_TRIES = 5;

/** Requests for one unit in one run: a version that is far behind needs several steps. */
export const MOST_ROUNDS = 4;

/** Arguments of every resource type. */
export interface CommonArguments extends ChangeArguments {
  readonly onNewer?: "report" | "accept" | "fail" | undefined;
  readonly onUnreachable?: "warn" | "fail" | undefined;
  readonly onFailure?: "report" | "retry" | "rollback" | undefined;
  readonly wait?: boolean | undefined;
  readonly unreachableTimeout?: string | undefined;
}

/** Rules for all resources of a stack. A freeze always applies; windows and blackouts apply to resources without their own. */
export interface StackRules {
  readonly freeze?: string;
  readonly windows?: readonly ChangeWindow[];
  readonly blackouts?: readonly Blackout[];
}

/** Inputs of a run in addition to the arguments. */
export interface Surrounding {
  readonly stack?: StackRules;
  /** The approvals for this resource, if it requires any. */
  readonly approvals?: Approvals | undefined;
}

/** Combines a user's arguments and a vendor's times into a policy. */
export function policyFrom(args: CommonArguments, times: Times, surrounding: Surrounding = {}): Policy {
  const budget = args.unreachableTimeout === undefined ? undefined : parseDuration(args.unreachableTimeout);
  return {
    ...times,
    onNewer: args.onNewer ?? "report",
    onFailure: args.onFailure ?? "report",
    wait: args.wait ?? true,
    unreachableBudget: budget ?? times.unreachableBudget,
    firstContact: Math.min(budget ?? times.firstContact, times.firstContact),
    changes: rulesFrom(args, surrounding),
  };
}

function rulesFrom(args: CommonArguments, { stack = {}, approvals }: Surrounding): ChangeRules {
  const { freeze, expect, backup } = args;
  return {
    freezes: [freeze, stack.freeze].flatMap((sentence) => sentence?.trim() || []),
    windows: args.windows ?? stack.windows ?? [],
    blackouts: args.blackouts ?? stack.blackouts ?? [],
    expect: expect === undefined ? undefined : parseDuration(expect),
    approvals,
    backup: backup && { maxAge: parseDuration(backup.maxAge) ?? 0, waive: backup.waive },
    onHeld: args.onHeld ?? "report",
  };
}

/** The names of `ChangeArguments`, separate from their schemas, which are slow to load. */
export const CHANGE_ARGUMENTS = ["windows", "blackouts", "freeze", "expect", "approval", "backup", "onHeld"] as const;

/** When an upgrade request may be sent, after validation. */
export interface ChangeArguments {
  readonly windows?: readonly ChangeWindow[] | undefined;
  readonly blackouts?: readonly Blackout[] | undefined;
  readonly freeze?: string | undefined;
  readonly expect?: string | undefined;
  readonly approval?: ApprovedUpgrades | undefined;
  readonly backup?: { readonly maxAge: string; readonly waive?: string | undefined } | undefined;
  readonly onHeld?: "report" | "wait" | "fail" | undefined;
}

/** The content of `approved.json`: approvals by URN of the resource and by unit. */
export interface ApprovedUpgrades {
  readonly formatVersion: number;
  readonly approvals: Readonly<Record<string, Readonly<Record<string, Approval>>>>;
}
