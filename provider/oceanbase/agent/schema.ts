import { z } from "zod";

/** Schemas of obshell's responses, limited to the fields that are read. Unknown fields are ignored. */

/** Go writes a nil slice as `null`. */
const list = <T extends z.ZodType>(item: T) =>
  z.object({ contents: z.array(item).nullable() }).transform((data) => data.contents ?? []);

/** The envelope of every response. `error.errCode` was added in 4.3.1.0; older servers have only `error.code`. */
export const envelope = z.object({
  successful: z.boolean(),
  timestamp: z.string().optional(),
  status: z.number(),
  data: z.unknown().optional(),
  error: z.object({ code: z.number().optional(), errCode: z.string().optional(), message: z.string() }).optional(),
});

/** `GET /api/v1/secret`. */
export const secret = z.object({ ip: z.string(), port: z.number(), public_key: z.string().min(1) });

/** `GET /api/v1/info`. 4.2.3.0 has neither `supportedAuth` nor `architecture`. */
export const agentInfo = z.object({
  identity: z.string(),
  version: z.string(),
  homePath: z.string(),
  architecture: z.string().optional(),
  /** Whether an agent password is set (4.2.6.0 and later). */
  security: z.boolean().optional(),
  supportedAuth: z.array(z.string()).nullish(),
});
export type AgentInfo = z.infer<typeof agentInfo>;

const server = z.object({
  svr_ip: z.string(),
  svr_port: z.number(),
  /** 0 where the cluster knows of no agent beside the observer. */
  agent_port: z.number().optional(),
  /** `STOPPED` while it is out of service; otherwise as in `DBA_OB_SERVERS`. */
  status: z.string().optional(),
  build_version: z.string(),
});

/** `GET /api/v1/ob/info`. Without OceanBase the topology is null, and the other cluster fields are invalid. */
export const obInfo = z.object({
  agent_info: z.array(z.object({ ip: z.string(), port: z.number(), version: z.string() })).nullable(),
  obcluster_info: z.object({
    id: z.number().optional(),
    name: z.string().optional(),
    is_shared_storage: z.boolean().optional(),
    topology: z.record(z.string(), z.array(server)).nullish(),
  }),
});
export type ObInfo = z.infer<typeof obInfo>;

/** `obState` of an agent that can use its observer; lower when the observer does not run or accepts no connection. */
export const OBSERVER_AVAILABLE = 3;

/** `GET /api/v1/status`, for this agent only. */
export const agentStatus = z.object({ obState: z.number() });

/** `GET /api/v1/agents/status`: by `ip:port`; agents that did not respond are missing. */
export const agentsStatus = z.record(z.string(), z.object({ state: z.number(), obState: z.number() }));
export type AgentsStatus = z.infer<typeof agentsStatus>;

export const uploadedPackage = z.object({
  name: z.string(),
  version: z.string(),
  /** Build and distribution: `102000042025031214.el7`. */
  release_distribution: z.string(),
  architecture: z.string(),
  /** `oceanbase_upgrade_dep.yml`. The field exists, but no known server fills it. */
  upgrade_dep_yaml: z.string().nullish(),
});
export type UploadedPackage = z.infer<typeof uploadedPackage>;
/** `GET /api/v1/upgrade/package/info`, since 4.3.0.0. */
export const uploadedPackages = list(uploadedPackage);

/** `GET /api/v1/obcluster/info`, since 4.3.0.0; only the fields that `ob/info` lacks. */
export const clusterInfo = z.object({
  zones: z
    .array(
      z.object({
        name: z.string().optional(),
        /** As in `DBA_OB_ZONES`; empty while OceanBase is down. */
        inner_status: z.string().optional(),
        servers: z.array(z.object({ architecture: z.string().optional() })).nullish(),
      }),
    )
    .nullish(),
});
export type ClusterInfo = z.infer<typeof clusterInfo>;

const subTask = z.object({
  name: z.string(),
  state: z.string(),
  execute_agent: z.object({ ip: z.string(), port: z.number() }).optional(),
  task_logs: z.array(z.string()).nullish(),
});

const node = z.object({
  name: z.string(),
  state: z.string(),
  sub_tasks: z.array(subTask).nullish(),
});
export type DagNode = z.infer<typeof node>;

/**
 * A DAG: an upgrade task of obshell. `maintenance_type` was added in 4.3.1.0 and can appear while a DAG is in progress.
 */
export const dag = z.object({
  /** A generic id, up to 39 digits or more: always a string. A request with any other id is rejected. */
  id: z.string().regex(/^\d+$/, "is not an id of a task"),
  name: z.string(),
  stage: z.number(),
  max_stage: z.number(),
  maintenance_type: z.number().optional(),
  state: z.string(),
  operator: z.string(),
  nodes: z.array(node).nullish(),
});
export type Dag = z.infer<typeof dag>;

/** The same, limited to the names of its stages: a complete long DAG is 10 kB and more. */
export const dagStages = z.object({ nodes: z.array(z.object({ name: z.string() })).nullish() });
export type DagStages = z.infer<typeof dagStages>;

/** `GET /api/v1/task/dag/ob/unfinish`. A failed maintenance DAG stays in it. */
export const dags = list(dag);

/** `GET /api/v1/tenants/overview`, since 4.2.4.0: no meta tenant, none in the recycle bin. */
export const tenantList = list(z.object({ tenant_name: z.string() }));

const backupJob = z.object({
  status: z.string(),
  /** RFC 3339, in the time zone of the agent's host; absent while in progress. */
  end_timestamp: z.string().nullish(),
});
export type BackupJob = z.infer<typeof backupJob>;

/** `GET /api/v1/tenant/{name}/backup/tasks`, since 4.3.2.0. */
export const backupJobs = z.object({
  contents: z.array(backupJob).nullable(),
  page: z.object({ total_pages: z.number() }),
});

/** `10.0.0.1:2886` or `[fd00::1]:2886`: obshell's format of an agent address, as map key and in messages. */
export function addressOf(ip: string, port: number | undefined): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
