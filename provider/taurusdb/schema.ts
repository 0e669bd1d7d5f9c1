import { z } from "zod";
import { count, flag, list, note, reason, rows, taskId, text } from "../huaweicloud/schema";

/** Schemas of the service's responses, and the states of instances. */

/** An item of the instance list, limited to the fields that the detail also has. */
export const instance = z.object({
  id: text,
  name: note,
  status: note,
  /** Older regions report only the MySQL version. */
  datastore: z
    .object({ version: note, kernel_version: note })
    .nullish()
    .transform((value) => value ?? { version: "", kernel_version: "" }),
  tags: list(z.object({ key: note, value: note })).catch([]),
});
export type Instance = z.infer<typeof instance>;

/** Unparsable items are left out of the list, so that they do not hide the others. */
export const instancePage = z.object({
  instances: z.array(z.unknown()),
  total_count: count.nullish().transform((value) => value ?? undefined),
});

export const instanceDetail = instance.extend({
  /** `18:00-22:00`, UTC. */
  maintenance_window: note,
  nodes: list(z.object({ id: text })),
});
export type InstanceDetail = z.infer<typeof instanceDetail>;

export const databaseVersion = z.object({
  upgrade_flag: flag,
  datastore: z.object({
    current_kernel_version: note,
    /** `""` where the region does not report it. */
    latest_kernel_version: note,
  }),
});
export type DatabaseVersion = z.infer<typeof databaseVersion>;

export const jobIds = z.object({ job_ids: rows(text) });
export const jobId = z.object({ job_id: taskId });
export const batchAnswer = z.object({ resp: text });

export const preCheckResult = z.object({
  upgrade_precheck_result: z.union([z.string(), z.boolean()]).transform((value) => String(value) === "true"),
  /** Milliseconds since 1970. */
  updated_at: count.nullish().transform((value) => value ?? undefined),
  upgrade_precheck_detail: list(
    z.object({ check_item: note, check_description: reason, check_object: note, check_status: note }),
  ),
});
export type PreCheckResult = z.infer<typeof preCheckResult>;

const jobRow = z.object({
  instance_id: note,
  job_id: text,
  job_name: note,
  status: text,
  process: note,
  created_time: note,
  fail_reason: reason,
  show_detail: flag,
});
export type JobRow = z.infer<typeof jobRow>;
export const jobPage = z.object({ jobs: rows(jobRow), total_count: count.nullish() });

const scheduleRow = z.object({
  job_id: text,
  instance_id: note,
  job_name: note,
  job_status: text,
  start_time: note,
  end_time: note,
  create_time: note,
  datastore_type: note,
});
export type ScheduleRow = z.infer<typeof scheduleRow>;
export const schedulePage = z.object({ schedules: rows(scheduleRow), total_count: count.nullish() });

const backupRow = z.object({ id: text, instance_id: note, status: text, end_time: note });
export type BackupRow = z.infer<typeof backupRow>;
/** `GET /v3/{project_id}/backups` and `GET /v3/{project_id}/instances/{instance_id}/backups`. */
export const backupPage = z.object({ backups: rows(backupRow), total_count: count.nullish() });

export const taskDetail = z.object({ sub_task_list: list(z.object({ remaining_time: note })) });
export type TaskDetail = z.infer<typeof taskDetail>;

const action = z.object({ action: note, job_id: note });
export type Action = z.infer<typeof action>;

const starRocks = z.object({
  id: text,
  name: note,
  status: note,
  data_store_version: text,
  new_version_available: flag,
  is_frozen: flag,
  actions: list(action),
  groups: list(
    z.object({
      nodes: list(
        z.object({
          id: text,
          name: note,
          status: note,
          actions: list(action),
          datastore: z.object({ version: note }).nullish(),
        }),
      ),
    }),
  ),
  ops_window: z.object({ start_time: note, end_time: note }).nullish(),
});
export type StarRocks = z.infer<typeof starRocks>;
export const starRocksList = z.object({ instances: rows(starRocks) });

export const htapVersions = z.object({ datastores: rows(z.object({ kernel_version: note })) });

const htapInstance = z.object({ id: text, name: note, engine_name: note });
export type HtapInstance = z.infer<typeof htapInstance>;
export const htapList = z.object({ instances: rows(htapInstance) });

/**
 * The condition of an instance or node.
 * - `ready`: no operation in progress
 * - `busy`: an operation is in progress; unknown states count as busy
 * - `unhealthy`: requires manual intervention
 */
export type Condition = "ready" | "busy" | "unhealthy";

const CONDITIONS: Readonly<Record<string, Condition>> = {
  ACTIVE: "ready",
  NORMAL: "ready",
  FAILED: "unhealthy",
  FROZEN: "unhealthy",
  "STORAGE FULL": "unhealthy",
  ABNORMAL: "unhealthy",
  CREATEFAIL: "unhealthy",
  CREATE_FAILED: "unhealthy",
};

/** Of `ACTIVE`, `MODIFYING`, `FROZEN` … (v3) and `normal`, `creating`, `abnormal` … (v3.1, StarRocks, task lists). */
export function conditionOf(status: string): Condition {
  return CONDITIONS[status.toUpperCase()] ?? "busy";
}
