import { z } from "zod";
import { parseDuration } from "./duration";
import type { Policy, Times } from "./policy";

/** Arguments that every pin takes. */
export const commonArguments = {
  onNewer: z.enum(["report", "accept", "fail"], { error: 'must be "report", "accept" or "fail"' }).optional(),
  wait: z.boolean({ error: "must be true or false" }).optional(),
  unreachableTimeout: z
    .string({ error: 'must be a duration, such as "20m"' })
    .refine((text) => (parseDuration(text) ?? 0) > 0, 'must be a duration above zero, such as "20m"')
    .optional(),
};

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
