import { formatDuration } from "../duration";
import type { Hold } from "./hold";

/** What a backup has to be before an upgrade is requested. */
export interface BackupRule {
  /** Milliseconds since its end. */
  readonly maxAge: number;
  /** Why an upgrade may begin where backups cannot be verified, or are too old. */
  readonly waive?: string | undefined;
}

/** What a vendor says of the backups of one unit. Times are milliseconds since 1970. */
export type BackupRecord =
  /** `at`: when the newest complete one was finished; of several parts, the oldest of their newest. */
  | { readonly kind: "finished"; readonly at: number; readonly what?: string }
  | { readonly kind: "running"; readonly what?: string }
  | { readonly kind: "none"; readonly what?: string }
  /** The vendor does not say. `reason`: a clause. */
  | { readonly kind: "unknown"; readonly reason: string };

/** How far a vendor's clock may be ahead of ours, in milliseconds. A time beyond that is one of another time zone. */
const CLOCKS = 15 * 60_000;

/**
 * What is known of several parts together: of those that hold an upgrade the first of each sort, where nothing does the oldest.
 * One that runs comes first, because nothing waives it.
 */
export function backupOfAll(records: readonly BackupRecord[]): BackupRecord {
  const of = (kind: BackupRecord["kind"]) => records.find((record) => record.kind === kind);
  const oldest = records.reduce<BackupRecord | undefined>(
    (old, record) => (record.kind === "finished" && !(old?.kind === "finished" && old.at <= record.at) ? record : old),
    undefined,
  );
  return of("running") ?? of("none") ?? of("unknown") ?? oldest ?? { kind: "none" };
}

/** Why the backups of a unit do not let its upgrade begin. Pure. @param now milliseconds since 1970 */
export function backupHold(rule: BackupRule, record: BackupRecord, now: number): Hold | undefined {
  if (rule.waive !== undefined && record.kind !== "running") return undefined;
  switch (record.kind) {
    case "running":
      return hold(`a backup${of(record.what)} is running`);
    case "none":
      return hold(`there is no backup${of(record.what)}`);
    case "unknown":
      return hold(`cannot verify that there is a backup: ${record.reason}`);
    case "finished": {
      const age = now - record.at;
      if (age < -CLOCKS) {
        const ahead = `the last one${of(record.what)} ended ${formatDuration(-age)} in the future`;
        return hold(`cannot verify that there is a backup: ${ahead}, so clocks or time zones differ`);
      }
      if (age <= rule.maxAge) return undefined;
      const limit = formatDuration(rule.maxAge);
      return hold(`the last backup${of(record.what)} is ${formatDuration(age)} old, more than ${limit}`);
    }
  }
}

function of(what: string | undefined): string {
  return what === undefined ? "" : ` of ${what}`;
}

function hold(message: string): Hold {
  return { code: "backup", message };
}
