import type { ErrorCode } from "./errors";
import type { InstanceState, StarRocksState } from "./state";
import type { JobState } from "./task";
import type { World } from "./world";

/** The states of an instance, in every vocabulary the API has (TaurusDB facts §2.7, surprise 14). */

export const IDLE = "ACTIVE";

/** After an upgrade has completed. */
export const SETTLING = "REBOOTING";

/** From this percent on an upgrade restarts its instance. */
const REBOOT_PERCENT = 70;

/** v3 status of a TaurusDB instance, or what corresponds to it for a StarRocks instance. */
export function statusAt(world: World, subject: InstanceState | StarRocksState, now: number): string {
  if (subject.status !== IDLE && (subject.statusUntil === null || now < subject.statusUntil)) return subject.status;
  const job = subject.job === null ? undefined : world.jobs.get(subject.job);
  if (job === undefined || job.status !== "Running") return IDLE;
  const { upgradingStatus } = world.state.switches;
  if (upgradingStatus !== "auto") return upgradingStatus;
  return percentAt(job, now) < REBOOT_PERCENT ? "MODIFYING" : "REBOOTING";
}

/** Whether a status other than a running upgrade prevents an upgrade. */
export function isUnavailable(status: string): boolean {
  return status !== IDLE;
}

/** The error for an upgrade of an instance in this state. */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  FROZEN: "DBS.280449",
  "STORAGE FULL": "DBS.200316",
  "BACKING UP": "DBS.201205",
  BUILD: "DBS.201014",
};

export function statusRefusal(status: string, busy: ErrorCode): ErrorCode {
  return REFUSALS[status] ?? busy;
}

const UNIFIED: Readonly<Record<string, string>> = {
  BUILD: "creating",
  FAILED: "abnormal",
  FROZEN: "abnormal",
  "STORAGE FULL": "abnormal",
};

/** normal | creating | abnormal: v3.1, StarRocks and the task lists. A busy instance is "normal" here. */
export function unified(status: string): string {
  return UNIFIED[status] ?? "normal";
}

/** NORMAL | MODIFYING | …: schedule-tasks/exist. */
export function capital(status: string): string {
  if (status === IDLE) return "NORMAL";
  return status === "BUILD" ? "CREATING" : status;
}

/** Progress of a running job in percent, 0 to 99. */
export function percentAt(job: JobState, now: number): number {
  const started = job.startedAt ?? now;
  const percent = job.runMs <= 0 ? 99 : Math.floor(((now - started) / job.runMs) * 100);
  return Math.max(0, Math.min(percent, job.hungAt ?? 99, 99));
}
