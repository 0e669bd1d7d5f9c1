import { type RefusalKind, Refused, Unreachable } from "../core/errors";
import { excerpt } from "./body";
import type { WireResponse } from "./transport";

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
type Fate = Exclude<RefusalKind, "busy"> | "unconfirmed";

const FATES: ReadonlyMap<number, Fate> = new Map([
  [303, "unconfirmed"],
  [408, "unconfirmed"],
  [425, "soon"],
  [429, "soon"],
  [499, "unconfirmed"],
]);

export function fateOf(status: number): Fate {
  return FATES.get(status) ?? (status >= 300 && status < 500 ? "final" : "unconfirmed");
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
  heard = false,
): Refused | Unreachable {
  const fate = fateOf(status);
  if (fate === "unconfirmed") return new Unreachable(`${what} returned ${text}`, { sent: true, heard });
  return new Refused(`${what} was refused: ${text}.`, { refusal: fate, remedy, unread: true });
}

/** `HTTP 404, text/html: “404 Not Found nginx”`; for a redirect also its target, without possible secrets. */
export function describeResponse({ status, headers, body }: WireResponse): string {
  const type = headers["content-type"]?.split(";")[0];
  const said = excerpt(body);
  const to = status >= 300 && status < 400 ? originOf(headers["location"]) : undefined;
  const head = `HTTP ${status}${to === undefined ? "" : ` to ${to}`}`;
  if (body.length === 0) return `${head} without a body`;
  return `${head}${type === undefined ? "" : `, ${type}`}${said === "" ? "" : `: “${said}”`}`;
}

function originOf(location: string | undefined): string | undefined {
  if (location === undefined || !URL.canParse(location)) return undefined;
  const { protocol, host } = new URL(location);
  return `${protocol}//${host}`;
}
