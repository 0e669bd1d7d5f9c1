import { queryOf } from "../shell/http";
import { type Call, databaseRefusal, requireCluster, requireDatabase, server } from "./call";
import { rfc3339 } from "./envelope";
import { Refusal } from "./errors";
import type { AgentState, BackupJobState, ClusterState, TenantState } from "./state";
import { holdsDatabase, isUp } from "./world";

/** Tenants and their backups (obshell `api/tenant_handler.go`, `api/backup_route.go`, `service/tenant/backup.go`). */

const SYS = "sys";
const EVERYTHING = 2_147_483_647;
const SORTED_BY: readonly string[] = ["start_timestamp", "end_timestamp"];

export interface BackupSpec {
  /** Default: one minute before its end. */
  readonly startedAt?: number;
  /** Default: now. With a later time, it runs until then. */
  readonly endsAt?: number;
  /** Its final status. Default COMPLETED. */
  readonly status?: BackupJobState["status"];
  readonly type?: BackupJobState["type"];
}

/** A tenant of a new cluster. */
export function tenant(name: string, id: number, createdAt: number): TenantState {
  return { id, name, createdAt, backups: [] };
}

export function insertBackup(state: ClusterState, name: string, spec: BackupSpec, now: number): BackupJobState {
  const found = state.tenants?.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no tenant ${name}`);
  const { endsAt = now, status = "COMPLETED", type = "FULL" } = spec;
  const startedAt = spec.startedAt ?? Math.min(endsAt, now) - 60_000;
  const job: BackupJobState = { id: found.backups.length + 1, type, startedAt, endsAt, status };
  found.backups.push(job);
  return job;
}

export function runningBackups({ tenants = [] }: ClusterState, now: number): number {
  return tenants.flatMap(({ backups }) => backups).filter(({ endsAt }) => endsAt > now).length;
}

/** An agent without its database forwards it to one that has it. Tenants in the recycle bin and meta tenants are omitted. */
export function getTenants(call: Call): unknown {
  const { state } = call.world;
  const relay = state.agents.find((agent) => agent !== call.agent && isUp(agent) && holdsDatabase(agent));
  requireCluster(call);
  const without = databaseRefusal(call) !== undefined;
  if (without && relay === undefined) requireDatabase(call);
  const agent = without && relay !== undefined ? relay : call.agent;
  return allTenants(state, call.now).map((one) => ({
    ...tenantView(one),
    ...(server(call, "connectionStrings") ? { connection_strings: connectionStrings(agent, one.name) } : {}),
  }));
}

/** `tenants` of GET obcluster/info. */
export function viewTenants(state: ClusterState, agent: AgentState, now: number): unknown {
  return allTenants(state, now).map((one) => ({
    ...tenantView(one),
    charset: "utf8mb4",
    collation: "utf8mb4_general_ci",
    whitelist: "%",
    pools: [],
    time_zone: "+08:00",
    lower_case_table_names: "1",
    dead_lock_detection_enabled: true,
    connection_strings: connectionStrings(agent, one.name),
  }));
}

/** What both lists show of a tenant. */
function tenantView({ id, name, createdAt }: TenantState) {
  return {
    tenant_id: id,
    tenant_name: name,
    mode: "MYSQL",
    status: "NORMAL",
    locked: "NO",
    primary_zone: "RANDOM",
    locality: "FULL{1}@zone1",
    in_recyclebin: "NO",
    created_time: rfc3339(createdAt),
    read_only: false,
    comment: "",
  };
}

function allTenants({ tenants = [] }: ClusterState, now: number): readonly TenantState[] {
  return [tenant(SYS, 1, tenants[0]?.createdAt ?? now), ...tenants];
}

/** How to reach the tenant through the agent's own server. */
function connectionStrings({ ip, observer }: AgentState, name: string): unknown {
  const text = `obclient -h${ip} -P${observer.sqlPort} -uroot@${name} -p`;
  return [{ type: "DIRECT", obproxy_address: "", obproxy_port: 0, connection_string: text }];
}

export function getBackupTasks(call: Call): unknown {
  requireCluster(call);
  const name = decodeURIComponent(call.params["name"] ?? "");
  if (name === SYS) throw new Refusal("OB.Tenant.SysOperationNotAllowed");
  requireDatabase(call);
  const found = call.world.state.tenants?.find((one) => one.name === name);
  if (found === undefined) throw new Refusal("OB.Tenant.NotExist", { args: [name] });
  const query = queryOf(call.request.target);
  const page = unsigned(query.get("page"), 1);
  const size = unsigned(query.get("size"), EVERYTHING);
  const statuses = (query.get("status") ?? "").toUpperCase();
  const rows = found.backups
    .map((job) => viewOf(found, job, call.now))
    .filter(({ status }) => statuses === "" || statuses.split(",").includes(status));
  sort(rows, query.get("sort") ?? "");
  return {
    contents: rows.slice((page - 1) * size, page * size),
    page: { total_elements: rows.length, total_pages: Math.ceil(rows.length / size), size, number: page },
  };
}

type Row = ReturnType<typeof viewOf>;

/** A running job has no end. */
function viewOf({ id }: TenantState, job: BackupJobState, now: number) {
  const runs = job.endsAt > now;
  const failed = !runs && job.status === "FAILED";
  return {
    tenant_id: id,
    job_id: job.id,
    backup_set_id: job.id,
    plus_archivelog: "OFF",
    backup_type: job.type,
    start_timestamp: rfc3339(job.startedAt),
    ...(runs ? {} : { end_timestamp: rfc3339(job.endsAt) }),
    status: runs ? "DOING" : job.status,
    result: failed ? 4016 : 0,
    comment: failed ? "server: 10.77.0.2:2882" : "",
    description: "",
    path: "file:///backup/data",
  };
}

/** Go's zero is "not given"; text that is no number is refused. */
function unsigned(text: string | null, otherwise: number): number {
  if (text === null || text === "") return otherwise;
  if (!/^\d+$/.test(text)) {
    throw new Refusal("Common.Unexpected", { args: [`strconv.ParseUint: parsing "${text}": invalid syntax`] });
  }
  return Number(text) || otherwise;
}

/** `start_timestamp,desc`, which is also what anything else is read as. A job without that time stands last. */
function sort(rows: Row[], text: string): void {
  const [by = "", order] = text.split(",");
  const key = SORTED_BY.includes(by) && by === "end_timestamp" ? "end_timestamp" : "start_timestamp";
  const sign = order === "asc" ? 1 : -1;
  rows.sort((a, b) => {
    const [one, other] = [a[key], b[key]];
    if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? 1 : -1;
    return sign * (Date.parse(one) - Date.parse(other));
  });
}
