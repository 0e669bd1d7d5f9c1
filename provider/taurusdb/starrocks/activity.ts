import type { Task } from "../../core/task";
import type { Activity, Finding } from "../../core/unit";
import { type Constraint, formatParts, highestVersion, standing, type Version } from "../../core/version";
import type { Gateway } from "../../huaweicloud/gateway";
import { canonicalJobId, type JobIds, jobStateOf, readJob } from "../../huaweicloud/jobs";
import type { Access } from "../project";
import { conditionOf, type JobRow, type ScheduleRow, type StarRocks } from "../schema";
import {
  anyWindow,
  awaitsApproval,
  hasEnded,
  isOfStarRocks,
  JOB_HISTORY,
  readJobs,
  readSchedules,
  readUnfinishedJobs,
  windowOf,
} from "../tasks";
import { actionsOf, dailyWindow, healthProblemOf, type Ids } from "./instance";

/** Operations of a StarRocks instance. */

export const KIND = "StarRocks kernel upgrade";
/** Used where the region does not list its kernels. */
export const NEWEST = "the newest kernel";
/** The name of every upgrade contains this. It only distinguishes an upgrade with an unknown id from a resize. */
const UPGRADE = /upgrade/i;

export interface ActivityOptions {
  readonly access: Access;
  readonly ids: Ids;
  readonly jobIds: JobIds;
  readonly constraint: Constraint;
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: number;
}

/** `3.1.15.80`, or a description where the region does not list its kernels. */
export function targetName(listed: readonly Version[]): string {
  const version = highestVersion(listed);
  return version === undefined ? NEWEST : formatParts(version);
}

/**
 * Running operations are visible in the instance itself. Waiting ones are visible only in the task lists, which are
 * read only for an outdated instance.
 */
export async function activityOf(
  options: ActivityOptions,
  detail: StarRocks,
  listed: readonly Version[],
  behind: boolean,
): Promise<Activity | undefined> {
  const to = targetName(listed);
  const running = await runningIn(options, detail);
  if (running?.kind === "upgrade") {
    const task = { id: running.id, kind: KIND, to };
    const newestListed = highestVersion(listed);
    const fits = newestListed === undefined || standing(newestListed, options.constraint) === "current";
    return fits ? { kind: "running", task } : { kind: "busy", name: `its upgrade to ${to} (job ${running.id})` };
  }
  if (running !== undefined) return { kind: "busy", name: running.name };
  if (conditionOf(detail.status) === "busy") return { kind: "busy", name: `its state "${detail.status}"` };
  if (behind) return waitingFor(options, to, dailyWindow(detail));
  const problem = healthProblemOf(detail);
  return problem === undefined ? undefined : { kind: "blocked", finding: unhealthy(problem), unhealthy: true };
}

function unhealthy(problem: string): Finding {
  return {
    code: "not-normal",
    message: `The StarRocks instance is not healthy: ${problem}.`,
    remedy: "Repair it in the console or with the vendor's support.",
  };
}

type Operation = { readonly kind: "upgrade"; readonly id: string } | { readonly kind: "other"; readonly name: string };

async function runningIn({ access, jobIds }: ActivityOptions, detail: StarRocks): Promise<Operation | undefined> {
  const actions = actionsOf(detail);
  const [first] = actions;
  if (first === undefined) return undefined;
  const named = actions.find((action) => UPGRADE.test(action.action) && action.job_id !== "");
  if (named !== undefined) return { kind: "upgrade", id: jobIds.note(named.job_id) };
  const id = actions.find((action) => action.job_id !== "")?.job_id;
  const job = id === undefined ? undefined : await readJob(access.gateway, jobIds, id);
  if (id !== undefined && job !== undefined && UPGRADE.test(job.name)) return { kind: "upgrade", id: jobIds.note(id) };
  return { kind: "other", name: `its operation ${job?.name || first.action || "without a name"}` };
}

async function waitingFor(options: ActivityOptions, to: string, daily: string): Promise<Activity | undefined> {
  const { access, jobIds, ids, now } = options;
  const [rows, schedule] = await Promise.all([
    acceptedJobs(access.gateway, ids, now),
    scheduledUpgrade(access.gateway, ids),
  ]);
  const taskOf = (id: string): Task => ({ id: jobIds.note(id), kind: KIND, to });
  const scheduled = schedule && canonicalJobId(schedule.job_id);
  const accepted = rows.find((row) => canonicalJobId(row.job_id) !== scheduled);
  if (accepted !== undefined) {
    const task = taskOf(accepted.job_id);
    const approval = jobStateOf(accepted.status) === "unauthorized";
    return approval
      ? { kind: "blocked", task, finding: awaitsApproval(task.id, accepted.status) }
      : { kind: "running", task };
  }
  if (schedule === undefined) return undefined;
  return { kind: "scheduled", task: taskOf(schedule.job_id), window: windowOf(schedule) ?? anyWindow(daily, now) };
}

/**
 * Accepted upgrades that have not ended. Jobs in known states are read regardless of age. The last hours are also read
 * completely: undocumented states may exist.
 */
async function acceptedJobs(gateway: Gateway, ids: Ids, now: number): Promise<readonly JobRow[]> {
  const rows = await Promise.all([readJobs(gateway, { since: now - JOB_HISTORY }), readUnfinishedJobs(gateway)]);
  return rows.flat().filter((row) => !hasEnded(row) && isOurs(row.instance_id, row.job_name, ids));
}

/**
 * It is undocumented which of the two ids a row contains. With the TaurusDB id, only a name identifies the instance.
 */
function isOurs(id: string, name: string, { instanceId, starRocksInstanceId }: Ids): boolean {
  if (!UPGRADE.test(name)) return false;
  return id === starRocksInstanceId || (id === instanceId && /star_?rocks|htap/i.test(name));
}

async function scheduledUpgrade(gateway: Gateway, ids: Ids): Promise<ScheduleRow | undefined> {
  const [own, beside] = await Promise.all([
    readSchedules(gateway, { instanceId: ids.starRocksInstanceId, status: "Pending" }),
    readSchedules(gateway, { instanceId: ids.instanceId, status: "Pending" }),
  ]);
  return (
    own.find(({ job_name }) => UPGRADE.test(job_name)) ??
    beside.find((row) => UPGRADE.test(row.job_name) && isOfStarRocks(row))
  );
}
