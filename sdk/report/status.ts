/** The statuses of a database, those that need attention first. */
export const STATUSES = ["failed", "behind", "held", "upgrading", "deferred", "unknown", "newer", "current"] as const;

export type Status = (typeof STATUSES)[number];

export const MEANING: Readonly<Record<Status, string>> = {
  failed: "the last upgrade failed, or a condition prevents it",
  behind: "outdated: older than the target",
  held: "an upgrade is needed, but change control does not allow it yet",
  upgrading: "an upgrade was in progress when the state was written",
  deferred: "an upgrade is scheduled for a maintenance window",
  unknown: "not recorded in the state",
  newer: "ahead of the target; nothing is ever downgraded",
  current: "up to date",
};

export function statusOf(text: string | undefined): Status {
  return STATUSES.find((status) => status === text) ?? "unknown";
}
