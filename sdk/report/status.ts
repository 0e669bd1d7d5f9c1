/** The statuses that a pin can have, those that ask for attention first. */
export const STATUSES = ["failed", "behind", "held", "upgrading", "deferred", "unknown", "newer", "current"] as const;

export type Status = (typeof STATUSES)[number];

export const MEANING: Readonly<Record<Status, string>> = {
  failed: "the last upgrade failed, or something keeps it from starting",
  behind: "what runs is older than the pin",
  held: "an upgrade is needed and was not requested yet, by the rules of the program",
  upgrading: "an upgrade was running when the state was written",
  deferred: "an upgrade waits for its maintenance window",
  unknown: "the state does not say",
  newer: "what runs is newer than the pin; nothing is ever downgraded",
  current: "what runs satisfies the pin",
};

export function statusOf(text: string | undefined): Status {
  return STATUSES.find((status) => status === text) ?? "unknown";
}
