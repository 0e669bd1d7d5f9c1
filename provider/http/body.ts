import type { z } from "zod";
import { hideCredentials } from "../base/printed-credentials";
import { UpgradeError } from "../core/errors";
import { printable, vendorText, withoutMarkup } from "../core/texts/vendor-text";

export { printable } from "../core/texts/vendor-text";

/** Length of a body's excerpt in an error message: from the start of a page, and from the end of any other text. */
const FIRST = 120;
const LAST = 300;
/** Number of bytes of a long body that are read for an excerpt. */
const READ = 16 * 1024;
const PAGE = /^\s*<(?:!--|(?:!doctype|\?xml|html|head|body|title|center|h[1-6]|p|div|pre)\b)/i;

/**
 * More values than any list of a vendor has. Each one that does not match its schema costs half a kilobyte and five
 * microseconds: 16 MB of `1,1,1,…` took 4.4 GB and blocked the process for 46 s.
 */
const MOST_VALUES = 250_000;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** Parses a text as JSON; undefined if it is not JSON, or has implausibly many values. */
export function parseJson(body: Uint8Array): unknown {
  if (!isPlausible(body)) return undefined;
  try {
    return JSON.parse(textOf(body));
  } catch {
    return undefined;
  }
}

/** Decodes the bytes without copying them. */
function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8");
}

/** Upper bound of the number of values: counts what can begin a value, also within strings. */
function isPlausible(body: Uint8Array): boolean {
  let values = 0;
  for (const byte of body) {
    if (byte === COMMA || byte === BRACKET || byte === BRACE) values += 1;
    if (values > MOST_VALUES) return false;
  }
  return true;
}

/**
 * Validates a vendor's response against its schema.
 * @throws UpgradeError `not-the-vendor` with the path of the first mismatch
 */
export function validate<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? "the response" : issue.path.join(".");
  throw new UpgradeError(
    "not-the-vendor",
    `${what}: the response has an unexpected format: ${path}: ${issue?.message ?? "invalid"}.`,
    {
      remedy: "Check the endpoint and the server's version.",
    },
  );
}

/**
 * The excerpt of a body that is not in the vendor's format, for an error message: the visible start of a page, which is
 * its title; or the end of any other text, where a stack trace has the reason.
 */
export function excerpt(body: Uint8Array): string {
  const start = textOf(body.subarray(0, READ));
  if (!PAGE.test(start)) return vendorText(textOf(body.subarray(-READ)), LAST);
  const line = hideCredentials(textOfPage(start));
  return line.length > FIRST ? `${line.slice(0, FIRST)}…` : line;
}

function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ").trim();
}

/** Title and text of a page; most error pages repeat the title as text. */
function textOfPage(page: string): string {
  const title = oneLine(withoutMarkup(/<title[^<>]*>([^<]*)/i.exec(page)?.[1] ?? ""));
  const text = oneLine(withoutMarkup(page));
  if (title === "" || text.startsWith(title)) return text;
  return text === "" ? title : `${title}: ${text}`;
}
