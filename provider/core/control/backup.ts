import { formatDuration } from "../../base/sentences";
import type { Hold } from "./hold";

/** The backup that is required before an upgrade is requested. */
export interface BackupRule {
  /** Milliseconds since its end. */
  readonly maxAge: number;
  /** The justification for upgrading when backups cannot be verified or are too old. */
  readonly waive?: string | undefined;
}

/** What a vendor reports about the backups of one unit. Times are milliseconds since 1970. */
export type BackupRecord =
  /** `at`: when the newest complete backup finished; with several parts, the oldest of these times. */
  | { readonly kind: "finished"; readonly at: number; readonly what?: string }
  | { readonly kind: "running"; readonly what?: string }
  | { readonly kind: "none"; readonly what?: string }
  /** The vendor does not report it. `reason`: a clause. */
  | { readonly kind: "unknown"; readonly reason: string };

/** Maximum clock skew of a vendor, in milliseconds. A time further ahead is in another time zone. */
const CLOCKS = 15 * 60_000;

/**
 * Combines the records of several parts: the first one that holds an upgrade, or else the oldest backup. A backup in
 * progress comes first, because `waive` does not apply to it.
 */
export function backupOfAll(records: readonly BackupRecord[]): BackupRecord {
  const of = (kind: BackupRecord["kind"]) => records.find((record) => record.kind === kind);
  const oldest = records.reduce<BackupRecord | undefined>(
    (old, record) => (record.kind === "finished" && !(old?.kind === "finished" && old.at <= record.at) ? record : old),
    undefined,
  );
  return of("running") ?? of("none") ?? of("unknown") ?? oldest ?? { kind: "none" };
}

/**
 * Why the backups of a unit hold its upgrade, or RETRY and ROLLBACK of it. Pure. Times are milliseconds since 1970.
 * @param requestedAt when the failed upgrade that is reopened was requested. A backup that was recent then is enough: an
 *   upgrade that has failed keeps the system locked
 */
export function backupHold(
  rule: BackupRule,
  record: BackupRecord,
  now: number,
  requestedAt?: number,
): Hold | undefined {
  if (rule.waive !== undefined && record.kind !== "running") return undefined;
  switch (record.kind) {
    case "running":
      return hold(`a backup${of(record.what)} is running`);
    case "none":
      return hold(`there is no backup${of(record.what)}`);
    case "unknown":
      return hold(`cannot verify that there is a backup: ${record.reason}`);
    case "finished": {
      const ahead = record.at - now;
      if (ahead > CLOCKS) {
        const ended = `the last one${of(record.what)} ended ${formatDuration(ahead)} in the future`;
        return hold(`cannot verify that there is a backup: ${ended}, so clocks or time zones differ`);
      }
      const age = Math.min(requestedAt ?? now, now) - record.at;
      if (age <= rule.maxAge) return undefined;
      const [old, limit] = [formatDuration(age), formatDuration(rule.maxAge)];
      const last = `the last backup${of(record.what)}`;
      if (requestedAt === undefined) return hold(`${last} is ${old} old, more than ${limit}`);
      return hold(`${last} was ${old} old when the failed upgrade was requested, more than ${limit}`);
    }
  }
}

function of(what: string | undefined): string {
  return what === undefined ? "" : ` of ${what}`;
}

function hold(message: string): Hold {
  return { code: "backup", message };
}
