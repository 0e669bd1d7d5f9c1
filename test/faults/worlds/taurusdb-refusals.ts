import type { WireResponse } from "../../../provider/http/transport";
import { jsonResponse, pick } from "./response";

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly text: string;
}

/** Errors as the gateway, the service and IAM return them. */
const REFUSALS: readonly [Refusal, ...Refusal[]] = [
  { status: 500, code: "DBS.108000", text: "Server error. Try again later." },
  { status: 500, code: "DBS.200005", text: "Server error. Try again later." },
  { status: 409, code: "DBS.200019", text: "Another operation is being performed on the DB instance." },
  { status: 409, code: "DBS.05000084", text: "Another operation is being performed on the DB instance." },
  { status: 400, code: "DBS.05000008", text: "The current version is the latest. No update is available." },
  { status: 400, code: "DBS.200001", text: "Parameter error." },
  { status: 400, code: "DBS.200022", text: "Instance not found." },
  { status: 400, code: "DBS.NEVER", text: "Something that no page has." },
  { status: 404, code: "DBS.201028", text: "The DB instance does not exist." },
  { status: 404, code: "APIGW.0101", text: "The API does not exist or has not been published in the environment." },
  { status: 403, code: "DBS.200010", text: "The user is not authorized to perform the operation." },
  { status: 403, code: "APIGW.0302", text: "The IAM user is not authorized to access the API." },
  { status: 401, code: "APIGW.0301", text: "Incorrect IAM authentication information: verify aksk signature fail" },
  { status: 401, code: "APIGW.0307", text: "The token must be updated." },
  {
    status: 429,
    code: "APIGW.0308",
    text: "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second",
  },
  { status: 504, code: "APIGW.0201", text: "Backend timeout." },
];

export function refusal(status: number, number: number): WireResponse {
  const [first, ...rest] = REFUSALS.filter((one) => one.status === status);
  const {
    status: actualStatus,
    code,
    text,
  } = first === undefined ? pick(REFUSALS, number) : pick([first, ...rest], number);
  return jsonResponse(actualStatus, { error_code: code, error_msg: text, request_id: "0" });
}
