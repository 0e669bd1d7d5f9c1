import { parseDuration } from "./duration";
import type { Policy, Times } from "./policy";

/** Arguments that every pin takes. */
export interface CommonArguments {
  readonly onNewer?: "report" | "accept" | "fail" | undefined;
  readonly onFailure?: "report" | "retry" | "rollback" | undefined;
  readonly wait?: boolean | undefined;
  readonly unreachableTimeout?: string | undefined;
}

/** The policy that follows from a user's arguments and a vendor's times. */
export function policyFrom(args: CommonArguments, times: Times): Policy {
  const budget = args.unreachableTimeout === undefined ? undefined : parseDuration(args.unreachableTimeout);
  return {
    ...times,
    onNewer: args.onNewer ?? "report",
    onFailure: args.onFailure ?? "report",
    wait: args.wait ?? true,
    unreachableBudget: budget ?? times.unreachableBudget,
    firstContact: Math.min(budget ?? times.firstContact, times.firstContact),
  };
}
