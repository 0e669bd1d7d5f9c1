/** Error codes with their HTTP status and text (TaurusDB facts §3.5). The error replaces `%s`. */
const INCORRECT = "Incorrect IAM authentication information: %s";
const MISSING = "The DB instance does not exist.";
const BUSY = "Another operation is being performed on the DB instance or the DB instance is faulty.";
const FORBIDDEN = "Resource not found or permission denied.";
const SERVER = "Server error. Try again later.";

export const ERRORS = {
  "APIGW.0101": [404, "The API does not exist or has not been published in the environment."],
  "APIGW.0103": [404, "The backend does not exist or is unavailable."],
  "APIGW.0106": [400, "API request error."],
  "APIGW.0201": [504, "Backend timeout."],
  "APIGW.0301": [401, INCORRECT],
  "APIGW.0302": [403, "The IAM user is not authorized to access the API."],
  "APIGW.0303": [401, "Incorrect app authentication information: %s"],
  "APIGW.0305": [401, "Incorrect authentication information."],
  "APIGW.0306": [403, "API access denied."],
  "APIGW.0307": [401, "The token must be updated."],
  "APIGW.0308": [429, "The throttling threshold has been reached: policy user over ratelimit,limit:%s,time:%s"],
  "DBS.05000008": [400, "The current version is the latest. No update is available."],
  "DBS.05000044": [400, "The HTAP instance does not exist."],
  "DBS.05000084": [409, BUSY],
  "DBS.108000": [500, SERVER],
  "DBS.108002": [500, SERVER],
  "DBS.200001": [400, "Parameter error."],
  "DBS.200002": [404, MISSING],
  "DBS.200005": [500, SERVER],
  "DBS.200006": [400, "The request body is null."],
  "DBS.200010": [403, "The user is not authorized to perform the operation."],
  "DBS.200011": [409, BUSY],
  "DBS.200019": [409, BUSY],
  "DBS.200022": [400, "Instance not found."],
  "DBS.200044": [403, FORBIDDEN],
  "DBS.200045": [404, MISSING],
  "DBS.200047": [409, BUSY],
  "DBS.200086": [400, "The operation is not allowed in the current status of the DB instance."],
  "DBS.200316": [409, "The storage of the DB instance is full."],
  "DBS.200408": [404, MISSING],
  "DBS.200543": [400, "The job does not exist."],
  "DBS.200602": [404, MISSING],
  "DBS.200604": [403, "The user is not authorized to perform the operation."],
  "DBS.201003": [403, FORBIDDEN],
  "DBS.201014": [400, "The operation is not allowed in the current status of the DB instance."],
  "DBS.201015": [409, BUSY],
  "DBS.201028": [404, MISSING],
  "DBS.201202": [409, BUSY],
  "DBS.201205": [409, "A backup is being created for the DB instance."],
  "DBS.212006": [409, BUSY],
  "DBS.212033": [409, BUSY],
  "DBS.216011": [409, BUSY],
  "DBS.280001": [400, "Parameter error."],
  "DBS.280015": [403, FORBIDDEN],
  "DBS.280056": [403, "Invalid token."],
  "DBS.280404": [400, "The instance ID format is invalid."],
  "DBS.280406": [409, "The operation is not allowed for the type or status of the DB instance."],
  "DBS.280449": [400, "The DB instance is frozen."],
  "DBS.290005": [404, MISSING],
  "DBS.290011": [404, MISSING],
} as const satisfies Readonly<Record<string, readonly [status: number, text: string]>>;

export type ErrorCode = keyof typeof ERRORS;

export interface RefusalOptions {
  /** For the `%s` of the code's text. */
  readonly args?: readonly (string | number)[];
  /** Another HTTP status than the table's. */
  readonly status?: number;
  /** Another text than the table's. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error of the gateway (`APIGW.`) or of the service (`DBS.`). */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorCode;
  readonly options: RefusalOptions;

  constructor(code: ErrorCode, options: RefusalOptions = {}) {
    super(code);
    this.code = code;
    this.options = options;
  }
}

/** An error of IAM, in its own format: `{"error":{"code","message","title"}}`. */
export class IamRefusal extends Error {
  override readonly name = "IamRefusal";
  readonly status: 400 | 401 | 403;

  constructor(status: 400 | 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

/** The text of an error with its arguments. */
export function textOf({ code, options }: Refusal): string {
  let next = 0;
  return options.text ?? ERRORS[code][1].replace(/%s/g, () => String(options.args?.[next++] ?? ""));
}

export function statusOf({ code, options }: Refusal): number {
  return options.status ?? ERRORS[code][0];
}

/** The error for an invalid argument. */
export function parameterError(what: string): Refusal {
  return new Refusal("DBS.280001", { text: `Parameter error. ${what}` });
}
