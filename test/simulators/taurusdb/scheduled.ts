import type { SimResponse } from "../shell/http";
import { readInstance } from "./access";
import { bodyOf, integerQuery, jsonResponse, type ProjectCall, stringField, timeQuery, timeText } from "./call";
import { parameterError, Refusal } from "./errors";
import { ENGINE } from "./instanceview";
import { STAR_ROCKS } from "./starrocksview";
import type { InstanceState, StarRocksState } from "./state";
import { capital, statusAt, unified } from "./status";
import type { ScheduleState } from "./task";
import { cancelSchedule } from "./tasks";
import { askedState, SCHEDULE_NAME, shownInstance, subjectOf } from "./taskview";

/** Scheduled tasks: delayed upgrades (TaurusDB facts §2.8, §3.2). */

interface Found {
  readonly schedule: ScheduleState;
  readonly subject: InstanceState | StarRocksState;
}

/** Newest first; `offset` counts records. */
export function listSchedules(call: ProjectCall): SimResponse {
  const limit = integerQuery(call, "limit", call.world.state.switches.scheduledJobsDefaultLimit, 1, 100);
  const offset = integerQuery(call, "offset", 0, 0, Number.MAX_SAFE_INTEGER);
  const found = matching(call);
  const page = found.slice(offset, offset + limit);
  return jsonResponse({ schedules: page.map((one) => rowOf(call, one)), total_count: found.length });
}

function matching(call: ProjectCall): readonly Found[] {
  const status = askedState(call);
  const [name, id, instance] = ["job_name", "job_id", "instance_id"].map((field) => call.query.get(field) || undefined);
  const from = timeQuery(call, "start_time") ?? Number.NEGATIVE_INFINITY;
  const until = timeQuery(call, "end_time") ?? Number.POSITIVE_INFINITY;
  if (name !== undefined && name !== SCHEDULE_NAME) return [];
  return visible(call).filter(
    ({ schedule, subject }) =>
      (status ?? schedule.status) === schedule.status &&
      (id ?? schedule.id) === schedule.id &&
      (instance ?? shownInstance(call, subject).id) === shownInstance(call, subject).id &&
      schedule.createdAt >= from &&
      schedule.createdAt <= until,
  );
}

function visible(call: ProjectCall): readonly Found[] {
  const hidden = call.world.state.switches.starRocksSchedules === "hidden";
  const found: Found[] = [];
  for (const schedule of call.world.state.schedules.toReversed()) {
    if (hidden && schedule.kind === "starRocks") continue;
    const subject = subjectOf(call, schedule);
    if (subject !== undefined) found.push({ schedule, subject });
  }
  return found;
}

function rowOf(call: ProjectCall, { schedule, subject }: Found): object {
  const { id, name } = shownInstance(call, subject);
  return {
    job_id: schedule.id,
    instance_id: id,
    instance_name: name,
    instance_status: unified(statusAt(call.world, subject, call.now)),
    project_id: schedule.projectId,
    job_name: SCHEDULE_NAME,
    create_time: timeText(schedule.createdAt),
    start_time: timeText(schedule.startAt),
    end_time: timeText(schedule.endAt),
    job_status: schedule.status,
    datastore_type: engineOf(schedule),
    target_config: {},
    proxy_id: "",
    proxy_name: "",
  };
}

function engineOf({ kind }: ScheduleState): string {
  return kind === "starRocks" ? STAR_ROCKS : ENGINE;
}

/** Returns the ids that it canceled; the others are silently omitted. */
export function cancelSchedules(call: ProjectCall): SimResponse {
  const ids = bodyOf(call, ["job_ids"])["job_ids"];
  const listed = Array.isArray(ids) && ids.length > 0 && ids.every((id): id is string => typeof id === "string");
  if (!listed) throw parameterError("job_ids must be a list of ids.");
  const cancelled = [...new Set(ids)].filter((id) => {
    const schedule = call.world.schedules.get(id);
    const pending = schedule?.status === "Pending" && subjectOf(call, schedule) !== undefined;
    if (pending) cancelSchedule(schedule);
    return pending;
  });
  return jsonResponse({ job_ids: cancelled });
}

/** Deletes the record of an ended task. */
export function deleteSchedule(call: ProjectCall): SimResponse {
  const id = stringField(bodyOf(call, ["job_id"]), "job_id");
  const schedule = call.world.schedules.get(id);
  if (schedule === undefined || subjectOf(call, schedule)?.id !== call.params["instance"]) {
    throw new Refusal("DBS.200543");
  }
  if (schedule.status === "Pending" || schedule.status === "Running") throw new Refusal("DBS.200086");
  schedule.deleted = true;
  return jsonResponse({ result: true });
}

const TASK_STATUS = {
  Pending: "WAITING",
  Running: "RUNNING",
  Completed: "SUCCESS",
  Failed: "FAIL",
  Canceled: "CANCELED",
} as const;

/** Whether an upgrade is scheduled or running; statuses and times have their own formats. */
export function scheduleExist(call: ProjectCall): SimResponse {
  const body = bodyOf(call, ["schedule_type", "proxy_id"]);
  if (stringField(body, "schedule_type") !== SCHEDULE_NAME) return jsonResponse({ exist: false, scheduled_tasks: [] });
  const instance = readInstance(call);
  const found = visible(call).filter(
    ({ schedule, subject }) =>
      subject.id === instance.id && (schedule.status === "Pending" || schedule.status === "Running"),
  );
  const tasks = found.map(({ schedule }, index) => ({
    task_id: schedule.id,
    task_name: SCHEDULE_NAME,
    task_status: TASK_STATUS[schedule.status],
    task_order: index + 1,
    instance_id: instance.id,
    instance_name: instance.name,
    instance_status: capital(statusAt(call.world, instance, call.now)),
    project_id: schedule.projectId,
    proxy_id: "",
    proxy_name: "",
    datastore_type: engineOf(schedule),
    create_time: schedule.createdAt,
    start_time: schedule.startAt,
    end_time: schedule.endAt,
    target_config: {},
  }));
  return jsonResponse({ exist: tasks.length > 0, scheduled_tasks: tasks });
}
