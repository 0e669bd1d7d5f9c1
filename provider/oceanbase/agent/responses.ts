import type { z } from "zod";
import { type RefusalKind, Refused, Unreachable, UpgradeError } from "../../core/errors";
import { vendorText } from "../../core/texts/vendor-text";
import { accepted, describeResponse, foreignWrite, parseJson, validate } from "../../http/body";
import type { WireResponse } from "../../http/transport";
import { PackageMissing, remedyOfWords, reportsMissingPackage } from "../packages/old-refusals";
import { remedyOf } from "../tasks/dag";
import { MEMBER, notObshell } from "./connection-errors";
import { type AgentInfo, envelope } from "./schema";

/**
 * The meaning of an agent's response. `text` is the agent's message and code, for display. `beside` is the data that
 * accompanies an error: complete in some requests, in others the same as an empty result.
 */
export type ParsedResponse =
  | { readonly kind: "data"; readonly data: unknown; readonly timestamp?: string }
  /**
   * The agent is reachable but does not have the data: its database is down, it has just started, or a relay failed.
   */
  | { readonly kind: "unavailable"; readonly text: string; readonly beside?: unknown }
  /** `certain`: the password is wrong. Otherwise key or clock may have changed, so both are worth reading again. */
  | { readonly kind: "unauthorized"; readonly text: string; readonly certain: boolean }
  /** This server has no such route. */
  | { readonly kind: "unserved"; readonly text: string }
  /** The requested object does not exist. */
  | { readonly kind: "missing"; readonly text: string }
  | {
      readonly kind: "refused";
      readonly text: string;
      readonly code: string;
      readonly refusal: RefusalKind;
      readonly beside?: unknown;
    }
  /** Not from obshell, but from a proxy or a web server, or corrupted. */
  | { readonly kind: "foreign"; readonly status: number; readonly text: string };

export type WriteResult = Extract<ParsedResponse, { readonly kind: "data" | "unauthorized" | "refused" | "foreign" }>;

/** OceanBase or another agent is not reachable from this agent: transient during upgrades. */
const TRANSIENT =
  /^(Agent\.OceanBase\.(NotHold|Useless|DB\.NotOcs)|OB\.Server\.Process\.(NotExist|CheckFailed)|OB\.Server\.Unavailable|Agent\.(Unavailable|Maintainer\.NotActive)|Agent\.RPC\..*|Common\.Unexpected|Gorm\..*|MySQL\.Error)$/;
/** The same before the errCode era: 1002 unexpected, 1010 known, 10009 no cluster. */
const TRANSIENT_NUMBERS = new Set([1002, 1010, 10009]);

/** The same in upgrade requests, where these numbers have many other causes (obshell 4.2.5.0, 4.3.0.0). */
const TRANSIENT_TEXT =
  /observer process (?:does )?not exist|check observer process|not holding|database is (?:useless|not ocs)|oceanbase db is (?:useless|nil)|failed to query all agents|maintainer is not active|(?:agent|observer) \S+ (?:is not available|not running)/i;

/** Transient refusals: the lock, and panics, which POSTs can hit in the first second of an agent. */
const BUSY = /^(OB\.Cluster|OB\.Tenant|Agent)\.UnderMaintenance/;
const BUSY_TEXT = /under maintenance|failed to start maintenance/i;
const PANIC_TEXT = "Unexpected error: Internal Server Error";

/** Any database error while a DAG is loaded is also a 404. Only this text means that it does not exist. */
const ABSENT_TEXT = /record not found$/;
const UNSERVED_TEXT = /404 not found$/;

/**
 * The caller could not be verified, whatever the status. `Request.Header.NotFound`: a server of another generation
 * expects another header, and a restart may have changed the generation.
 */
const UNVERIFIED = /^(Security\.(?!Authentication\.File\.|User\.)|Common\.Unauthorized$|Request\.Header\.NotFound$)/;
/** Families of codes with another meaning: obshell `errors/errorcode.go`. */
const KNOWN = /^(Agent|Common|Environment|Gorm|MySQL|OB|Package|Request|Security|Task)\./;
/** The same before the errCode era: 1 header not decrypted, 10008 unauthorized. */
const UNVERIFIED_NUMBERS = new Set([1, 10_008]);
const KNOWN_NUMBERS = new Set([1_000, 1_001, 1_002, 1_003, 1_010, 2_300, 2_301, 10_000, 10_009, 20_000]);
/** Before the errCode era, a wrong upload hash had the same number as wrong credentials. */
const WRONG_HASH = /sha256 (mismatch|not match)/i;
const UNAUTHORIZED = 401;
/** Only these mean that the password itself is wrong. */
const WRONG_PASSWORD = /\.(IncorrectOceanbasePassword|WithAgentPassword)$/;

export function readResponse(response: WireResponse): ParsedResponse {
  const parsed = open(response);
  if (parsed.kind !== "error") return parsed;
  const { code, number, message, text, beside } = parsed;
  if (unverified(parsed)) return { kind: "unauthorized", text, certain: WRONG_PASSWORD.test(code) };
  if (UNSERVED_TEXT.test(message)) return { kind: "unserved", text };
  if (code === "Task.NotFound" || number === 2300) {
    return ABSENT_TEXT.test(message) ? { kind: "missing", text } : { kind: "unavailable", text };
  }
  const transient = parsed.known ? TRANSIENT.test(code) || TRANSIENT_NUMBERS.has(number ?? 0) : parsed.status >= 500;
  if (transient) return { kind: "unavailable", text, beside };
  return { kind: "refused", code, text, refusal: "final", beside };
}

/** Parses the response to an upgrade request. After an error of the agent itself, nothing was started. */
export function readWriteResponse(response: WireResponse): WriteResult {
  const parsed = open(response);
  if (parsed.kind !== "error") return parsed;
  const { code, text } = parsed;
  if (unverified(parsed)) return { kind: "unauthorized", text, certain: WRONG_PASSWORD.test(code) };
  return { kind: "refused", code, text, refusal: refusalOf(parsed) };
}

/** Decided by the agent's own code. Only for unknown codes does the status decide. */
function unverified({ status, code, number, message, known }: VendorError): boolean {
  if (!known) return status === UNAUTHORIZED;
  return code === "" ? UNVERIFIED_NUMBERS.has(number ?? 0) && !WRONG_HASH.test(message) : UNVERIFIED.test(code);
}

interface VendorError {
  readonly kind: "error";
  readonly status: number;
  /** `""` before the errCode era. */
  readonly code: string;
  readonly number: number | undefined;
  /** Whether the code is one of obshell's. */
  readonly known: boolean;
  readonly message: string;
  readonly text: string;
  readonly beside: unknown;
}

function refusalOf({ code, message }: VendorError): RefusalKind {
  if (BUSY.test(code) || BUSY_TEXT.test(message)) return "busy";
  if (message === PANIC_TEXT || (code === "" && TRANSIENT_TEXT.test(message))) return "soon";
  return code !== "Common.Unexpected" && TRANSIENT.test(code) ? "soon" : "final";
}

/** The format is detected per response, not by server version: builds of one version use both. */
function open(response: WireResponse): Extract<ParsedResponse, { readonly kind: "data" | "foreign" }> | VendorError {
  const parsed = envelope.safeParse(parseJson(response.body));
  if (!parsed.success) return { kind: "foreign", status: response.status, text: describeResponse(response) };
  const { data, error, successful, timestamp } = parsed.data;
  if (successful) return { kind: "data", data, ...(timestamp === undefined ? {} : { timestamp }) };
  const message = error?.message ?? `HTTP ${response.status}`;
  const code = error?.errCode ?? "";
  const number = error?.code;
  const known = code === "" ? UNVERIFIED_NUMBERS.has(number ?? 0) || KNOWN_NUMBERS.has(number ?? 0) : KNOWN.test(code);
  const label = code === "" ? number : code;
  // Where the status decides, the message includes it.
  const labels = [label, known ? undefined : `HTTP ${response.status}`].filter((one) => one !== undefined);
  const reason = vendorText(message);
  const text = error === undefined ? reason : `${reason} (${labels.join(", ")})`;
  return { kind: "error", status: response.status, code, number, known, message, text, beside: data };
}

/** Refusals unrelated to root@sys's password: the path, or which password was sent. */
const OTHERWISE = /uri ?mismatch|AgentPassword|WithOceanBasePassword/i;

/**
 * Whether a 401 can come from comparing root@sys's password. Servers before the errCode era do not report the cause.
 */
export function comparesPasswords(text: string): boolean {
  return !OTHERWISE.test(text);
}

/**
 * An agent compares root@sys's password with the last one it was given, and verifies a different one by logging in to
 * its database. Without its database, a password it calls incorrect may be the cluster's newer one.
 */
export function undecided(origin: string, text: string): Unreachable {
  return new Unreachable(`${origin} cannot check the password, because it cannot reach its database: ${text}`, {
    sent: true,
    responded: true,
  });
}

const FOREIGN =
  "The response is not from obshell. List the agents' own addresses in `endpoints`, or check the proxy or load balancer in between.";

/** obshell never responds with this status, but proxies do. */
const TOO_LARGE = 413;
const LIMITED =
  "obshell has no such limit. Raise the limit of the proxy in between, or list the agents' own addresses in `endpoints`.";

/**
 * The result of a POST.
 * @param forget is called when the agent's key must be read again; `denied` finds the cause of a certain 401
 * @throws Refused when the agent rejects it; Unreachable with `sent` when it is unknown whether it was accepted;
 * UpgradeError `unauthorized`
 */
export async function writeResult<T>(
  { origin, target }: { readonly origin: string; readonly target: string },
  response: WireResponse,
  schema: z.ZodType<T>,
  { forget, denied }: { readonly forget: () => void; readonly denied: (text: string) => Promise<UpgradeError> },
): Promise<T> {
  const parsed = readWriteResponse(response);
  switch (parsed.kind) {
    case "data":
      return accepted(schema, parsed.data, `POST ${target} at ${origin}`);
    case "unauthorized":
      if (parsed.certain) throw notStarted(await denied(parsed.text));
      forget();
      throw new Refused(`${origin} could not verify POST ${target}: ${parsed.text}.`, { refusal: "soon" });
    case "refused":
      throw refused(origin, target, parsed.text, parsed);
    case "foreign":
      throw foreignWrite(`POST ${target} at ${origin}`, parsed, parsed.status === TOO_LARGE ? LIMITED : FOREIGN);
  }
}

/** An agent that could not verify the credentials has started nothing. */
function notStarted(error: UpgradeError): UpgradeError {
  return error instanceof Unreachable ? new Refused(`${error.message}.`, { refusal: "soon", cause: error }) : error;
}

function refused(
  origin: string,
  target: string,
  text: string,
  { refusal, code }: { readonly refusal: RefusalKind; readonly code?: string },
): Refused {
  const message = `${origin} refused POST ${target}: ${text}.`;
  if (reportsMissingPackage(text)) return new PackageMissing(message, text);
  return new Refused(message, { refusal, remedy: remedyOf(code) ?? remedyOfWords(text) });
}

/** What the agents read from OceanBase for ob/info, from 4.4.2.0 on: without it, the request panics. */
const STARTUP_MODE =
  "; agents from 4.4.2.0 on respond like this while GV$OB_PARAMETERS has no row for the parameter `ob_startup_mode`";
const OB_INFO = "/api/v1/ob/info";

/**
 * The result of a GET from an agent that has responded properly before: an unreadable response is transient (a proxy, a
 * restart), not a wrong address.
 * @returns undefined when the response is "not found"
 * @throws Unreachable when the agent does not have the data; UpgradeError `blocked` when it refuses, `not-the-vendor`
 */
export function readResult<T>(
  { origin, info: { identity } }: { readonly origin: string; readonly info: Pick<AgentInfo, "identity"> },
  target: string,
  parsed: Exclude<ParsedResponse, { kind: "unauthorized" }>,
  schema: z.ZodType<T>,
): T | undefined {
  const what = `GET ${target} at ${origin}`;
  switch (parsed.kind) {
    case "data":
      return shaped(() => validate(schema, parsed.data, what));
    case "missing":
    case "unserved":
      return undefined;
    case "foreign":
      return shaped(() => {
        throw notObshell(origin, parsed.text);
      });
    case "refused":
      throw new UpgradeError("blocked", `${what} was refused: ${parsed.text}.`);
    case "unavailable": {
      // Such a panic may never end.
      const panicked = target === OB_INFO && parsed.text.startsWith(PANIC_TEXT);
      const who = identity === MEMBER ? origin : `${origin} (identity ${identity})`;
      throw new Unreachable(
        `${who} responds, but cannot complete the request at the moment: ${parsed.text}${panicked ? STARTUP_MODE : ""}`,
        { sent: true, responded: !panicked },
      );
    }
  }
}

function shaped<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UpgradeError)) throw error;
    throw new Unreachable(error.message, { sent: true, responded: true, cause: error });
  }
}
