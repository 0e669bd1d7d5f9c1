import type { SimResponse } from "../shell/http";
import { integerQuery, jsonResponse, type ProjectCall, timeQuery, timeText } from "./call";
import { parameterError, Refusal } from "./errors";
import type { InstanceState, StarRocksState } from "./state";
import { percentAt, statusAt, unified } from "./status";
import { isOver, type JobState, type ScheduleState } from "./task";
import { asJob } from "./tasks";
import { askedState, nameOf, processText, SCHEDULE_NAME, shownInstance, shownStatus, subjectOf } from "./taskview";

/** Jobs by id, the list of instant tasks, and their progress (TaurusDB facts §2.8). */

const LIMITS = [10, 20, 50] as const;

/** A job or scheduled task by its id; not before it is visible. */
export function showJob(call: ProjectCall): SimResponse {
  const id = call.query.get("id") ?? "";
  if (id === "") throw parameterError("id is required.");
  const { jobs, schedules } = call.world;
  const scheduled = schedules.get(id.replaceAll("-", "")) ?? schedules.get(id);
  const task = jobs.get(id) ?? (scheduled && asJob(call.world, scheduled.id) === id ? scheduled : undefined);
  const subject = task && subjectOf(call, task);
  if (task === undefined || subject === undefined) throw new Refusal("DBS.200543");
  const { id: instanceId, name } = shownInstance(call, subject);
  const common = {
    id,
    created: timeText(task.createdAt),
    instance: { id: instanceId, name },
    entities: {},
    fail_reason: task.failReason,
  };
  return jsonResponse({ job: { ...common, ...("startAt" in task ? waiting(task) : running(call, task)) } });
}

function waiting({ status }: ScheduleState): object {
  return { name: SCHEDULE_NAME, status, ended: "", process: "" };
}

function running(call: ProjectCall, job: JobState): object {
  const { endedAt } = job;
  return {
    name: nameOf(call, job),
    status: shownStatus(job),
    ended: timeText(endedAt),
    process: processText(job, call.now),
  };
}

/** Newest first. There is no filter by instance. */
export function listJobs(call: ProjectCall): SimResponse {
  const limit = integerQuery(call, "limit", LIMITS[0], 1, 50);
  if (!LIMITS.some((one) => one === limit)) throw parameterError("limit must be 10, 20 or 50.");
  const offset = integerQuery(call, "offset", 1, 0, Number.MAX_SAFE_INTEGER);
  const byPage = call.world.state.switches.immediateJobsOffset === "page";
  const start = offset <= 1 ? 0 : byPage ? (offset - 1) * limit : offset;
  const rows = matching(call);
  const names = new Map(rows.map(({ job }) => [job.kind, nameOf(call, job)]));
  return jsonResponse({
    jobs: rows.slice(start, start + limit).map(({ job, subject }) => rowOf(call, job, subject)),
    total_count: rows.length,
    action_names: [...names.values()],
  });
}

interface Found {
  readonly job: JobState;
  readonly subject: InstanceState | StarRocksState;
}

function matching(call: ProjectCall): readonly Found[] {
  const status = askedState(call);
  const [name, id] = ["job_name", "job_id"].map((field) => call.query.get(field) || undefined);
  const from = timeQuery(call, "start_time") ?? Number.NEGATIVE_INFINITY;
  const until = timeQuery(call, "end_time") ?? Number.POSITIVE_INFINITY;
  const found: Found[] = [];
  for (const job of call.world.state.jobs.toReversed()) {
    if (job.createdAt < from || job.createdAt > until) continue;
    if ((status ?? shownStatus(job)) !== shownStatus(job) || (id ?? job.id) !== job.id) continue;
    if (name !== undefined && nameOf(call, job) !== name) continue;
    const subject = subjectOf(call, job);
    if (subject !== undefined) found.push({ job, subject });
  }
  return found;
}

function rowOf(call: ProjectCall, job: JobState, subject: InstanceState | StarRocksState): object {
  const { id, name } = shownInstance(call, subject);
  return {
    instance_id: id,
    instance_name: name,
    instance_status: unified(statusAt(call.world, subject, call.now)),
    job_id: job.id,
    order_id: "",
    job_name: nameOf(call, job),
    status: shownStatus(job),
    process: processText(job, call.now),
    created_time: timeText(job.createdAt),
    ended_time: timeText(job.endedAt),
    fail_reason: job.failReason,
    show_detail: hasDetail(job),
  };
}

function hasDetail(job: JobState): boolean {
  return job.kind === "upgrade" && (job.status === "Running" || job.status === "Completed");
}

/** Parts of an upgrade, each with the percent at which it ends. */
const PARTS = [
  { name: "Preparation", until: 10 },
  { name: "Upgrade read replicas", until: 60 },
  { name: "Upgrade primary node", until: 100 },
] as const;

/** Progress and remaining time; only if the list has `show_detail`. */
export function taskDetail(call: ProjectCall): SimResponse {
  const { query, params, now, world } = call;
  const job = world.jobs.get(query.get("job_id") ?? "");
  const subject = job && subjectOf(call, job);
  if (job === undefined || subject === undefined || subject.id !== params["instance"]) throw new Refusal("DBS.200543");
  if (query.get("job_name") !== nameOf(call, job) || !hasDetail(job)) throw new Refusal("DBS.200543");
  const percent = job.status === "Completed" ? 100 : percentAt(job, now);
  return jsonResponse({
    instance_id: subject.id,
    instance_name: subject.name,
    job_id: job.id,
    job_name: nameOf(call, job),
    status: job.status,
    sub_task_list: PARTS.map(({ name, until }, index) => {
      const from = PARTS[index - 1]?.until ?? 0;
      const done = Math.round((100 * Math.max(0, Math.min(percent, until) - from)) / (until - from));
      return {
        sub_task_name: name,
        percent: String(done),
        status: done >= 100 ? "Completed" : percent >= from ? "Running" : "Pending",
        remaining_time: String(Math.ceil((job.runMs * Math.max(0, until - Math.max(percent, from))) / 100_000)),
      };
    }),
  });
}

/** Deletes the record of an ended task. */
export function deleteJob(call: ProjectCall): SimResponse {
  const job = call.world.jobs.get(call.params["job"] ?? "");
  if (job === undefined || subjectOf(call, job) === undefined) throw new Refusal("DBS.200543");
  if (!isOver(job.status)) throw new Refusal("DBS.200086");
  job.deleted = true;
  return jsonResponse("");
}
