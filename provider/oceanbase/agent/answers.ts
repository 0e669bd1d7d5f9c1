import { type RefusalKind, Unreachable } from "../../core/errors";
import { vendorText } from "../../core/vendor-text";
import { parseJson } from "../../http/body";
import { describeResponse } from "../../http/foreign";
import type { WireResponse } from "../../http/transport";
import { envelope } from "./schema";

/**
 * What an answer of an agent means to us. `text` is the agent's message and code, for people; `beside` the data that came
 * with an error: complete in some calls, in others what an empty result looks like.
 */
export type Answer =
  | { readonly kind: "data"; readonly data: unknown; readonly timestamp?: string }
  /** The agent is there, but cannot know: its database is down, it has just started, a relay failed. */
  | { readonly kind: "away"; readonly text: string; readonly beside?: unknown }
  /** `certain`: the password is wrong. Otherwise its key or its clock may have changed: worth a fresh look at both. */
  | { readonly kind: "unauthorized"; readonly text: string; readonly certain: boolean }
  /** This server has no such route. */
  | { readonly kind: "unserved"; readonly text: string }
  /** The thing asked for is not there. */
  | { readonly kind: "missing"; readonly text: string }
  | {
      readonly kind: "refused";
      readonly text: string;
      readonly code: string;
      readonly refusal: RefusalKind;
      readonly beside?: unknown;
    }
  /** Not the answer of an obshell, but of a proxy or a web server, or a broken one. */
  | { readonly kind: "foreign"; readonly status: number; readonly text: string };

/** What an answer to a POST can mean. */
export type WriteAnswer = Extract<Answer, { readonly kind: "data" | "unauthorized" | "refused" | "foreign" }>;

/** OceanBase or a fellow agent is not reachable from the agent that was asked: passes by itself during upgrades. */
const AWAY =
  /^(Agent\.OceanBase\.(NotHold|Useless|DB\.NotOcs)|OB\.Server\.Process\.(NotExist|CheckFailed)|OB\.Server\.Unavailable|Agent\.(Unavailable|Maintainer\.NotActive)|Agent\.RPC\..*|Common\.Unexpected|Gorm\..*|MySQL\.Error)$/;
/** The same before the errCode era: 1002 unexpected, 1010 known, 10009 no cluster. */
const AWAY_NUMBERS = new Set([1002, 1010, 10009]);

/** Refusals that end by themselves. The lock; and panics, which POSTs meet in the first second of an agent. */
const BUSY = /^(OB\.Cluster|OB\.Tenant|Agent)\.UnderMaintenance/;
const BUSY_TEXT = /under maintenance|failed to start maintenance/i;
const PANIC_TEXT = "Unexpected error: Internal Server Error";

/** Any database error while a DAG is loaded is also a 404; only this text means that it really is not there. */
const ABSENT_TEXT = /record not found$/;
const UNSERVED_TEXT = /404 not found$/;

/**
 * The caller could not be verified, whatever the status. `Request.Header.NotFound`: a server of another generation looks for
 * another header, and what it was may have changed with its restart.
 */
const UNVERIFIED = /^(Security\.(?!Authentication\.File\.|User\.)|Common\.Unauthorized$|Request\.Header\.NotFound$)/;
/** Families of codes that say something else: obshell `errors/errorcode.go`. */
const KNOWN = /^(Agent|Common|Environment|Gorm|MySQL|OB|Package|Request|Security|Task)\./;
/** The same before the errCode era: 1 header not decrypted, 10008 unauthorized. */
const UNVERIFIED_NUMBERS = new Set([1, 10_008]);
const KNOWN_NUMBERS = new Set([1_000, 1_001, 1_002, 1_003, 1_010, 2_300, 2_301, 10_000, 10_009, 20_000]);
/** Before the errCode era a wrong hash of an upload had the number of wrong credentials. */
const WRONG_HASH = /sha256 (mismatch|not match)/i;
const UNAUTHORIZED = 401;
/** Only these say that the password itself is the matter. */
const WRONG_PASSWORD = /\.(IncorrectOceanbasePassword|WithAgentPassword)$/;

/** Reads an answer to a GET. */
export function readAnswer(response: WireResponse): Answer {
  const parsed = open(response);
  if (parsed.kind !== "error") return parsed;
  const { code, number, message, text, beside } = parsed;
  if (unverified(parsed)) return { kind: "unauthorized", text, certain: WRONG_PASSWORD.test(code) };
  if (UNSERVED_TEXT.test(message)) return { kind: "unserved", text };
  if (code === "Task.NotFound" || number === 2300) {
    return ABSENT_TEXT.test(message) ? { kind: "missing", text } : { kind: "away", text };
  }
  const away = parsed.known ? AWAY.test(code) || AWAY_NUMBERS.has(number ?? 0) : parsed.status >= 500;
  if (away) return { kind: "away", text, beside };
  return { kind: "refused", code, text, refusal: "final", beside };
}

/** Reads an answer to the upgrade call: every error of the agent itself means that nothing was started. */
export function readWriteAnswer(response: WireResponse): WriteAnswer {
  const parsed = open(response);
  if (parsed.kind !== "error") return parsed;
  const { code, text } = parsed;
  if (unverified(parsed)) return { kind: "unauthorized", text, certain: WRONG_PASSWORD.test(code) };
  return { kind: "refused", code, text, refusal: refusalOf(parsed) };
}

/** By the agent's own code. Only a code that is not known leaves it to the status. */
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
  if (message === PANIC_TEXT) return "soon";
  return code !== "Common.Unexpected" && AWAY.test(code) ? "soon" : "final";
}

/** The shape is told per answer, never by the server's version: builds of one version answer in both. */
function open(response: WireResponse): Extract<Answer, { readonly kind: "data" | "foreign" }> | VendorError {
  const parsed = envelope.safeParse(parseJson(response.body));
  if (!parsed.success) return { kind: "foreign", status: response.status, text: describeResponse(response) };
  const { data, error, successful, timestamp } = parsed.data;
  if (successful) return { kind: "data", data, ...(timestamp === undefined ? {} : { timestamp }) };
  const message = error?.message ?? `HTTP ${response.status}`;
  const code = error?.errCode ?? "";
  const number = error?.code;
  const known = code === "" ? UNVERIFIED_NUMBERS.has(number ?? 0) || KNOWN_NUMBERS.has(number ?? 0) : KNOWN.test(code);
  const label = code === "" ? number : code;
  // Where the status decides, it is told as well.
  const labels = [label, known ? undefined : `HTTP ${response.status}`].filter((one) => one !== undefined);
  const said = vendorText(message);
  const text = error === undefined ? said : `${said} (${labels.join(", ")})`;
  return { kind: "error", status: response.status, code, number, known, message, text, beside: data };
}

/** Refusals that are not about root@sys's password: the path, or which of the passwords was sent. */
const OTHERWISE = /uri ?mismatch|AgentPassword|WithOceanBasePassword/i;

/** Whether a 401 can come from comparing root@sys's password. Servers before the errCode era say nothing of the cause. */
export function comparesPasswords(text: string): boolean {
  return !OTHERWISE.test(text);
}

/**
 * An agent compares root@sys's password with the last that it was given, and another one by logging in to its database.
 * Without that, what it calls incorrect may be the cluster's newer one.
 */
export function undecided(origin: string, text: string): Unreachable {
  return new Unreachable(`${origin} cannot check the password, because it cannot reach its database: ${text}`, {
    sent: true,
    heard: true,
  });
}
