import type { Switches } from "./switches";

/** HTTP status of every documented error code (Redis Enterprise facts §1.5, §2.1, §2.3). */
export const STATUS = {
  missing_module: 400,
  module_downgrade_unsupported: 406,
  redis_incompatible_version: 406,
  redis_pack_incompatible_version: 406,
  unsupported_module_capabilities: 406,
  upgrade_bdb_failed: 400,
  redis_upgrade_policy_mismatch: 400,
  db_not_exist: 404,
  action_not_found: 404,
  busy: 409,
  password_expired: 401,
} as const;

export type ErrorCode = keyof typeof STATUS;

/** A rejected request. `code` null: the response has no body. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string | null;

  constructor(status: number, code: string | null, description: string) {
    super(description);
    this.status = status;
    this.code = code;
  }
}

/** An error with a code of the table; `statuses` may override its status. */
export function refusal({ statuses }: Switches, code: ErrorCode, description: string): Refusal {
  return new Refusal(statuses[code] ?? STATUS[code], code, description);
}

/** 400 for a body that cannot be parsed or is invalid. */
export function malformed({ codes }: Switches, description: string): Refusal {
  return new Refusal(400, codes.malformed, description);
}
