import type { Dialect } from "./dialect";

/** Error classes before the errCode era: status, integer code and the prefix of the message (OBShell facts §2.2). */
const OLD = {
  badRequest: { status: 400, code: 1000, text: "Bad request: " },
  illegal: { status: 400, code: 1001, text: "Illegal argument: " },
  unexpected: { status: 500, code: 1002, text: "Unexpected error: " },
  known: { status: 500, code: 1010, text: "Known error: " },
  notCluster: { status: 500, code: 10009, text: "" },
  unauthorized: { status: 401, code: 10008, text: "" },
  task: { status: 404, code: 2300, text: "" },
} as const;

interface ErrorRow {
  readonly status: number;
  /** `%s` takes the arguments in order. */
  readonly message: string;
  /** Integer that servers of the errCode era still add. */
  readonly code?: number;
  readonly old: keyof typeof OLD;
  /** Message before the errCode era, where it was another one. */
  readonly oldMessage?: string;
}

const row = (status: number, message: string, old: keyof typeof OLD, more: Partial<ErrorRow> = {}): ErrorRow => ({
  status,
  message,
  old,
  ...more,
});
const auth = (message: string, oldMessage: string): ErrorRow =>
  row(401, message, "unauthorized", { code: 10008, oldMessage });

/** Every error of the simulator: errCode → status and text (OBShell facts §1.5, §2.3; live facts §2–§5). */
export const ERRORS = {
  "Request.Header.NotFound": row(
    400,
    "X-OCS-Agent-Header or X-OCS-Header not found in http request header",
    "unauthorized",
    { oldMessage: "header not found" },
  ),
  "Security.Authentication.Header.DecryptFailed": row(401, "Decrypt http header failed: %s", "unauthorized", {
    code: 1,
    oldMessage: "header decrypt failed",
  }),
  "Security.Authentication.Header.UriMismatch": auth("URI mismatch", "uri mismatch"),
  "Security.Authentication.Expired": auth("Authentication expired", "auth expired"),
  "Security.Authentication.Timestamp.Invalid": auth("Unauthorized: Invalid timestamp: %s, err: %s", "auth expired"),
  "Security.Authentication.IncorrectOceanbasePassword": auth(
    "Unauthorized: OceanBase password is incorrect",
    "access denied",
  ),
  "Security.Authentication.IncorrectAgentPassword": auth("Unauthorized: Agent password is incorrect", "access denied"),
  "Security.Authentication.WithAgentPassword": auth(
    "Unauthorized: Should use agent_password to verify: %s",
    "access denied",
  ),
  "Security.Authentication.WithOceanBasePassword": auth(
    "Unauthorized: Should use oceanbase_password to verify: %s",
    "access denied",
  ),
  "Security.Authentication.SessionInvalid": auth("Session is invalid", "access denied"),
  "Security.Authentication.File.Sha256Mismatch": row(401, "File SHA256 mismatch", "unauthorized", {
    oldMessage: "file sha256 not match",
  }),
  "Common.Unauthorized": auth("Unauthorized: %s", "decrypt file sha256 failed"),
  "Request.Body.Decrypt.AES.KeyAndIv.Invalid": row(500, "Unauthorized: AES key and IV size error", "unauthorized", {
    oldMessage: "body decrypt failed",
  }),
  "Request.Body.Decrypt.AES.ContentLength.Invalid": row(
    500,
    "Unauthorized: Decrypted string length is not a multiple of the block size",
    "unauthorized",
    { oldMessage: "body decrypt failed" },
  ),
  "Request.Forward.MasterAgent.NotFound": row(
    500,
    "Master agent not found when auto-forwarding request to master",
    "unexpected",
  ),
  "Request.Path.Param.Empty": row(400, "Path parameter '%s' is empty", "badRequest"),
  "Request.Query.Param.Illegal": row(
    400,
    "Query parameter '%s' is illegal%!(EXTRA string=strconv.Atoi: parsing %s: %s)",
    "badRequest",
  ),
  "Request.File.Missing": row(500, "File '%s' in the request is missing: %s", "unexpected"),
  "Common.NotFound": row(404, "Element not found: %s", "badRequest", { oldMessage: "%s" }),
  "Common.BindJsonFailed": row(400, "Bind JSON failed: %s", "illegal", { oldMessage: "%s" }),
  "Common.InvalidPath": row(400, "Path '%s' is not valid: %s", "illegal", { oldMessage: "path '%s' %s" }),
  "Common.Unexpected": row(500, "%s", "unexpected"),
  "Agent.Identify.NotSupportOperation": row(
    400,
    "'%s' is '%s', instead of '%s', does not support this operation",
    "notCluster",
  ),
  "Agent.OceanBase.NotHold": row(500, "Agent is not holding OceanBase", "unexpected", {
    oldMessage: "oceanbase db is nil",
  }),
  "Agent.OceanBase.Useless": row(500, "The current database is useless", "unexpected", {
    oldMessage: "oceanbase db is useless",
  }),
  "OB.Server.Process.NotExist": row(500, "Observer process does not exist", "unexpected", {
    oldMessage: "observer process not exist",
  }),
  "OB.Server.Process.CheckFailed": row(
    500,
    "Check observer process exist: readlink /proc/%s/cwd: no such file or directory",
    "unexpected",
    { oldMessage: "check observer process failed: readlink /proc/%s/cwd: no such file or directory" },
  ),
  "Agent.Unavailable": row(500, "Agent %s is not available", "unexpected", {
    oldMessage: "Found agent %s not running",
  }),
  "OB.Server.Unavailable": row(500, "Observer '%s' is not available", "unexpected", {
    oldMessage: "Found observer %s not running",
  }),
  "Environment.WithoutPython": row(500, "Please check if Python is installed", "unexpected"),
  "Environment.WithoutModule": row(500, "Please check if Python module '%s' is installed", "unexpected"),
  "Package.ReleaseFormat.Invalid": row(400, "Release format %s is illegal", "illegal", {
    oldMessage: "release format %s is illegal",
  }),
  "Agent.OBVersionNotSupported": row(
    400,
    "Unsupported OB version '%s', the minimum supported version is '%s'",
    "unexpected",
  ),
  "Agent.Upgrade.ToLowerVersion": row(
    400,
    "Target version %s is not greater than current version %s. Please verify if the parameters have been filled out correctly",
    "illegal",
    {
      oldMessage:
        "target version %s is not greater than current version %s. Please verify if the params have been filled out correctly",
    },
  ),
  "OB.Upgrade.ToLowerVersion": row(
    400,
    "Target version %s is not greater than current version %s. Please verify if the parameters have been filled out correctly",
    "unexpected",
    {
      oldMessage:
        "target version %s is not greater than current version %s. Please verify if the params have been filled out correctly",
    },
  ),
  "OB.Package.MissingFile": row(500, "These files are missing in package '%s': '%s'", "known", {
    oldMessage: "these files are missing: '%s'",
  }),
  "Package.Compression.NotSupported": row(
    400,
    "Unsupported compression '%s', the supported compression is 'xz'",
    "known",
    { oldMessage: "unsupported compression '%s', the supported compression is 'xz'" },
  ),
  "Package.Format.Invalid": row(
    400,
    "Unsupported payload format '%s', the supported payload format is 'cpio'",
    "known",
    { oldMessage: "unsupported payload format '%s', the supported payload format is 'cpio'" },
  ),
  "OB.Package.Name.NotSupport": row(400, "Unsupported name '%s', the supported names are [%s]", "known", {
    oldMessage: "unsupported name '%s', the supported name are [%s]",
  }),
  "Agent.Package.NotFound": row(500, "Package %s is not found", "illegal", { oldMessage: "%s" }),
  "OB.Package.NotExist": row(400, "These packages are missing: '[%s]'", "unexpected", {
    oldMessage: "%s: record not found",
  }),
  "OB.Upgrade.Mode.NotSupported": row(400, "Upgrade mode '%s' is not supported", "known", {
    oldMessage: "upgrade mode '%s' is not supported",
  }),
  "OB.Upgrade.UnableToRollingUpgrade": row(
    400,
    "Rolling upgrade requires at least 3 zones (or 2 zones for shared storage mode)",
    "known",
    { oldMessage: "not support rolling upgrade when zone num is lower than 3" },
  ),
  "OB.Upgrade.DepYamlMissing": row(500, "Target package upgrade dependency YAML is empty", "unexpected"),
  "OB.Upgrade.Path.NotExist": row(
    400,
    "Cannot find the upgrade path from the current version %s to the target version %s, please check the upgrade dependency YAML file",
    "unexpected",
    { oldMessage: "Can not find the upgrade path from the current version to the target version" },
  ),
  "OB.Upgrade.ToDeprecatedVersion": row(400, "Target version %s is deprecated", "unexpected", {
    oldMessage: "target version is deprecated",
  }),
  "OB.Upgrade.TenantsSchemaNotRefreshed": row(400, "There are tenants with unfreshed schema: %s", "unexpected"),
  "OB.Upgrade.TabletInMerging": row(400, "There are %s tablets merging", "unexpected"),
  "OB.Upgrade.TenantInMajorCompaction": row(400, "There are %!s(int=%s) tenants merging", "unexpected"),
  "OB.Upgrade.MinObserverVersionNotSync": row(400, "min_observer_version is not sync", "unexpected"),
  "OB.Upgrade.TenantCompatibleNotSync": row(400, "Tenant compatible is not sync", "unexpected"),
  "OB.Upgrade.HasRunningBackupTask": row(
    400,
    "There are %s running backup tasks, upgrade is not allowed temporarily",
    "unexpected",
  ),
  "OB.Tenant.NotExist": row(400, "Tenant '%s' does not exist.", "badRequest"),
  "OB.Tenant.SysOperationNotAllowed": row(400, "System tenant is not allowed to perform this operation", "badRequest"),
  "OB.Cluster.UnderMaintenanceWithDag": row(
    500,
    "OceanBase cluster is under maintenance by DAG: %s, please try again later",
    "unexpected",
    { oldMessage: "failed to start maintenance: agent status is not 1" },
  ),
  "Task.NotFound": row(404, "Task not found: %s", "task"),
  "Task.GenericID.Invalid": row(400, "Invalid ID: %s", "illegal"),
  "Task.Dag.Operator.NotSupport": row(400, "Operator %s is not supported", "illegal"),
  "Task.Dag.Operator.RollbackNotFailedDag": row(400, "Failed to set DAG rollback: DAG state is not failed", "illegal"),
  "Task.Dag.Operator.RollbackNotAllowed": row(400, "Failed to set DAG rollback: node %s cannot rollback", "illegal"),
  "Task.Dag.Operator.CancelFinishedDag": row(400, "Failed to cancel DAG: DAG is finished", "illegal"),
  "Task.Dag.Operator.CancelNotAllowed": row(400, "Failed to cancel DAG: node %s cannot cancel", "illegal"),
  "Task.Dag.Operator.PassNotFailedDag": row(400, "Failed to pass DAG: DAG is not failed", "illegal"),
  "Task.Dag.Operator.PassNotAllowed": row(400, "Failed to pass DAG: node %s cannot pass", "illegal"),
  "Task.Dag.Operator.RetryNotFailedDag": row(400, "Failed to set DAG retry: DAG state is not failed", "illegal"),
  "Task.Dag.Operator.RetryNotAllowed": row(400, "Failed to set DAG retry: node %s cannot retry", "illegal"),
  "Task.Node.Operator.NotSupport": row(400, "Operator %s is not supported", "illegal"),
  "Task.Node.Operator.PassNotAllowed": row(400, "Failed to pass node: node %s cannot pass", "illegal"),
  "Task.Node.Operator.PassNotFailedDag": row(400, "Failed to pass node: assigned DAG is not failed", "illegal"),
  "Task.Node.Operator.PassNotFailedNode": row(400, "Failed to pass node: node %s is not failed", "illegal"),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface RefusalOptions {
  readonly args?: readonly (string | number)[];
  /** Prefixes of the callers, which keep code and status: "Create task '…' failed", "Task not found". */
  readonly prefix?: string;
  /** `data` of the error response; absent by default. */
  readonly data?: null | object;
  /** Errors of header and body decryption have no trace id, and a charset. */
  readonly early?: boolean;
}

/** A request rejected by a handler, not yet formatted for a server's generation. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly errCode: ErrorCode;
  readonly options: RefusalOptions;

  constructor(errCode: ErrorCode, options: RefusalOptions = {}) {
    super(errCode);
    this.errCode = errCode;
    this.options = options;
  }

  /** The same error with `data`, as from typed nil results of Go handlers. */
  withData(data: null | object): Refusal {
    return new Refusal(this.errCode, { ...this.options, data });
  }
}

/** A Go panic: with a constant response (OBShell facts §2.4). */
export class Panic extends Error {
  override readonly name = "Panic";
  /** Whether it was in the decryption of the body, before the content type is set. */
  readonly early: boolean;

  constructor(message: string, early = false) {
    super(message);
    this.early = early;
  }
}

export interface WordedError {
  readonly status: number;
  readonly error: { readonly code?: number; readonly errCode?: string; readonly message: string };
}

export function word(refusal: Refusal, dialect: Dialect): WordedError {
  const { prefix, args = [] } = refusal.options;
  const entry: ErrorRow = ERRORS[refusal.errCode];
  const lead = prefix === undefined ? "" : `${prefix}: `;
  if (dialect === "errCode") {
    const message = lead + fill(entry.message, args);
    const code = entry.code === undefined ? {} : { code: entry.code };
    return { status: entry.status, error: { ...code, errCode: refusal.errCode, message } };
  }
  // Before the errCode era, reading a task while the database was down was a separate 404.
  const old = prefix === "Task not found" ? OLD.task : OLD[entry.old];
  if (entry.old === "unauthorized")
    return { status: old.status, error: { code: old.code, message: denial(entry, dialect) } };
  const message = fill(entry.oldMessage ?? entry.message, args);
  const text = prefix === "Task not found" ? lead : old.text;
  return { status: old.status, error: { code: old.code, message: text + message } };
}

function denial(entry: ErrorRow, dialect: Dialect): string {
  if (dialect === "4.2.3") return "err.unauthorized";
  return dialect === "4.2.5" ? "Verification failed" : `Verification failed: ${entry.oldMessage ?? "access denied"}`;
}

function fill(template: string, args: readonly (string | number)[]): string {
  let next = 0;
  return template.replace(/%s/g, () => String(args[next++] ?? ""));
}
