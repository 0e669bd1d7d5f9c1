import type { z } from "zod";
import { vendorText } from "../../core/texts/vendor-text";
import { describeResponse, parseJson } from "../../http/body";
import type { WireResponse } from "../../http/transport";
import { failure } from "./schema";

/** The meaning of a node's response. `text` is the server's message, for display; `code` its `error_code`, or "". */
export type ParsedResponse =
  | { readonly kind: "data"; readonly data: unknown }
  /**
   * The node, or the proxy in front of it, is temporarily unavailable. `responded`: the response is known to be from Redis
   * Enterprise.
   */
  | { readonly kind: "unavailable"; readonly status: number; readonly text: string; readonly responded: boolean }
  | { readonly kind: "unauthorized"; readonly text: string; readonly code: string }
  | { readonly kind: "forbidden"; readonly text: string; readonly code: string }
  /** The requested object does not exist, or this server does not have the API. */
  | { readonly kind: "missing"; readonly text: string; readonly code: string }
  | { readonly kind: "refused"; readonly text: string; readonly code: string; readonly busy: boolean }
  /** Not Redis Enterprise: a proxy, a web server, a corrupted response. `notFound`: a web page with "not found". */
  | { readonly kind: "foreign"; readonly status: number; readonly text: string; readonly notFound?: boolean };

type Meaning = "busy" | "missing" | "refused" | "unauthorized" | "forbidden" | "unavailable";

/** The server's own codes take precedence over the status, because not all of them have a documented one. */
const CODES: ReadonlyMap<string, Meaning> = new Map([
  ["busy", "busy"],
  ["db_busy", "busy"],
  ["db_not_exist", "missing"],
  ["action_not_found", "missing"],
  ["missing_module", "refused"],
  ["module_downgrade_unsupported", "refused"],
  ["modules_upload_disabled", "refused"],
  ["redis_incompatible_version", "refused"],
  ["redis_pack_incompatible_version", "refused"],
  ["redis_upgrade_policy_mismatch", "refused"],
  ["unsupported_module_capabilities", "refused"],
  ["upgrade_bdb_failed", "refused"],
  ["wrong_cluster_state_id", "refused"],
  ["password_expired", "unauthorized"],
]);

const NOT_FOUND = 404;

/**
 * For codes that are in no table, and responses without one. 505 is "unsupported x-api-version": final, although a 5xx.
 */
const STATUSES: ReadonlyMap<number, Meaning> = new Map([
  [401, "unauthorized"],
  [403, "forbidden"],
  [NOT_FOUND, "missing"],
  [408, "unavailable"],
  [409, "busy"],
  [429, "unavailable"],
  [499, "unavailable"],
  [505, "refused"],
]);

export function readResponse(response: WireResponse): ParsedResponse {
  const { status } = response;
  const body = parseJson(response.body);
  if (status >= 200 && status < 300 && body !== undefined) return { kind: "data", data: body };
  if (status < 400) return { kind: "foreign", status, text: describeResponse(response) };
  const { code, text, own } = errorOf(response, body);
  const meaning = CODES.get(code) ?? STATUSES.get(status) ?? (status >= 500 ? "unavailable" : "refused");
  if (meaning === "unavailable") return { kind: "unavailable", status, text, responded: own || isFromEnvoy(response) };
  if (!own && isPage(response)) return { kind: "foreign", status, text, notFound: status === NOT_FOUND };
  if (meaning === "busy" || meaning === "refused") return { kind: "refused", code, text, busy: meaning === "busy" };
  return { kind: meaning, code, text };
}

/** The error in any of its formats; a proxy (envoy) in front responds without a body, or with plain text. */
function errorOf(response: WireResponse, body: unknown): { code: string; text: string; own: boolean } {
  const parsed = failure.safeParse(body);
  const reason = parsed.success ? wordsOf(parsed.data) : undefined;
  const code = parsed.success ? String(parsed.data.error_code ?? "") : "";
  if (reason === undefined && code === "") return { code, text: describeResponse(response), own: false };
  const status = `HTTP ${response.status}`;
  // Where the status decides, the message includes it.
  const labels = [code, CODES.has(code) ? "" : status].filter((label) => label !== "");
  const text = reason === undefined ? `${status} (${code})` : `${vendorText(reason)} (${labels.join(", ")})`;
  return { code, text, own: true };
}

/** Recorded responses have `description`; most of the documentation has `message`. */
function wordsOf({ description, message, error_message, error }: z.infer<typeof failure>): string | undefined {
  return [description, message, error_message, error].find((text) => text != null && text !== "") ?? undefined;
}

/** A web page, or plain text with "not found", which is from a web framework unless the cluster's envoy sends it. */
function isPage(response: WireResponse): boolean {
  const { status, headers, body } = response;
  if (/html/.test(headers["content-type"] ?? "")) return true;
  const start = Buffer.from(body.subarray(0, 64)).toString("utf8");
  return /^\s*</.test(start) || (status === NOT_FOUND && start !== "" && !isFromEnvoy(response));
}

function isFromEnvoy({ headers }: WireResponse): boolean {
  return headers["server"] === "envoy";
}

/** Remedies by the vendor's `error_code`. */
const REMEDIES: Readonly<Record<string, string>> = {
  missing_module:
    "The modules of the cluster have changed since they were read, or it no longer ships the current build of a module. Run {apply} again. If it is rejected again, set a version that the cluster ships.",
  module_downgrade_unsupported: "Nothing is ever downgraded. Raise the target version to what is running.",
  redis_incompatible_version:
    "Choose a module version that is compatible with the database's Redis. If it needs a later Redis, upgrade the database first, with a redisenterprise.DatabaseVersion.",
  redis_pack_incompatible_version:
    "Upgrade the cluster's software first, or choose a version that is compatible with it.",
  unsupported_module_capabilities:
    "The database uses something that this module version cannot do. Choose another version, or change the database.",
  upgrade_bdb_failed:
    "Fix the cause that the server names. If no version of a module supports the target, install such a build in the cluster, or choose another version.",
  redis_upgrade_policy_mismatch:
    "The cluster's upgrade policy allows major versions only. Choose one, or change redis_upgrade_policy.",
  db_not_exist: "The database does not exist, or is not visible to this user: check databaseId and databaseName.",
  wrong_cluster_state_id: "The cluster was changed at the same moment. Run {apply} again.",
};

export function remedyFor(code: string): string | undefined {
  return REMEDIES[code];
}

/**
 * The permission that a request needs, and the built-in roles that have it. The last row applies to every other read.
 */
const PERMISSIONS: readonly (readonly [path: RegExp, permission: string])[] = [
  [/^\/v1\/bdbs\/\d+\/modules\/upgrade/, "edit_bdb_module"],
  [/^\/v1\/bdbs\/\d+\/upgrade/, "update_bdb_with_action"],
  [/^\/v1\/crdbs\/[^/]+\/upgrade/, "upgrade_crdb"],
  [/^\/v1\/crdb_tasks\/./, "view_crdb_task"],
  [/^\/v1\/crdb_tasks/, "view_crdb_task_list"],
  [/^\/v1\/bdbs\/\d+/, "view_bdb_info"],
  [/^\/v1\/bdbs/, "view_all_bdbs_info"],
  [/^\/v1\/modules/, "view_cluster_modules"],
  [/^\/v1\/actions/, "view_status_of_cluster_action"],
  [/^\/v1\/nodes/, "view_all_nodes_info"],
  [/^\/v1\/cluster/, "view_cluster_info"],
];

/** The roles that may upgrade a database; every built-in role may read. */
const UPGRADERS = "admin, cluster_member and db_member";

/** `edit_bdb_module, which the roles admin, cluster_member and db_member hold` */
export function permissionFor(target: string): string {
  const permission = PERMISSIONS.find(([path]) => path.test(target))?.[1];
  if (permission === undefined) return "to send it";
  const roles = permission.startsWith("view_") ? "every built-in role holds" : `the roles ${UPGRADERS} hold`;
  return `${permission}, which ${roles}`;
}
