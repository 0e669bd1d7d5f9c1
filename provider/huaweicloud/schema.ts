import { z } from "zod";
import { TASK_ID } from "../core/task";
import { vendorText } from "../core/texts/vendor-text";

/**
 * Fields of responses. Documentation, samples and servers differ in types, so numbers are accepted as strings and
 * strings as numbers. Fields that are not needed may be missing or null.
 */

export const text = z.union([z.string(), z.number()]).transform(String);
export const taskId = text.refine((value) => TASK_ID.test(value), "is not an id of a task");
/** `""` where there is none. */
export const note = text.nullish().transform((value) => value ?? "");
/** Text of a service that messages quote. */
export const reason = note.transform((text) => vendorText(text));
export const count = z.union([z.number(), z.string().regex(/^\d+$/, "must be a number").transform(Number)]);
/** Undefined where it is not reported. */
export const flag = z
  .union([z.boolean(), z.stringbool(), z.number().transform((value) => value !== 0)])
  .optional()
  .catch(undefined);

export const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** The main content of a response: required, because without it the response is from something else. */
export const rows = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullable()
    .transform((items) => items ?? []);
