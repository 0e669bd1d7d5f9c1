import type { ErrorCode } from "./errors";

/**
 * Behavior that differs between regions and years, or is undocumented (TaurusDB facts §3.4, §8, §9). Where
 * nothing is known, the default is the strictest variant.
 */
export interface Switches {
  /** A batch in which one instance is refused: nothing starts, or the others do and the response is still "success". */
  batch: "allOrNothing" | "partial";
  /** Most instances in one batch upgrade; null for no limit. The pre-check's own limit of 100 is documented. */
  batchLimit: number | null;
  /** Instances of different source versions in one batch upgrade. */
  mixedVersions: "refuse" | "accept";
  /** A `current_version` that is not the instance's. */
  wrongCurrentVersion: "refuse" | "accept";
  /** Unknown fields in a body, and unknown parameters in a query. */
  unknownFields: "refuse" | "ignore";
  /** HTTP status of DBS.05000008. */
  alreadyLatestStatus: 400 | 409;
  /** The error for a missing instance, by upgrades, by reads, and by reads of StarRocks. */
  missingForUpgrade: ErrorCode;
  missingForRead: ErrorCode;
  missingStarRocks: ErrorCode;
  /** Old kernels need several rounds and a confirmation in the console (§3.1). */
  rounds: boolean;
  /** `latest_kernel_version` while rounds remain. */
  latestShown: "newest" | "nextRound";
  /** v3 status of an instance during an upgrade; "auto": MODIFYING, then REBOOTING. */
  upgradingStatus: "auto" | (string & {});
  /** A delayed submit while another one is pending. */
  secondDelayed: "refuse" | "accept" | "replace";
  /** An immediate submit while a delayed one is pending. */
  immediateWhilePending: "refuse" | "accept";
  /** A delayed submit inside the maintenance window. */
  delayedInsideWindow: "now" | "nextWindow";
  /** Whether the run of a scheduled task has the task's own id. */
  scheduledRunId: "same" | "new";
  /**
   * How ids of scheduled tasks look: as 32 digits, as UUIDs, or as UUIDs in upgrade responses and in `jobs`, and as
   * digits in `scheduled-jobs` and its DELETE, as the samples of §5 have them.
   */
  scheduleIds: "hex" | "dashed" | "byCall";
  /** A pre-check of a busy instance. */
  preCheckWhileBusy: "accept" | "refuse";
  /** A pre-check result before there is one: "false" without rows, DBS.200543, or that of the check before, if there was one. */
  preCheckUnfinished: "falseWithoutRows" | "error" | "previous";
  /** Whether POST …/starrocks/db-upgrade also accepts the id of the TaurusDB instance. */
  starRocksPathId: "starRocks" | "either";
  /** The effect of running synchronization tasks on a StarRocks upgrade that does not skip the validation. */
  starRocksValidation: "refuse" | "failsJob";
  /** The error of such a refusal: no source names it. */
  starRocksValidationCode: ErrorCode;
  /** `data_store_version` and the nodes' version: 4 parts or 2. */
  starRocksVersionParts: 4 | 2;
  /** Whether a delayed StarRocks upgrade is among the scheduled tasks. */
  starRocksSchedules: "listed" | "hidden";
  starRocksJobName: string;
  /** The id in the rows of a StarRocks upgrade. */
  starRocksJobInstance: "starRocks" | "taurusdb";
  /** X-Language and Content-Type of the StarRocks upgrade are mandatory, as documented. */
  starRocksHeaders: "ignored" | "enforced";
  /** `offset` of immediate-jobs. */
  immediateJobsOffset: "page" | "record";
  scheduledJobsDefaultLimit: 100 | 10;
  /** Whether tasks can be filtered by the states that only the newest documents have: Unauthorized and Canceled (§2.8). */
  newTaskStates: "known" | "refused";
  /** Times in a query that end in a literal Z instead of an offset. */
  zuluTimes: "refuse" | "accept";
  /** `+` in a query. */
  plusInQuery: "literal" | "space";
  /** Error code for the signature's date. */
  clockSkewCode: "APIGW.0301" | "APIGW.0303";
  /** Headers that a signature must cover. */
  signedHeadersRequired: readonly string[];
  /** Whether a signed call must send X-Project-Id. */
  projectHeader: "optional" | "required";
  /** Prefix of the gateway's codes; older gateways use APIG. */
  gatewayPrefix: "APIGW" | "APIG";
  /** Seconds in the Retry-After of a 429; null for no such header. */
  retryAfter: number | null;
  /** Whether the rows of instances contain their kernel: older regions show only the version of MySQL. */
  rowsTellKernel: boolean;
  /** Ports and days as strings, other date formats, as samples of other years have them (§2.7). */
  looseShapes: boolean;
}

export const SWITCHES: Switches = {
  batch: "allOrNothing",
  batchLimit: 100,
  mixedVersions: "refuse",
  wrongCurrentVersion: "refuse",
  unknownFields: "refuse",
  alreadyLatestStatus: 400,
  missingForUpgrade: "DBS.200022",
  missingForRead: "DBS.201028",
  missingStarRocks: "DBS.05000044",
  rounds: true,
  latestShown: "newest",
  upgradingStatus: "auto",
  secondDelayed: "refuse",
  immediateWhilePending: "refuse",
  delayedInsideWindow: "nextWindow",
  scheduledRunId: "same",
  scheduleIds: "hex",
  preCheckWhileBusy: "accept",
  preCheckUnfinished: "falseWithoutRows",
  starRocksPathId: "starRocks",
  starRocksValidation: "refuse",
  starRocksValidationCode: "DBS.280406",
  starRocksVersionParts: 4,
  starRocksSchedules: "listed",
  starRocksJobName: "UpgradeStarRocksKernelVersion",
  starRocksJobInstance: "starRocks",
  starRocksHeaders: "ignored",
  immediateJobsOffset: "page",
  scheduledJobsDefaultLimit: 100,
  newTaskStates: "known",
  zuluTimes: "refuse",
  plusInQuery: "literal",
  clockSkewCode: "APIGW.0301",
  signedHeadersRequired: ["x-sdk-date"],
  projectHeader: "optional",
  gatewayPrefix: "APIGW",
  retryAfter: null,
  rowsTellKernel: true,
  looseShapes: false,
};
