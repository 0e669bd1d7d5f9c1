import { z } from "zod";
import type { Gateway } from "./gateway";
import { note, reason, text } from "./schema";

/** Jobs: the tasks that the services' writes start. They become readable seconds after they were created. */

/**
 * Job ids are UUIDs, with dashes or as the same 32 digits without, depending on the API. They are stored with dashes
 * here. An API that does not know one form may know the other.
 */
export class JobIds {
  readonly #written = new Map<string, string>();

  /** @returns the id as it is stored */
  note(id: string): string {
    const kept = canonicalJobId(id);
    this.#written.set(kept, id);
    return kept;
  }

  /** The forms of the id that the service may know, starting with its last one. */
  forms(id: string): readonly string[] {
    const kept = canonicalJobId(id);
    const written = this.#written.get(kept) ?? kept;
    const bare = kept.replaceAll("-", "");
    return [...new Set([written, kept, ...(BARE.test(bare) ? [bare] : [])])];
  }
}

const BARE = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;

/** The form in which an id is stored and compared. Ids that are not UUIDs are unchanged. */
export function canonicalJobId(id: string): string {
  return id.trim().replace(BARE, "$1-$2-$3-$4-$5");
}

const job = z.object({
  job: z.object({
    id: text,
    name: note,
    status: text,
    created: note,
    /** `60%` while in progress. */
    process: note,
    fail_reason: reason,
  }),
});
export type Job = z.infer<typeof job>["job"];

/** @returns undefined when the job does not exist, or not yet */
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

/** The state of a job. `undocumented`: not in the documentation. */
export type JobState = "pending" | "running" | "completed" | "failed" | "canceled" | "unauthorized" | "undocumented";

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
  return JOB_STATES[status.toUpperCase()] ?? "undocumented";
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

/** The format of a time in a query: `2026-01-01T00:00:05+0000`. */
export function queryTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "+0000");
}
