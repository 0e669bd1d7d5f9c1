import type { z } from "zod";
import { PinError } from "../core/errors";
import { printable, withoutMarkup } from "../core/printable";

export { printable } from "../core/printable";

const EXCERPT = 120;
/** How much of a page is read for its text, in bytes. */
const PAGE_START = 16 * 1024;
const PAGE = /^\s*<(?:!--|(?:!doctype|\?xml|html|head|body|title|center|h[1-6]|p|div|pre)\b)/i;

/** More values than any list of a vendor has: each one that does not fit its schema costs half a kilobyte. */
const MOST_VALUES = 250_000;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** A text as JSON, undefined if it is none, or has more values than anybody would send. */
export function parseJson(body: Uint8Array): unknown {
  if (!isModest(body)) return undefined;
  try {
    return JSON.parse(textOf(body));
  } catch {
    return undefined;
  }
}

/** Decoded where it lies, without a copy of the bytes. */
function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8");
}

/** Counts what can begin a value, in texts too: an upper bound of the values. */
function isModest(body: Uint8Array): boolean {
  let values = 0;
  for (const byte of body) {
    if (byte === COMMA || byte === BRACKET || byte === BRACE) values += 1;
    if (values > MOST_VALUES) return false;
  }
  return true;
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

/** The start of a body for an error message: one line, no control characters, and of a web page what people see of it. */
export function excerpt(body: Uint8Array): string {
  const start = textOf(body.subarray(0, EXCERPT * 4));
  const line = oneLine(PAGE.test(start) ? textOfPage(textOf(body.subarray(0, PAGE_START))) : start);
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}

function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ").trim();
}

/** Title and text of a page; most pages of errors repeat the title as their text. */
function textOfPage(page: string): string {
  const title = oneLine(withoutMarkup(/<title[^<>]*>([^<]*)/i.exec(page)?.[1] ?? ""));
  const text = oneLine(withoutMarkup(page));
  if (title === "" || text.startsWith(title)) return text;
  return text === "" ? title : `${title}: ${text}`;
}
