import type { z } from "zod";
import { vendorText } from "../core/vendor-text";
import { excerpt, parseJson } from "../http/body";
import type { WireResponse } from "../http/transport";
import { failure } from "./schema";

/** What an answer of a node means. `text` is what the server said, for people; `code` its `error_code`, or "". */
export type Answer =
  | { readonly kind: "data"; readonly data: unknown }
  /** The node, or the proxy before it, cannot answer just now. `heard`: it is known to be Redis Enterprise that says so. */
  | { readonly kind: "away"; readonly text: string; readonly heard: boolean }
  | { readonly kind: "unauthorized"; readonly text: string; readonly code: string }
  | { readonly kind: "forbidden"; readonly text: string; readonly code: string }
  /** The thing asked for is not there, or this server has no such call. */
  | { readonly kind: "missing"; readonly text: string; readonly code: string }
  | { readonly kind: "refused"; readonly text: string; readonly code: string; readonly busy: boolean }
  /** Not Redis Enterprise: a proxy, a web server, a broken answer. `notFound`: a web page says that nothing is there. */
  | { readonly kind: "foreign"; readonly text: string; readonly notFound?: boolean };

const NOT_FOUND = 404;
const TOO_MANY = 429;
/** "Unsupported x-api-version": final, although a 5xx. */
const VERSION_NOT_SUPPORTED = 505;

/** Codes are not mapped to statuses everywhere, so a busy database is told by code or status. */
const BUSY_CODES = new Set(["busy", "db_busy"]);
const CONFLICT = 409;

export function readAnswer(response: WireResponse): Answer {
  const { status } = response;
  const body = parseJson(response.body);
  if (status >= 200 && status < 300) {
    return body === undefined ? { kind: "foreign", text: describeRaw(response) } : { kind: "data", data: body };
  }
  const { code, text, spoken } = errorOf(response, body);
  if (status === TOO_MANY || (status >= 500 && status !== VERSION_NOT_SUPPORTED)) {
    return { kind: "away", text, heard: spoken || response.headers["server"] === "envoy" };
  }
  if (!spoken && isPage(response)) {
    return { kind: "foreign", text: describeRaw(response), notFound: status === NOT_FOUND };
  }
  switch (status) {
    case 401:
      return { kind: "unauthorized", code, text };
    case 403:
      return { kind: "forbidden", code, text };
    case NOT_FOUND:
      return { kind: "missing", code, text };
    default:
      if (status < 400) return { kind: "foreign", text: describeRaw(response) };
      return { kind: "refused", code, text, busy: status === CONFLICT || BUSY_CODES.has(code) };
  }
}

/** The error in any of its shapes; an envoy in front answers without body, or with plain text. */
function errorOf(response: WireResponse, body: unknown): { code: string; text: string; spoken: boolean } {
  const parsed = failure.safeParse(body);
  const said = parsed.success ? wordsOf(parsed.data) : undefined;
  const code = parsed.success ? String(parsed.data.error_code ?? "") : "";
  if (said === undefined && code === "") return { code, text: describeRaw(response), spoken: false };
  const text = said === undefined ? `HTTP ${response.status} (${code})` : `${said}${code === "" ? "" : ` (${code})`}`;
  return { code, text: vendorText(text), spoken: true };
}

/** Recorded answers have `description`; most pages say `message`. */
function wordsOf({ description, message, error_message, error }: z.infer<typeof failure>): string | undefined {
  return [description, message, error_message, error].find((text) => text != null && text !== "") ?? undefined;
}

function isPage({ headers, body }: WireResponse): boolean {
  return /html/.test(headers["content-type"] ?? "") || /^\s*</.test(Buffer.from(body.subarray(0, 64)).toString("utf8"));
}

function describeRaw({ status, headers, body }: WireResponse): string {
  const start = excerpt(body);
  const type = headers["content-type"]?.split(";")[0];
  if (start === "") return `HTTP ${status} without a body`;
  return `HTTP ${status}${type === undefined ? "" : `, ${type}`}: “${start}”`;
}
