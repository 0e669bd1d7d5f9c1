import type { Approvals } from "./control/approval";
import type { Blackout, ChangeWindow } from "./control/calendar";
import type { ChangeArguments } from "./control/change-arguments";
import { type ChangeRules, NO_RULES } from "./control/control";
import { parseDuration } from "./duration";
import type { Policy, Times } from "./policy";

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
  const { windows = stack.windows, blackouts = stack.blackouts, freeze, expect, backup } = args;
  return {
    ...NO_RULES,
    freezes: [freeze, stack.freeze].flatMap((sentence) => sentence?.trim() || []),
    ...(windows === undefined ? {} : { windows }),
    ...(blackouts === undefined ? {} : { blackouts }),
    expect: expect === undefined ? undefined : parseDuration(expect),
    ...(approvals === undefined ? {} : { approvals }),
    ...(backup === undefined ? {} : { backup: { maxAge: parseDuration(backup.maxAge) ?? 0, waive: backup.waive } }),
    ...(args.onHeld === undefined ? {} : { onHeld: args.onHeld }),
  };
}
