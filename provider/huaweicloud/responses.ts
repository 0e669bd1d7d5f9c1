import { z } from "zod";
import { vendorText } from "../core/texts/vendor-text";
import { describeResponse, parseJson, printable } from "../http/body";
import type { WireResponse } from "../http/transport";

/**
 * The meaning of a response. `text` is the message and code, for display.
 * - `busy`: another operation is in progress, and will finish
 * - `conflict`: a 409 that may not be transient
 * - `latest`: nothing newer is offered
 * - `stale`: the token must be renewed
 * - `unserved`: this region does not have the API
 * - `unpublished`: the gateway did not find the service behind it, temporarily or permanently
 * - `no-job`: the job does not exist, or not yet
 * - `unavailable`: the service could not respond; it is unknown what it did
 * - `foreign`: the response is not from Huawei Cloud, but from a proxy or a web server
 */
export type Meaning =
  | "busy"
  | "conflict"
  | "latest"
  | "stale"
  | "unauthorized"
  | "forbidden"
  | "missing"
  | "unserved"
  | "unpublished"
  | "no-job"
  | "refused"
  | "unavailable"
  | "foreign";

export interface VendorProblem {
  readonly kind: Meaning;
  readonly status: number;
  /** Set when only the status determines the meaning: the code is in no table. */
  readonly assumed?: true;
  readonly text: string;
  /** `APIGW.0308`; `""` where none was sent. */
  readonly code: string;
  readonly requestId: string | undefined;
  /** The canonical request that the gateway built from ours, lines separated by `|`. */
  readonly echo?: string;
}

export type ParsedResponse = { readonly kind: "data"; readonly data: unknown } | VendorProblem;

/** The response to a request, and what was signed for it. */
export interface Reply {
  /** The request, for messages. It is another one if this one was not sent, because it would be refused as well. */
  readonly what: string;
  readonly parsed: ParsedResponse;
  readonly signed: string | undefined;
  /** It was refused because of its credentials, but new information is available: a retry may succeed. */
  readonly worthAnother: boolean;
}

/**
 * Meanings of codes, independent of the status or by status: a 403 may be a missing permission or an operation that the
 * engine does not have, a 404 an instance or a backup. A 429 is handled in limits.ts.
 */
export type Codes = Readonly<Record<string, Meaning | Readonly<Record<number, Meaning>>>>;

/** Several codes with one meaning. */
export function codes(meaning: Meaning, ...names: readonly string[]): Record<string, Meaning> {
  return Object.fromEntries(names.map((name) => [name, meaning]));
}

/** The codes of the API gateway in front of every service. Source: its table of error codes. */
const GATEWAY: Codes = {
  "APIGW.0101": "unserved",
  "APIGW.0103": "unpublished",
  ...codes("refused", "APIGW.0104", "APIGW.0105", "APIGW.0106"),
  "APIGW.0201": { 400: "refused", 413: "refused", 504: "unavailable" },
  ...codes("unauthorized", "APIGW.0301", "APIGW.0303"),
  ...codes("forbidden", "APIGW.0302"),
  "APIGW.0305": { 401: "unauthorized", 403: "forbidden" },
  "APIGW.0306": { 401: "unauthorized", 403: "forbidden" },
  "APIGW.0307": "stale",
};

/** For codes that are in no table. */
const STATUSES: ReadonlyMap<number, Meaning> = new Map([
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "missing"],
  [409, "conflict"],
]);

const word = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);

/** The error formats of the service, the gateway and IAM. */
const problem = z
  .object({
    error_code: word,
    error_msg: word,
    errorCode: word,
    errorMsg: word,
    code: word,
    message: word,
    error: z.object({ code: word, message: word }).optional().catch(undefined),
    encoded_authorization_message: word,
    request_id: word,
  })
  .transform((body) => ({
    code: body.error_code ?? body.errorCode ?? body.error?.code ?? body.code,
    message: body.error_msg ?? body.errorMsg ?? body.error?.message ?? body.message,
    denied: body.encoded_authorization_message !== undefined,
    requestId: body.request_id,
  }));

const ECHO = /canonicalRequest:(.*)$/s;
const SECURITY_TOKEN = /(x-security-token:)[^|]*/gi;

/**
 * Parses the response to a read or a write.
 * @param own the codes of the service; IAM has none
 */
export function readResponse(response: WireResponse, own: Codes = {}): ParsedResponse {
  const { status, headers, body } = response;
  const parsed = parseJson(body);
  if (status >= 200 && status < 300) {
    return parsed === undefined ? foreign(response) : { kind: "data", data: parsed };
  }
  const read = problem.safeParse(parsed);
  if (!read.success || (read.data.code === undefined && read.data.message === undefined && !read.data.denied)) {
    return foreign(response);
  }
  const { code: written = "", message: whole = "no reason", denied, requestId = headers["x-request-id"] } = read.data;
  // Older gateways use the prefix APIG.
  const code = written.replace(/^APIG\./, "APIGW.");
  const echo = ECHO.exec(whole)?.[1]?.replace(SECURITY_TOKEN, "$1[secret]");
  const message = vendorText(whole.replace(ECHO, "").replace(/[,\s]+$/, ""));
  const known = denied ? "forbidden" : meaningOf(code, status, own);
  // IAM returns the status where others return their code.
  const assumed = known === undefined && code !== "" && code !== String(status);
  return {
    kind: known ?? STATUSES.get(status) ?? (status >= 500 ? "unavailable" : "refused"),
    status,
    ...(assumed ? { assumed } : {}),
    code,
    text: `${message} (${[code, `HTTP ${status}`].filter(Boolean).join(", ")})`,
    requestId,
    ...(echo === undefined ? {} : { echo: printable(echo) }),
  };
}

function meaningOf(code: string, status: number, own: Codes): Meaning | undefined {
  const table = [GATEWAY, own].find((known) => Object.hasOwn(known, code));
  const known = table?.[code];
  return typeof known === "object" ? known[status] : known;
}

/**
 * A proxy's page for a server that is down has no code and means unavailable. Any other page is from another server.
 */
function foreign(response: WireResponse): VendorProblem {
  const { status, headers } = response;
  const text = describeResponse(response);
  return {
    kind: status >= 500 ? "unavailable" : "foreign",
    status,
    code: "",
    text,
    requestId: headers["x-request-id"],
  };
}
