import { z } from "zod";
import { TASK_ID } from "../../core/task";

/**
 * Schemas of the vendor's objects. All other fields are dropped immediately: a database object can contain its
 * passwords in plain text.
 */

/** Recorded as a string, documented as a list of strings. */
const moduleArgs = z.union([z.string(), z.array(z.string().nullable())]).nullish();

const loadedModule = z.object({
  module_name: z.string(),
  module_id: z.string().nullish(),
  semantic_version: z.string().nullish(),
  module_args: moduleArgs,
});

/** `GET /v1/bdbs/{uid}` and, with `action_uid`, the responses to upgrade requests and dry runs. */
export const bdb = z.object({
  uid: z.number(),
  name: z.string().nullish(),
  type: z.string().nullish(),
  status: z.string(),
  action_uid: z.string().nullish(),
  redis_version: z.string().nullish(),
  version: z.string().nullish(),
  module_list: z.array(loadedModule).nullish(),
  replication: z.boolean().nullish(),
  data_persistence: z.string().nullish(),
  crdt: z.boolean().nullish(),
  crdt_guid: z.string().nullish(),
  bigstore: z.boolean().nullish(),
  replica_sync: z.string().nullish(),
  auto_upgrade: z.boolean().nullish(),
  shards_count: z.number().nullish(),
  /** `exporting`, `succeeded` or `failed`: of periodic backups, and of exports. */
  backup_status: z.string().nullish(),
  export_status: z.string().nullish(),
  /** Of the last successful one. */
  last_backup_time: z.string().nullish(),
  last_export_time: z.string().nullish(),
});
export type Bdb = z.infer<typeof bdb>;

/** `GET /v1/bdbs`, with `?fields=uid,name` or complete. */
export const bdbList = z.array(z.looseObject({ uid: z.number(), name: z.string().nullish() }));

/** `GET /v1/modules`. `compatible_redis_version` since 7.8.2, `min_redis_pack_version` up to 7.22. */
export const clusterModules = z.array(
  z.object({
    uid: z.string(),
    module_name: z.string(),
    semantic_version: z.string(),
    compatible_redis_version: z.string().nullish(),
    min_redis_version: z.string().nullish(),
    min_redis_pack_version: z.string().nullish(),
    capabilities: z.array(z.string()).nullish(),
  }),
);

/** `GET /v1/nodes`. Documented with only `db_type` and `version`, recorded with `redis_version` and `major` too. */
export const nodeList = z.array(
  z.object({
    uid: z.union([z.number(), z.string()]),
    addr: z.string().nullish(),
    external_addr: z.array(z.string()).nullish(),
    software_version: z.string().nullish(),
    supported_database_versions: z
      .array(
        z.object({
          db_type: z.string().nullish(),
          redis_version: z.string().nullish(),
          version: z.string().nullish(),
          major: z.boolean().nullish(),
        }),
      )
      .nullish(),
  }),
);

/** `GET /v1/cluster`. It does not contain the software version. */
export const clusterInfo = z.object({
  name: z.string(),
  created_time: z.string().nullish(),
  upgrade_in_progress: z.boolean().nullish(),
  block_cluster_changes: z.boolean().nullish(),
});

/** `GET /v1/cluster/policy` */
export const clusterPolicy = z.object({ redis_upgrade_policy: z.string().nullish() });

/** A number, or a string with one: tasks have `"100"`. */
const progress = z.union([z.number(), z.string()]).nullish();

/**
 * A state machine in `GET /v1/actions/{uid}` and `/v1/actions/bdb/{uid}`. The documentation is inconsistent about where
 * its error is: `error`, `error_message`, or within `additional_info`.
 */
export const action = z.object({
  action_uid: z.string(),
  name: z.string().nullish(),
  object_name: z.string().nullish(),
  status: z.string(),
  state: z.string().nullish(),
  progress,
  heartbeat: z.number().nullish(),
  error: z.string().nullish(),
  error_message: z.string().nullish(),
  additional_info: z.object({ error: z.string().nullish() }).nullish(),
});
export type Action = z.infer<typeof action>;

export const actions = z.array(action);

/** `GET /v1/actions`: the only list before 7.4.2. */
export const allActions = z.object({ "state-machines": z.array(action).nullish() });

/** `GET /v1/crdb_tasks/{id}`; the list of running ones has the same objects. */
export const crdbTask = z.object({
  id: z.string(),
  crdb_guid: z.string().nullish(),
  operation: z.string().nullish(),
  status: z.string(),
  errors: z
    .array(
      z.object({
        cluster_name: z.string().nullish(),
        description: z.string().nullish(),
        error_code: z.string().nullish(),
      }),
    )
    .nullish(),
});
export type CrdbTask = z.infer<typeof crdbTask>;

/** `GET /v1/crdb_tasks` */
export const crdbTasks = z.array(crdbTask);

/** `POST /v1/users/authorize` and `/v1/users/refresh_jwt` */
export const tokenResponse = z.object({ access_token: z.string().min(1) });

const taskId = z.string().regex(TASK_ID).nullish();
/** The response to an accepted upgrade request: `action_uid`, or the `id` of a CRDB task. */
export const acceptance = z.object({ action_uid: taskId, id: taskId });

/** All recorded or documented error formats. */
export const failure = z.object({
  error_code: z.union([z.string(), z.number()]).nullish(),
  description: z.string().nullish(),
  message: z.string().nullish(),
  error_message: z.string().nullish(),
  error: z.string().nullish(),
});

/** `GET /v1/users`: only used to check whether it may be read. */
export const userList = z.array(z.unknown());
