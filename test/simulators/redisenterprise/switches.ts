import type { ErrorCode } from "./errors";

/** Behavior that is undocumented or differs between servers; a client must work with all variants. */
export interface Switches {
  /**
   * The response to POST …/modules/upgrade: the database, a module object without `action_uid` as the page's prose has it,
   * or the page's example, a database's uid and name with the new module's keys. Default database.
   */
  modulesUpgradeAnswer: "database" | "module" | "example";
  /** Whether the responses to upgrade requests contain `action_uid`. Default true. */
  answersActionUid: boolean;
  /** `status` in these responses: as before the request (recorded), or as soon after. Default active. */
  statusAfterCall: "active" | "active-change-pending";
  /** Whether GET of a database shows `action_uid` while its state machine runs. Default true. */
  actionUidOnDatabase: boolean;
  /** An upgrade of a database whose state machine runs. Default 409. */
  busy: "409" | "400" | "queue";
  /** An upgrade of a database whose last state machine failed. Default busy. */
  afterFailure: "busy" | "accepted";
  /** An upgrade without changes: an action without restarts, a response without an action, or 400. Default completes. */
  noChange: "completes" | "noAction" | "refused";
  /** A restart of an unprotected database without `may_discard_data`: the data is gone, or 400. Default accepted. */
  missingConsent: "accepted" | "refused";
  /** Whether X-Task-ID names the task of a CRDB call. Default true, as the page has it. */
  crdbTaskNamed: boolean;
  /** Whether GET /v1/crdb_tasks exists, which only the latest page has. Default true. */
  crdbTaskList: boolean;
  /** Uids of bundled modules in upgrade calls to Redis Enterprise 8: ignored ones get status 200. Default honoured. */
  bundledUids: "honoured" | "ignored" | "refused";
  /** Arguments of a module that is named without `new_module_args`. Default wiped. */
  argsOmitted: "wiped" | "kept";
  /** Whether `module_args` of bundled modules become configuration objects on the way to Redis 8. Default true. */
  argsConverted: boolean;
  /** Keys an item of modules/upgrade needs: those of the page's table, or fewer as in its example. Default example. */
  moduleKeys: "example" | "table";
  /** Whether `module_name` must be written as the server writes it. Default exact. */
  moduleNames: "exact" | "anyCase";
  /** Keys in a body that no page lists. Default refused. */
  unknownKeys: "refused" | "ignored";
  /** `new_module_args`: a string everywhere but in the page's table. Default string. */
  moduleArgs: "string" | "list" | "either";
  /** `?dry_run=true` of /upgrade, documented in one runbook only. Ignored: the upgrade starts. Default supported. */
  dryRun: "supported" | "ignored" | "refused";
  /** Whether the last state machine of a database can be read after its end. Default kept. */
  finishedActions: "kept" | "forgotten";
  /** Whether /v2/actions lists the state machines of databases. Default true. */
  v2StateMachines: boolean;
  /** Words of v1 state machines: pending/active, or those of the action object (queued/running, aborted). */
  actionWords: "stateMachine" | "action";
  /** Shape of `supported_database_versions`. Default recorded. */
  supportedVersions: "recorded" | "documented";
  /** The key of an error's text: `description` in recorded bodies, `message` on most pages. Default description. */
  errorText: "description" | "message";
  /** Statuses with an empty body. Default 401. */
  emptyErrors: readonly number[];
  /** Error codes that no page names; null: the body is empty. */
  codes: Codes;
  /** HTTP status by error code, if it differs from the table in `errors.ts`. */
  statuses: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Default 307, which is undocumented. */
  redirectStatus: 301 | 302 | 307 | 308;
  /** Schemes of a token in the Authorization header. Default JWT, as on the refresh page; another page documents bearer. */
  tokenSchemes: readonly ("JWT" | "Bearer")[];
  /** Where POST users/authorize takes the password. Default either. */
  authorizeBy: "header" | "body" | "either";
  /** Whether POST /v1/modules/upgrade/bdb/{uid} exists, which is documented up to 7.22. Default false: live servers lack it. */
  deprecatedTwin: boolean;
}

export interface Codes {
  readonly malformed: string | null;
  readonly unauthorized: string | null;
  readonly forbidden: string | null;
  readonly unsupportedTarget: string | null;
  readonly redisDowngrade: string | null;
  readonly mixedNodes: string | null;
  readonly missingConsent: string | null;
  readonly unknownModule: string | null;
}

export const CODES: Codes = {
  malformed: "invalid_schema",
  unauthorized: "unauthorized",
  forbidden: "insufficient_permissions",
  unsupportedTarget: "upgrade_bdb_failed",
  redisDowngrade: "upgrade_bdb_failed",
  mixedNodes: "upgrade_bdb_failed",
  missingConsent: "upgrade_bdb_failed",
  unknownModule: "module_not_exist",
};

export const SWITCHES: Switches = {
  modulesUpgradeAnswer: "database",
  answersActionUid: true,
  statusAfterCall: "active",
  actionUidOnDatabase: true,
  busy: "409",
  afterFailure: "busy",
  noChange: "completes",
  missingConsent: "accepted",
  crdbTaskNamed: true,
  crdbTaskList: true,
  bundledUids: "honoured",
  argsOmitted: "wiped",
  argsConverted: true,
  moduleKeys: "example",
  moduleNames: "exact",
  unknownKeys: "refused",
  moduleArgs: "string",
  dryRun: "supported",
  finishedActions: "kept",
  v2StateMachines: true,
  actionWords: "stateMachine",
  supportedVersions: "recorded",
  errorText: "description",
  emptyErrors: [401],
  codes: CODES,
  statuses: {},
  redirectStatus: 307,
  tokenSchemes: ["JWT"],
  authorizeBy: "either",
  deprecatedTwin: false,
};

/** What a change of switches may name: `codes` may be given in part. */
export type SwitchChange = Partial<Omit<Switches, "codes">> & { readonly codes?: Partial<Codes> };

export function withSwitches(switches: Switches, change: SwitchChange): Switches {
  const { codes, ...rest } = change;
  return { ...switches, ...rest, codes: { ...switches.codes, ...codes } };
}
