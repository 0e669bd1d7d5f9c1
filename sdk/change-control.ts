/** The forms of the arguments that say when an upgrade may be requested. */

/**
 * A window in local time. If `to` is before `from`, it ends on the next day. Times that a clock change skips are moved forward by
 * the same amount; if a time occurs twice, the first occurrence counts.
 * @example { days: ["sat", "sun"], from: "02:00", to: "06:00", lastStart: "05:00", timeZone: "Asia/Shanghai" }
 */
export interface ChangeWindow {
  /**
   * The days on which it begins.
   * @default every day
   */
  readonly days?: readonly ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  /** `HH:MM`. */
  readonly from: string;
  /** `HH:MM`, exclusive; `24:00` is the end of the day. */
  readonly to: string;
  /**
   * No upgrade begins from this time on.
   * @default `to`
   */
  readonly lastStart?: string;
  /** IANA name: `Asia/Shanghai`. */
  readonly timeZone: string;
  /** Confirms a window that ends on the next day and is longer than twelve hours. */
  readonly overnight?: boolean;
}

/** A period in which no upgrade begins, not even inside a window. */
export interface Blackout {
  /** A date (`2026-12-20`), which begins at midnight, or a date with a time (`2026-12-20T18:00`). */
  readonly from: string;
  /** A date, which is included, or a date with a time, which is not. */
  readonly to: string;
  /**
   * IANA name, for dates and times without an offset.
   * @default "UTC"
   */
  readonly timeZone?: string;
  /** The reason, as a sentence. */
  readonly reason: string;
}

/** The requirements for the last complete backup when an upgrade begins. */
export interface BackupRule {
  /** Its largest age: `24h`. */
  readonly maxAge: string;
  /** Why an upgrade may begin although there is no such backup, or backups cannot be read. Kept in the state. */
  readonly waive?: string;
}

/** The same for OceanBase, where each tenant has its own backups. */
export interface TenantBackupRule extends BackupRule {
  /**
   * The tenants whose backups count; each of them needs one. obshell makes no backups of `sys`.
   * @default all user tenants
   */
  readonly tenants?: readonly string[];
}

/** The content of `approved.json`, which `pulumi-dbversion approve` writes: approvals by resource, its URN, and by database. */
export interface ApprovedUpgrades {
  readonly formatVersion: number;
  readonly approvals: Readonly<Record<string, Readonly<Record<string, ApprovedUpgrade>>>>;
}

export interface ApprovedUpgrade {
  readonly from: string;
  readonly to: string;
  /** The plan as the preview shows it. */
  readonly how: string;
  /** The digest of the approved request. */
  readonly digest: string;
  /** ISO 8601, UTC. */
  readonly approvedAt: string;
  readonly approvedBy: string;
  /** ISO 8601, UTC; without it the approval does not expire. */
  readonly expiresAt?: string;
}
