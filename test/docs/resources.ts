/** A resource type, and what its page tells of. */
export interface Resource {
  /** File in `sdk/` and room in `provider/`. */
  readonly vendor: string;
  /** Its class. */
  readonly name: string;
  readonly page: string;
  /** Statuses, states and error codes that every type declares and that this one never shows. */
  readonly without: readonly string[];
}

/** Only TaurusDB's calls wait for a window. */
const WINDOWS = ["deferred", "withdrawn", "window", "tasks"];
/** Only obshell undoes an upgrade. */
const UNDOING = ["rolled-back"];

export const RESOURCES: readonly Resource[] = [
  resource("oceanbase", "ClusterVersion", "oceanbase-cluster-version", WINDOWS),
  resource("oceanbase", "AgentVersion", "oceanbase-agent-version", WINDOWS),
  resource("taurusdb", "KernelVersion", "taurusdb-kernel-version", UNDOING),
  resource("taurusdb", "StarRocksVersion", "taurusdb-starrocks-version", [...UNDOING, "tasks"]),
  resource("redisenterprise", "ModuleVersions", "redisenterprise-module-versions", [...WINDOWS, ...UNDOING]),
  resource("redisenterprise", "DatabaseVersion", "redisenterprise-database-version", [...WINDOWS, ...UNDOING]),
];

function resource(vendor: string, name: string, page: string, without: readonly string[]): Resource {
  return { vendor, name, page: `docs/resources/${page}.md`, without };
}

/** `oceanbase.ClusterVersion` */
export function titleOf({ vendor, name }: Resource): string {
  return `${vendor}.${name}`;
}
