import { z } from "zod";
import { parseDuration } from "./duration";

export type { CommonArguments } from "./policy-from";

/** How `CommonArguments` are validated. Loads zod, so it is for vendors: the host is loaded before any resource is met. */
export const commonArguments = {
  onNewer: z.enum(["report", "accept", "fail"], { error: 'must be "report", "accept" or "fail"' }).optional(),
  wait: z.boolean({ error: "must be true or false" }).optional(),
  unreachableTimeout: z
    .string({ error: 'must be a duration, such as "20m"' })
    .refine((text) => (parseDuration(text) ?? 0) > 0, 'must be a duration above zero, such as "20m"')
    .optional(),
};
