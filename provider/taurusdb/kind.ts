import type { PinKind } from "../core/kind";
import { SECRETS, SOURCES } from "../huaweicloud/credentials";

const MINUTE = 60_000;

/** What both resources have in common. */
export const shared = {
  secrets: SECRETS,
  credentials: SOURCES,
  times: {
    unreachableBudget: 20 * MINUTE,
    firstContact: MINUTE,
    // The manual says to look after 2 to 5 minutes whether an accepted upgrade has started.
    lostReplyWindow: 5 * MINUTE,
    settleTime: 2 * MINUTE,
    // A job is listed "several seconds" after it was made; Huawei's own Terraform provider waits 10 s before it looks.
    spacing: 10_000,
  },
  pinned: "version",
  cancelByHand:
    "cancel the scheduled task in the Huawei Cloud console, or with `DELETE /v3/{project_id}/scheduled-jobs`",
} satisfies Partial<PinKind>;
