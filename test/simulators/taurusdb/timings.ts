/** Durations of the simulated service, in milliseconds of its clock. */
export interface Timings {
  /** From an accepted upgrade until its job can be read: "several seconds" (TaurusDB facts §2.8). */
  readonly visibleMs: number;
  /** From an accepted upgrade to its start; the manual says to check after 2–5 minutes (§3.1). */
  readonly startMs: number;
  /** Duration of an upgrade of an instance: 15–20 minutes. */
  readonly upgradeMs: number;
  readonly starRocksMs: number;
  readonly preCheckMs: number;
  /** A pre-upgrade (§3.1, scenario 2). */
  readonly preUpgradeMs: number;
  /** From the end of a job to the new version in the reads; negative: the version comes first. */
  readonly versionLagMs: number;
  /** How long an instance stays busy after its upgrade has completed (§3.3). */
  readonly settleMs: number;
  /** Durations vary by up to this fraction, by the seed. */
  readonly jitter: number;
  /** Retry interval of a scheduled task whose instance is busy. */
  readonly windowRetryMs: number;
}

export const TYPICAL: Timings = {
  visibleMs: 5_000,
  startMs: 30_000,
  upgradeMs: 18 * 60_000,
  starRocksMs: 10 * 60_000,
  preCheckMs: 20_000,
  preUpgradeMs: 5 * 60_000,
  versionLagMs: 0,
  settleMs: 0,
  jitter: 0,
  windowRetryMs: 60_000,
};

/** Every upgrade ends before the next call. */
export const INSTANT: Timings = {
  visibleMs: 0,
  startMs: 0,
  upgradeMs: 0,
  starRocksMs: 0,
  preCheckMs: 0,
  preUpgradeMs: 0,
  versionLagMs: 0,
  settleMs: 0,
  jitter: 0,
  windowRetryMs: 60_000,
};

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
