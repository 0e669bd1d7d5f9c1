import { type RefusalKind, Refused, Unreachable } from "../core/errors";
import { excerpt } from "./body";
import type { WireResponse } from "./transport";

/**
 * What a complete response says of a write when it is not in the vendor's own form, but a framework's default page, or that of
 * a proxy, a load balancer or a web server. Only a status that leaves open whether the vendor got the request is unconfirmed.
 *
 * | status | the write was | because |
 * |---|---|---|
 * | 200 to 299 | unconfirmed | somebody reports a success: a login page, or the vendor with a body that was lost; 204 has none |
 * | 303 | unconfirmed | "See Other" is the answer to a request that was processed |
 * | other 300 to 399 | refused | the request was referred to another address, to which it was not sent |
 * | 408, 499 | unconfirmed | a proxy waited too long, and what it had passed on may have arrived |
 * | 425, 429 | refused for now | it was turned away before it was processed |
 * | other 400 to 499 | refused | this includes 401, 403 and 407: a proxy's, which say nothing of the vendor's credentials |
 * | 500 and above | unconfirmed | a server, or what stands before it, failed on the way |
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

/** A response that is not in the vendor's form. */
export interface ForeignResponse {
  readonly status: number;
  /** As `describeResponse` tells it. */
  readonly text: string;
}

/**
 * The error of a write that was answered like this.
 * @param what the request, for people: `POST /api/v1/ob/upgrade at http://10.0.0.1:2886`
 * @param remedy what to check when somebody else answers in the vendor's place
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

/** `HTTP 404, text/html: “404 Not Found nginx”`; of a redirect also where it leads, without what may be secret in it. */
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
