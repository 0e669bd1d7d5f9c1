import { type ErrorOptions, Rejected, Unreachable, UpgradeError } from "../core/errors";
import { transportProblem } from "../http/connection-errors";
import type { Credentials } from "./arguments";
import type { ParsedResponse, VendorProblem } from "./responses";

/** Errors of requests to Huawei Cloud. */

/** How long an access key stays locked after five bad signatures. */
const LOCKED = /reach the limit,? ?forbidden/i;

/** The gateway counts it: five in a row lock the key. */
export function isBadSignature(parsed: ParsedResponse): boolean {
  return parsed.kind === "unauthorized" && /verify aksk signature fail/i.test(parsed.text);
}

/** A refusal because of the signature's date, in the words of several gateways. */
const CLOCK = /skew|x-sdk-date|(server|request) time|signature (has )?expired/i;

/** Additional context of an error. */
export interface Circumstances {
  readonly credentials: Credentials;
  /** The signed text, lines separated by `|`. */
  readonly signed?: string | undefined;
  /** The IAM action that the request needs. */
  readonly action?: string | undefined;
  /** An example address of the service; IAM's if omitted. */
  readonly example?: string | undefined;
}

/**
 * The error for a bad response to a request that changes nothing.
 * @param what the request, for display: `GET /v3/…/instances at https://…`
 * @returns Unreachable when the service is temporarily unavailable
 */
export function vendorProblem(what: string, trouble: VendorProblem, circumstances: Circumstances): UpgradeError {
  const { credentials, signed, action, example } = circumstances;
  switch (trouble.kind) {
    case "unauthorized":
    case "stale":
      return unauthorized(what, trouble, credentials, signed);
    case "forbidden":
      return forbidden(what, trouble, action);
    case "unavailable":
    case "unpublished":
    case "busy":
    case "conflict":
      return unavailable(what, trouble);
    case "foreign":
      return notHuaweiCloud(what, trouble.text, example);
    default:
      return refused(what, trouble);
  }
}

export function unauthorized(
  what: string,
  trouble: VendorProblem,
  credentials: Credentials,
  signed?: string,
): UpgradeError {
  const { text, echo, requestId, assumed } = trouble;
  const verdict = `${what} was rejected${assumed === true ? "" : " because of its credentials"}`;
  const same = echo !== undefined && echo === signed;
  return new Rejected(verdict, {
    reason: `${same ? "`secretKey` does not belong to `accessKey`: " : ""}${text}${request(requestId)}${doubt(trouble)}`,
    credentials: argumentsOf(credentials),
    remedy: `${remedyFor(trouble, credentials, same)}${difference(echo, signed)}`,
  });
}

function argumentsOf(credentials: Credentials): readonly string[] {
  if (credentials.kind === "user") return ["userName", "password", "domainName"];
  return ["accessKey", "secretKey", ...(credentials.securityToken === undefined ? [] : ["securityToken"])];
}

/** The status alone is only a hint: the vendor uses it for several causes. */
function doubt({ assumed, code, status }: VendorProblem): string {
  return assumed === true
    ? `; the code ${code} is not documented, and HTTP ${status} suggests a problem with credentials or permissions`
    : "";
}

/** If the gateway signed a different text than this tool, something in between has changed the request. */
function difference(echo: string | undefined, signed: string | undefined): string {
  if (echo === undefined || echo === signed) return "";
  return ` The request was changed on its way to the gateway. The gateway's canonical request: ${echo}. This client's: ${signed ?? "none"}.`;
}

function remedyFor({ text, code }: VendorProblem, credentials: Credentials, sameText: boolean): string {
  if (LOCKED.test(text))
    return "The access key is locked for five minutes after bad signatures. Run {apply} again later.";
  if (credentials.kind === "user") {
    return "Set `userName`, `password` and `domainName` to those of an IAM user. A HUAWEI ID cannot get a token with a password.";
  }
  // APIGW.0303 can also be about the access key.
  if (CLOCK.test(text) || code === "APIGW.0303") {
    return "Check the clock of this machine: the gateway accepts a difference of at most 15 minutes. If the clock is correct, check the access key.";
  }
  if (credentials.securityToken !== undefined) {
    return "Temporary keys expire. Create new ones, and set `securityToken` as well.";
  }
  return sameText
    ? "Set `secretKey` to the secret key of this access key."
    : "Set `accessKey` and `secretKey` to a valid access key of the account.";
}

/** The caller is authenticated, but lacks a permission. */
export class Forbidden extends UpgradeError {
  override readonly name = "Forbidden";

  constructor(message: string, options: ErrorOptions) {
    super("unauthorized", message, options);
  }
}

export function forbidden(what: string, trouble: VendorProblem, action: string | undefined): Forbidden {
  const { text, requestId, assumed } = trouble;
  const permission = action === undefined ? "" : `The request requires the IAM action ${action}. `;
  return new Forbidden(
    `${what} was ${assumed === true ? "refused" : "forbidden"}: ${text}${request(requestId)}${doubt(trouble)}.`,
    { remedy: `${permission}Check that project and instance belong to the account.` },
  );
}

/** @param example an example address of the service; if omitted, the request was to IAM */
export function notHuaweiCloud(what: string, found: string, example?: string): UpgradeError {
  return new UpgradeError(
    "not-the-vendor",
    `${what}: the response is not from Huawei Cloud: expected JSON with error_code or data, found ${found}.`,
    {
      remedy:
        example === undefined
          ? "Check `iamEndpoint` and `region`; `iamEndpoint` is an address such as https://iam.cn-north-4.myhuaweicloud.com."
          : `Check \`endpoint\` and \`region\`; \`endpoint\` is an address such as ${example}.`,
    },
  );
}

export function refused(
  what: string,
  { text, requestId }: Pick<VendorProblem, "text" | "requestId">,
  options: ErrorOptions = {},
): UpgradeError {
  return new UpgradeError("blocked", `${what} was refused: ${text}${request(requestId)}.`, options);
}

/** The service, or a proxy in front of it, is unavailable. */
export function unavailable(what: string, { text, code }: VendorProblem): Unreachable {
  return new Unreachable(`${what} failed at the server: ${text}`, { sent: true, responded: code !== "" });
}

/** The error for a request without a response. */
export function noResponse(origin: string, error: unknown): unknown {
  return transportProblem(
    origin,
    error,
    {
      clientCertificate:
        "Check `endpoint`: Huawei Cloud does not require a client certificate, and this resource does not send one.",
      untrusted: "Check `endpoint`. To trust a private CA, set NODE_EXTRA_CA_CERTS to its certificate file.",
    },
    (plain) =>
      new UpgradeError("not-the-vendor", `${origin} is a server without TLS.`, {
        remedy: "Check `endpoint`. The address of a server without TLS must begin with http://.",
        cause: plain,
      }),
  );
}

export function request(requestId: string | undefined): string {
  return requestId === undefined || requestId === "" ? "" : ` (request ${requestId})`;
}
