/** A resource type and its page. */
export interface Resource {
  /** File in `sdk/` and folder in `provider/`. */
  readonly vendor: string;
  /** Its class. */
  readonly name: string;
  readonly page: string;
  /** Statuses, states and error codes that every type declares and that this one never shows. */
  readonly without: readonly string[];
}

/** Only TaurusDB schedules upgrades for a maintenance window. */
const SCHEDULING = ["deferred", "withdrawn", "window", "tasks"];
/** Only obshell rolls an upgrade back. */
const ROLLBACK = ["rolled-back"];

export const RESOURCES: readonly Resource[] = [
  resource("oceanbase", "ClusterVersion", "oceanbase-cluster-version", SCHEDULING),
  resource("oceanbase", "AgentVersion", "oceanbase-agent-version", SCHEDULING),
  resource("taurusdb", "KernelVersion", "taurusdb-kernel-version", ROLLBACK),
  resource("taurusdb", "StarRocksVersion", "taurusdb-starrocks-version", [...ROLLBACK, "tasks"]),
  resource("redisenterprise", "ModuleVersions", "redisenterprise-module-versions", [...SCHEDULING, ...ROLLBACK]),
  resource("redisenterprise", "DatabaseVersion", "redisenterprise-database-version", [...SCHEDULING, ...ROLLBACK]),
];

function resource(vendor: string, name: string, page: string, without: readonly string[]): Resource {
  return { vendor, name, page: `docs/resources/${page}.md`, without };
}

/** `oceanbase.ClusterVersion` */
export function titleOf({ vendor, name }: Resource): string {
  return `${vendor}.${name}`;
}
