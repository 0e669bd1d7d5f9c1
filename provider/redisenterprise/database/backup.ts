import type { BackupRecord } from "../../core/control/backup";
import type { Bdb } from "../rest/schema";

/**
 * The backup status in a database object. Periodic backups and manual exports have separate fields; each is a full
 * copy. It is read with the database, so no further request is needed.
 */
export function backupOf(bdb: Bdb): BackupRecord {
  if ([bdb.backup_status, bdb.export_status].includes("exporting")) return { kind: "running" };
  const times = [bdb.last_backup_time, bdb.last_export_time].flatMap((time) => time || []);
  if (times.length === 0) return { kind: "none" };
  const ends = times.map((time) => Date.parse(time)).filter((end) => !Number.isNaN(end));
  if (ends.length === 0) return { kind: "unknown", reason: `the time of the last one cannot be read: ${times[0]}` };
  return { kind: "finished", at: Math.max(...ends) };
}
