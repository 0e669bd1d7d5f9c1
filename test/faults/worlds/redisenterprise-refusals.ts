import type { WireResponse } from "../../../provider/http/transport";
import { jsonResponse, pick } from "./response";

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly text: string;
}

/** Errors as the cluster manager returns them. */
const REFUSALS: readonly [Refusal, ...Refusal[]] = [
  { status: 409, code: "busy", text: "bdb is busy: active-change-pending" },
  { status: 404, code: "db_not_exist", text: "bdb does not exist" },
  { status: 404, code: "action_not_found", text: "action not found" },
  { status: 400, code: "upgrade_bdb_failed", text: "upgrade failed" },
  { status: 400, code: "invalid_schema", text: "Invalid request" },
  { status: 400, code: "never_heard_of", text: "something that no page has" },
  { status: 406, code: "redis_incompatible_version", text: "incompatible" },
  { status: 401, code: "unauthorized", text: "authentication failed" },
  { status: 401, code: "password_expired", text: "password expired" },
  { status: 403, code: "insufficient_permissions", text: "not permitted" },
  { status: 500, code: "internal_error", text: "internal error" },
  { status: 503, code: "no_master", text: "cluster has no master" },
];

export function refusal(status: number, number: number): WireResponse {
  const [first, ...rest] = REFUSALS.filter((one) => one.status === status);
  const {
    status: actualStatus,
    code,
    text,
  } = first === undefined ? pick(REFUSALS, number) : pick([first, ...rest], number);
  if (number % 4 === 0) return { status: actualStatus, headers: { server: "envoy" }, body: Buffer.alloc(0) };
  return jsonResponse(actualStatus, { description: text, error_code: code });
}
