import { z } from "zod";
import { vendorText } from "../core/vendor-text";
import { parseJson, printable } from "../http/body";
import { describeResponse } from "../http/foreign";
import type { WireResponse } from "../http/transport";

/**
 * What an answer means to us. `text` is the message and code, for people.
 * - `busy`: another operation runs, and will end
 * - `conflict`: a 409 that is not known to end by itself
 * - `latest`: nothing newer is offered
 * - `stale`: the token has to be renewed
 * - `unserved`: this region does not have the call
 * - `unpublished`: the gateway did not find the service behind it, just now or at all
 * - `no-job`: a job that is not known, or not yet
 * - `away`: the service could not answer; nothing is known about what it did
 * - `foreign`: this is not Huawei Cloud that speaks, but a proxy or a web server
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
  | "away"
  | "foreign";

export interface Trouble {
  readonly kind: Meaning;
  readonly status: number;
  /** Set when the status alone says what it means: the code is in no table. */
  readonly assumed?: true;
  readonly text: string;
  /** `DBS.200019`; `""` where none was sent. */
  readonly code: string;
  readonly requestId: string | undefined;
  /** The canonical request that the gateway made of ours, lines parted by `|`. */
  readonly echo?: string;
}

export type Answer =
  | { readonly kind: "data"; readonly data: unknown; readonly headers: WireResponse["headers"] }
  | Trouble;

/**
 * The service's own codes say what is meant, whatever the status: 403 stands for a missing permission and for an operation that
 * the engine does not have, 404 for an instance and for a backup. 429 stands in throttle.ts: it never gets this far.
 */
const CODES: Readonly<Record<string, Meaning | Readonly<Record<number, Meaning>>>> = {
  "DBS.05000008": "latest",
  ...all("missing", "DBS.05000044", "DBS.201028", "DBS.200002", "DBS.200045", "DBS.200408", "DBS.200602"),
  ...all("missing", "DBS.290005", "DBS.290011"),
  // The upgrade pages say "Instance not found." at 400; the table of codes has a taken name at 409.
  "DBS.200022": { 400: "missing", 404: "missing", 409: "refused" },
  "DBS.200543": "no-job",
  ...all("busy", "DBS.200011", "DBS.200019", "DBS.200047", "DBS.201202", "DBS.212006", "DBS.201015", "DBS.212033"),
  ...all("busy", "DBS.216011", "DBS.201205", "DBS.05000084"),
  // At 400 it is the instance's state that forbids the call.
  "DBS.201014": { 400: "refused", 409: "busy" },
  ...all("refused", "DBS.200316", "DBS.280406", "DBS.280449", "DBS.200086", "DBS.280404", "DBS.280234"),
  ...all("refused", "DBS.200001", "DBS.200004", "DBS.280001", "DBS.290000", "DBS.200006"),
  // 403, but no matter of permissions: not with this engine, not on read replicas.
  ...all("refused", "DBS.280343", "DBS.200810", "DBS.200819"),
  // 404, 409, 413, 422: of other things than instances, which exist, are not there, or are too many.
  ...all("refused", "DBS.200008", "DBS.200013", "DBS.200050", "DBS.200470", "DBS.200501", "DBS.200503", "DBS.201010"),
  ...all("refused", "DBS.212001", "DBS.290002", "DBS.200826", "DBS.200827", "DBS.200828", "DBS.200046", "DBS.290003"),
  ...all("refused", "DBS.212019"),
  ...all("forbidden", "DBS.200010", "DBS.200604", "DBS.200044", "DBS.201003", "DBS.280015"),
  "DBS.280056": "stale",
  ...all("away", "DBS.108000", "DBS.108002", "DBS.108005", "DBS.200005", "DBS.200208", "DBS.213002", "DBS.213004"),
  ...all("away", "DBS.290006", "DBS.290015"),
  "APIGW.0101": "unserved",
  "APIGW.0103": "unpublished",
  ...all("refused", "APIGW.0104", "APIGW.0105", "APIGW.0106"),
  "APIGW.0201": { 400: "refused", 413: "refused", 504: "away" },
  ...all("unauthorized", "APIGW.0301", "APIGW.0303"),
  ...all("forbidden", "APIGW.0302"),
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

function all(meaning: Meaning, ...codes: readonly string[]): Record<string, Meaning> {
  return Object.fromEntries(codes.map((code) => [code, meaning]));
}

const word = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);

/** The shapes in which the service, the gateway and IAM tell of an error. */
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

/** What an answer means, to a read and to a write alike. */
export function readAnswer(response: WireResponse): Answer {
  const { status, headers, body } = response;
  const parsed = parseJson(body);
  if (status >= 200 && status < 300) {
    return parsed === undefined ? foreign(response) : { kind: "data", data: parsed, headers };
  }
  const told = problem.safeParse(parsed);
  if (!told.success || (told.data.code === undefined && told.data.message === undefined && !told.data.denied)) {
    return foreign(response);
  }
  const { code: written = "", message: whole = "no reason", denied, requestId = headers["x-request-id"] } = told.data;
  // Older gateways say APIG.
  const code = written.replace(/^APIG\./, "APIGW.");
  const echo = ECHO.exec(whole)?.[1]?.replace(SECURITY_TOKEN, "$1[secret]");
  const message = vendorText(whole.replace(ECHO, "").replace(/[,\s]+$/, ""));
  const known = denied ? "forbidden" : knownMeaning(code, status);
  // IAM writes the status where others write their code.
  const assumed = known === undefined && code !== "" && code !== String(status);
  return {
    kind: known ?? STATUSES.get(status) ?? (status >= 500 ? "away" : "refused"),
    status,
    ...(assumed ? { assumed } : {}),
    code,
    text: `${message} (${[code, `HTTP ${status}`].filter(Boolean).join(", ")})`,
    requestId,
    ...(echo === undefined ? {} : { echo: printable(echo) }),
  };
}

function knownMeaning(code: string, status: number): Meaning | undefined {
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  return typeof known === "object" ? known[status] : known;
}

/** A proxy's page for a server that is down is silence, told without a code; any other page is another server's. */
function foreign(response: WireResponse): Trouble {
  const { status, headers } = response;
  const text = describeResponse(response);
  return { kind: status >= 500 ? "away" : "foreign", status, code: "", text, requestId: headers["x-request-id"] };
}
