import type { z } from "zod";
import { hideCredentials } from "../base/printed-credentials";
import { type RefusalKind, Refused, Unreachable, UpgradeError } from "../core/errors";
import { printable, vendorText, withoutMarkup } from "../core/texts/vendor-text";
import type { WireResponse } from "./transport";

export { printable } from "../core/texts/vendor-text";

/** Length of a body's excerpt in an error message: from the start of a page, and from the end of any other text. */
const FIRST = 120;
const LAST = 300;
/** Number of bytes of a long body that are read for an excerpt. */
const READ = 16 * 1024;
const PAGE = /^\s*<(?:!--|(?:!doctype|\?xml|html|head|body|title|center|h[1-6]|p|div|pre)\b)/i;

/**
 * More values than any response of a vendor has; the upgrade of a cluster with 1,200 agents has 256,000. Each one that does
 * not match its schema costs half a kilobyte and five microseconds: 16 MB of `1,1,1,…` took 4.4 GB and blocked the
 * process for 46 s.
 */
const MOST_VALUES = 500_000;
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

/** Decodes the bytes without copying them. A byte order mark, which a proxy may have added, is left out. */
function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.length)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
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
 * The content of a successful response to a write. A success in an unexpected format is still a success: the started
 * task has to be searched for.
 * @throws Unreachable with `sent`
 */
export function accepted<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  try {
    return validate(schema, value, what);
  } catch (cause) {
    throw new Unreachable(`${what} was accepted, but the response cannot be parsed`, {
      sent: true,
      responded: true,
      cause,
    });
  }
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

/**
 * The result of a write whose complete response is not in the vendor's format, but a default page of a framework, a
 * proxy, a load balancer or a web server. It is unconfirmed only if the status leaves it unknown whether the vendor
 * received the request.
 *
 * | status | the write was | because |
 * |---|---|---|
 * | 200 to 299 | unconfirmed | the success may be a login page, or the vendor's with a lost body; 204 has none |
 * | 303 | unconfirmed | "See Other" is the response to a request that was processed |
 * | other 300 to 399 | refused | the request was redirected to another address, to which it was not sent |
 * | 408, 499 | unconfirmed | a proxy timed out, and may have forwarded the request |
 * | 425, 429 | refused for now | it was rejected before it was processed |
 * | other 400 to 499 | refused | includes a proxy's 401, 403 and 407, which are not about the vendor's credentials |
 * | 500 and above | unconfirmed | a server, or a proxy before it, failed during the request |
 */
type Delivery = Exclude<RefusalKind, "busy"> | "unconfirmed";

const DELIVERIES: ReadonlyMap<number, Delivery> = new Map([
  [303, "unconfirmed"],
  [408, "unconfirmed"],
  [425, "soon"],
  [429, "soon"],
  [499, "unconfirmed"],
]);

export function deliveryOf(status: number): Delivery {
  return DELIVERIES.get(status) ?? (status >= 300 && status < 500 ? "final" : "unconfirmed");
}

/** A response that is not in the vendor's format. */
export interface ForeignResponse {
  readonly status: number;
  /** As formatted by `describeResponse`. */
  readonly text: string;
}

/**
 * The error for a write with such a response.
 * @param what the request, for messages: `POST /api/v1/ob/upgrade at http://10.0.0.1:2886`
 * @param remedy what to check if another service responds instead of the vendor
 */
export function foreignWrite(
  what: string,
  { status, text }: ForeignResponse,
  remedy: string,
  responded = false,
): Refused | Unreachable {
  const delivery = deliveryOf(status);
  if (delivery === "unconfirmed") return new Unreachable(`${what} returned ${text}`, { sent: true, responded });
  return new Refused(`${what} was refused: ${text}.`, { refusal: delivery, remedy, unread: true });
}

/** `HTTP 404, text/html: “404 Not Found nginx”`; for a redirect also its target, without possible secrets. */
export function describeResponse({ status, headers, body }: WireResponse): string {
  const type = headers["content-type"]?.split(";")[0];
  const shown = excerpt(body);
  const to = status >= 300 && status < 400 ? originOf(headers["location"]) : undefined;
  const head = `HTTP ${status}${to === undefined ? "" : ` to ${to}`}`;
  if (body.length === 0) return `${head} without a body`;
  return `${head}${type === undefined ? "" : `, ${type}`}${shown === "" ? "" : `: “${shown}”`}`;
}

function originOf(location: string | undefined): string | undefined {
  if (location === undefined || !URL.canParse(location)) return undefined;
  const { protocol, host } = new URL(location);
  return `${protocol}//${host}`;
}
