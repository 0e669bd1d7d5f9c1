import type { z } from "zod";
import { PinError } from "../core/errors";

const EXCERPT = 120;

/** A text as JSON, undefined if it is none. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

/**
 * A vendor's answer through its schema.
 * @throws PinError `not-the-vendor` with the path of the first thing that does not fit
 */
export function validate<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? "the answer" : issue.path.join(".");
  throw new PinError(
    "not-the-vendor",
    `${what} answered in an unknown shape: ${path}: ${issue?.message ?? "invalid"}.`,
    {
      remedy: "Check the endpoint and the server's version.",
    },
  );
}

/** The start of a body for an error message: one line, no control characters. */
export function excerpt(body: Uint8Array): string {
  const text = Buffer.from(body.subarray(0, EXCERPT * 4)).toString("utf8");
  const line = printable(text).replace(/\s+/g, " ").trim();
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}

/** Without control characters and terminal escapes, which a hostile server could send to a person's screen. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (/\s/.test(character) ? " " : ""));
}
