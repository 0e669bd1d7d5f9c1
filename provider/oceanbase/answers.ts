import type { RefusalKind } from "../core/errors";
import { vendorText } from "../core/vendor-text";
import { excerpt, parseJson } from "../http/body";
import type { WireResponse } from "../http/transport";
import { envelope } from "./schema";

/**
 * What an answer of an agent means to us. `text` is the agent's message and code, for people; `beside` the data that came
 * with an error: complete in some calls, in others what an empty result looks like.
 */
export type Answer =
  | { readonly kind: "data"; readonly data: unknown; readonly timestamp?: string }
  /** The agent is there, but cannot know: its database is away, it has just started, a relay failed. */
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
  /** This is not an obshell that speaks, but a proxy, a web server, a broken answer. */
  | { readonly kind: "foreign"; readonly text: string };

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

/** A server of another generation looks for another header: what it was may have changed with its restart. */
const NO_HEADER = "Request.Header.NotFound";
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
  if (AWAY.test(code) || AWAY_NUMBERS.has(number ?? 0)) return { kind: "away", text, beside };
  return { kind: "refused", code, text, refusal: "final", beside };
}

/** Reads an answer to the upgrade call: every error of the agent itself means that nothing was started. */
export function readWriteAnswer(response: WireResponse): Answer {
  const parsed = open(response);
  if (parsed.kind !== "error") return parsed;
  const { code, text } = parsed;
  if (unverified(parsed)) return { kind: "unauthorized", text, certain: WRONG_PASSWORD.test(code) };
  return { kind: "refused", code, text, refusal: refusalOf(parsed) };
}

function unverified({ status, code }: VendorError): boolean {
  return status === 401 || code === NO_HEADER;
}

interface VendorError {
  readonly kind: "error";
  readonly status: number;
  /** `""` before the errCode era. */
  readonly code: string;
  readonly number: number | undefined;
  readonly message: string;
  readonly text: string;
  readonly beside: unknown;
}

function refusalOf({ code, message }: VendorError): RefusalKind {
  if (BUSY.test(code) || BUSY_TEXT.test(message)) return "busy";
  if (message === PANIC_TEXT) return "soon";
  return code !== "Common.Unexpected" && AWAY.test(code) ? "soon" : "final";
}

/** The shape is told per answer, never by the server's version: builds of one version speak both. */
function open(response: WireResponse): Answer | VendorError {
  const parsed = envelope.safeParse(parseJson(response.body));
  if (!parsed.success) return { kind: "foreign", text: describeForeign(response) };
  const { data, error, successful, timestamp } = parsed.data;
  if (successful) return { kind: "data", data, ...(timestamp === undefined ? {} : { timestamp }) };
  const message = error?.message ?? `HTTP ${response.status}`;
  const code = error?.errCode ?? "";
  const label = code === "" ? error?.code : code;
  const said = vendorText(message);
  const text = label === undefined ? said : `${said} (${label})`;
  return { kind: "error", status: response.status, code, number: error?.code, message, text, beside: data };
}

function describeForeign({ status, headers, body }: WireResponse): string {
  const type = headers["content-type"]?.split(";")[0] ?? "no content type";
  const start = excerpt(body);
  return `HTTP ${status}, ${type}${start === "" ? ", no body" : `: “${start}”`}`;
}
