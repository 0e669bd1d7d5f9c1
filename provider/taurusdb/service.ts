import { type Codes, codes } from "../huaweicloud/responses";
import type { Service } from "../huaweicloud/service";

/** TaurusDB as a Huawei Cloud service, and the shared parts of its resource types. */

/** Codes without a comment are in the API reference's table of error codes; docs/facts.md has the sources of the others. */
const CODES: Codes = {
  // The real service's response to a StarRocks upgrade; its HTTP status is unknown.
  "DBS.05000008": "latest",
  ...codes("missing", "DBS.201028", "DBS.200002", "DBS.200045", "DBS.200408", "DBS.200602", "DBS.290005", "DBS.290011"),
  // Huawei's Terraform provider.
  ...codes("missing", "DBS.05000044"),
  // The upgrade pages have "Instance not found." at 400; the table has a duplicate name at 409. That 404 means the
  // former is inferred.
  "DBS.200022": { 400: "missing", 404: "missing", 409: "refused" },
  "DBS.200543": "no-job",
  ...codes("busy", "DBS.200011", "DBS.200019", "DBS.200047", "DBS.201202", "DBS.212006", "DBS.201205"),
  // Huawei's Terraform provider waits for the instance and sends the request again.
  ...codes("busy", "DBS.201015", "DBS.212033", "DBS.216011", "DBS.05000084"),
  // In the table it is a 400: the instance's state does not allow the request. At 409 Terraform's provider waits, as
  // above.
  "DBS.201014": { 400: "refused", 409: "busy" },
  ...codes("refused", "DBS.200316", "DBS.280406", "DBS.280449", "DBS.200086", "DBS.280404"),
  ...codes("refused", "DBS.200001", "DBS.200004", "DBS.280001", "DBS.290000", "DBS.200006"),
  // The API reference's sample of an abnormal response.
  ...codes("refused", "DBS.280234"),
  // 403, but not about permissions: not on read replicas; inferred from other services: not with this engine.
  ...codes("refused", "DBS.200810", "DBS.200819", "DBS.280343"),
  // 404, 409, 413, 422 about objects other than instances, which exist, do not exist, or are too many.
  ...codes("refused", "DBS.200008", "DBS.200013", "DBS.200050", "DBS.200470", "DBS.200501", "DBS.200503", "DBS.201010"),
  ...codes("refused", "DBS.212001", "DBS.290002", "DBS.200826", "DBS.200827", "DBS.200828", "DBS.200046", "DBS.290003"),
  ...codes("refused", "DBS.212019"),
  ...codes("forbidden", "DBS.200010", "DBS.200604", "DBS.200044", "DBS.201003", "DBS.280015"),
  "DBS.280056": "stale",
  ...codes("unavailable", "DBS.108000", "DBS.108002", "DBS.108005", "DBS.200005", "DBS.200208", "DBS.213002"),
  ...codes("unavailable", "DBS.213004", "DBS.290006", "DBS.290015"),
};

/** IAM action for reading backups; the action of other reads does not include them. */
export const BACKUP_ACTION = "gaussdb:backup:list";

/** IAM actions of the writes, by their names in policies. */
export const UPGRADE_ACTION = "gaussdbformysql:instance:upgrade";
export const CANCEL_ACTION = "gaussdbformysql:task:delete";

export const TAURUSDB: Service = {
  name: "TaurusDB",
  sdkName: "GAUSSDB",
  regions: {
    gaussdb: [
      "cn-north-2",
      "cn-north-4",
      "cn-north-9",
      "cn-east-3",
      "cn-south-1",
      "cn-south-4",
      "cn-southwest-2",
      "ap-southeast-3",
      "ap-southeast-4",
      "ru-northwest-2",
      "sa-brazil-1",
    ],
    gaussdbformysql: ["ap-southeast-1", "ap-southeast-2", "cn-north-11", "tr-west-1", "me-east-1"],
    "gaussdb-mysql": ["af-south-1", "cn-east-5", "cn-southwest-3", "la-north-2"],
  },
  codes: CODES,
  readAction: "gaussdb:instance:list",
  availability: "the service is TaurusDB's, and StarRocks is not in every region",
};

const MINUTE = 60_000;

/** Settings of both resource types. */
export const shared = {
  times: {
    unreachableBudget: 20 * MINUTE,
    firstContact: MINUTE,
    // The manual says to check after 2 to 5 minutes whether an accepted upgrade has started.
    lostReplyWindow: 5 * MINUTE,
    settleTime: 2 * MINUTE,
    // A job is listed "several seconds" after it was created; Huawei's own Terraform provider waits 10 s before the
    // first read.
    spacing: 10_000,
  },
  pinned: "version",
  schedules: (args: { readonly schedule?: string | undefined }) => args.schedule === "maintenance-window",
  cancelByHand:
    "cancel the scheduled task in the Huawei Cloud console, or with `DELETE /v3/{project_id}/scheduled-jobs`",
};
