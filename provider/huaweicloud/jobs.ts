import type { Gateway } from "./gateway";
import { type Job, job } from "./schema";

/** Jobs: what the services call the tasks that their writes start. They can be read some seconds after they were made. */

/**
 * Ids of jobs come as UUIDs with dashes and as the same 32 digits without, by the call that names them. Here they are kept
 * with dashes; calls that do not know the one form may know the other.
 */
export class JobIds {
  readonly #written = new Map<string, string>();

  /** @returns the id as it is kept */
  note(id: string): string {
    const kept = canonicalJobId(id);
    this.#written.set(kept, id);
    return kept;
  }

  /** How the service may know the id, first as it wrote it last. */
  forms(id: string): readonly string[] {
    const kept = canonicalJobId(id);
    const written = this.#written.get(kept) ?? kept;
    const bare = kept.replaceAll("-", "");
    return [...new Set([written, kept, ...(BARE.test(bare) ? [bare] : [])])];
  }
}

const BARE = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;

/** The one form in which an id is kept and compared. Ids that are no UUIDs stay as they are. */
export function canonicalJobId(id: string): string {
  return id.trim().replace(BARE, "$1-$2-$3-$4-$5");
}

/** @returns undefined when the service does not know the job, or not yet */
export async function readJob(gateway: Gateway, ids: JobIds, id: string): Promise<Job | undefined> {
  for (const form of ids.forms(id)) {
    const reading = await gateway.read({ path: ["jobs"], query: { id: form }, schema: job });
    if (reading.kind === "data") {
      ids.note(form);
      return reading.data.job;
    }
  }
  return undefined;
}

/** Where a job stands. `strange`: a word that no document has. */
export type JobState = "pending" | "running" | "completed" | "failed" | "canceled" | "unauthorized" | "strange";

const JOB_STATES: Readonly<Record<string, JobState>> = {
  PENDING: "pending",
  WAITING: "pending",
  RUNNING: "running",
  COMPLETED: "completed",
  SUCCESS: "completed",
  FAILED: "failed",
  FAIL: "failed",
  CANCELED: "canceled",
  UNAUTHORIZED: "unauthorized",
};

/** Of `Pending`, `Running`, `Completed` … (jobs) and `WAITING`, `SUCCESS` …. */
export function jobStateOf(status: string): JobState {
  return JOB_STATES[status.toUpperCase()] ?? "strange";
}

/** Percent of `"60%"`, `"60"` or 60; undefined where there is none. */
export function percentOf(process: string | undefined): number | undefined {
  const digits = /^(\d{1,3}(?:\.\d+)?)\s*%?$/.exec(process?.trim() ?? "")?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), 100);
}

/**
 * Milliseconds of `2018-08-06T10:41:14+0800`, `2018-08-20T02:33:49_0800`, an ISO time, or a number of milliseconds;
 * undefined for anything else.
 */
export function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^\d{12,}$/.test(text)) return Number(text);
  const at = Date.parse(text.replace(/[+_](\d\d):?(\d\d)$/, "+$1:$2").replace(/-(\d\d)(\d\d)$/, "-$1:$2"));
  return Number.isNaN(at) ? undefined : at;
}

/** How the API wants a time in a query: `2026-01-01T00:00:05+0000`. */
export function queryTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "+0000");
}
