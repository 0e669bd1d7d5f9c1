import type { BackupRecord } from "../../core/control/backup";
import { UpgradeError } from "../../core/errors";
import type { Clock } from "../../core/runtime";
import { Forbidden } from "../../huaweicloud/errors";
import type { Gateway } from "../../huaweicloud/gateway";
import { timeOf } from "../../huaweicloud/jobs";
import { LastReads, type Moments, SharedRead } from "../../huaweicloud/shared-read";
import { type BackupRow, backupPage } from "../schema";
import { BACKUP_ACTION } from "../service";
import { eachInstance } from "./instances";

/** Full backups of TaurusDB instances. Reads only. */

/** Maximum number of rows per response. */
const PAGE = 100;
/** Maximum number of pages of the project's list. If it has more, the newest backups are read per instance. */
const MOST_PAGES = 20;

/** Maximum age of data read by another resource, in milliseconds. */
const FRESH = 5_000;

/**
 * The backups of a project.
 * - `listed`: all of them
 * - `many`: too many to read
 * - `unread`: the service did not return them; `reason` is a clause
 */
type Listing =
  | { readonly kind: "listed"; readonly rows: readonly BackupRow[] }
  | { readonly kind: "many" }
  | { readonly kind: "unread"; readonly reason: string };

type Page = { readonly rows: readonly BackupRow[]; readonly total: number };

/** The backups of a project's instances, shared by its resources. */
export class Backups {
  readonly #gateway: Gateway;
  readonly #clock: Clock;
  readonly #listing: SharedRead<Listing>;
  readonly #reads: LastReads;

  /** @param gateway one that is not closed with a single resource */
  constructor(gateway: Gateway, clock: Clock, moments: Moments) {
    [this.#gateway, this.#clock, this.#reads] = [gateway, clock, new LastReads(moments)];
    this.#listing = new SharedRead(clock, moments, (signal) => readListing(gateway.until(signal)));
  }

  /**
   * The backups of some instances, in the time of our clock.
   * @throws Unreachable
   */
  async of(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, BackupRecord>> {
    const listing = await this.#listing.read({ after: this.#reads.of(ids), within: FRESH }, signal);
    this.#reads.note(ids);
    const offset = this.#gateway.now - this.#clock.now();
    switch (listing.kind) {
      case "unread":
        return new Map(ids.map((id) => [id, { kind: "unknown", reason: listing.reason }]));
      case "listed": {
        const byInstance = Map.groupBy(listing.rows, ({ instance_id }) => instance_id);
        return new Map(ids.map((id) => [id, recordOf(byInstance.get(id) ?? [], offset)]));
      }
      case "many": {
        const gateway = this.#gateway.until(signal);
        return new Map(await eachInstance(ids, async (id) => [id, await readNewest(gateway, id, offset)] as const));
      }
    }
  }
}

async function readListing(gateway: Gateway): Promise<Listing> {
  const rows = new Map<string, BackupRow>();
  for (let offset = 0; ; ) {
    const page = await readPage(gateway, ["backups"], { limit: String(PAGE), offset: String(offset) });
    if ("reason" in page) return { kind: "unread", reason: page.reason };
    for (const row of page.rows) rows.set(row.id, row);
    offset += page.rows.length;
    if (page.rows.length === 0 || offset >= page.total) return { kind: "listed", rows: [...rows.values()] };
    if (page.total > PAGE * MOST_PAGES || offset >= PAGE * MOST_PAGES) return { kind: "many" };
  }
}

/** Reads one instance only: for a single instance, the service can sort the list. */
async function readNewest(gateway: Gateway, id: string, offset: number): Promise<BackupRecord> {
  const query = { limit: String(PAGE), order_field: "beginTime", order_rule: "desc" };
  const page = await readPage(gateway, ["instances", id, "backups"], query);
  return "reason" in page ? { kind: "unknown", reason: page.reason } : recordOf(page.rows, offset);
}

/** Without the permission or the API, the backups are unknown. That is no reason to end the run. */
async function readPage(
  gateway: Gateway,
  path: readonly string[],
  query: Readonly<Record<string, string>>,
): Promise<Page | { readonly reason: string }> {
  try {
    const reading = await gateway.read({ path, query, schema: backupPage, action: BACKUP_ACTION });
    if (reading.kind === "unserved") return { reason: `the region does not list backups: ${reading.text}` };
    if (reading.kind !== "data") return { reason: reading.text };
    const { backups: rows, total_count: total } = reading.data;
    return { rows, total: total ?? (rows.length < PAGE ? 0 : Number.POSITIVE_INFINITY) };
  } catch (error) {
    if (error instanceof Forbidden) return { reason: `the list of backups requires the IAM action ${BACKUP_ACTION}` };
    if (error instanceof UpgradeError && error.code === "blocked") return { reason: error.message.replace(/\.$/, "") };
    throw error;
  }
}

/** Older pages list `AVAILABLE` beside `COMPLETED`. `FAILED` and undocumented states do not count as backups. */
const COMPLETE: ReadonlySet<string> = new Set(["COMPLETED", "AVAILABLE"]);

/** @param offset the service's clock minus ours, in milliseconds */
function recordOf(rows: readonly BackupRow[], offset: number): BackupRecord {
  if (rows.some(({ status }) => status === "BUILDING")) return { kind: "running" };
  const complete = rows.filter(({ status }) => COMPLETE.has(status));
  if (complete.length === 0) return { kind: "none" };
  const ends = complete.flatMap(({ end_time }) => timeOf(end_time) ?? []);
  if (ends.length === 0) return { kind: "unknown", reason: "the service does not report when its backups ended" };
  return { kind: "finished", at: ends.reduce((last, at) => Math.max(last, at)) - offset };
}
