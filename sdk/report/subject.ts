/** What is particular to one resource type, in the words of its vendor. */
export interface Subject {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly system: string;
  /** What is pinned. */
  readonly title: string;
  /** What one member is called. */
  readonly member: string;
  /** The argument that says which version shall run. */
  readonly pinned: readonly string[];
}

const OCEANBASE = "OceanBase";
const TAURUSDB = "TaurusDB";
const REDIS = "Redis Enterprise";

const SUBJECTS: readonly Subject[] = [
  { type: "oceanbase:ClusterVersion", system: OCEANBASE, title: "Cluster", member: "Observer", pinned: ["version"] },
  { type: "oceanbase:AgentVersion", system: OCEANBASE, title: "obshell agents", member: "Agent", pinned: ["version"] },
  { type: "taurusdb:KernelVersion", system: TAURUSDB, title: "Kernel", member: "Instance", pinned: ["version"] },
  { type: "taurusdb:StarRocksVersion", system: TAURUSDB, title: "StarRocks", member: "Instance", pinned: ["version"] },
  { type: "redisenterprise:ModuleVersions", system: REDIS, title: "Modules", member: "Module", pinned: ["modules"] },
  {
    type: "redisenterprise:DatabaseVersion",
    system: REDIS,
    title: "Database",
    member: "Database",
    pinned: ["redisVersion"],
  },
];

const SYSTEMS: Readonly<Record<string, string>> = { oceanbase: OCEANBASE, taurusdb: TAURUSDB, redisenterprise: REDIS };
const TOKEN = /^pulumi-nodejs:dynamic\/((oceanbase|taurusdb|redisenterprise):([^:/$]+))$/;

/** The subject of a Pulumi type; undefined when the type is none of this package. One that is newer than this is generic. */
export function subjectOf(token: string): Subject | undefined {
  const [, type, namespace = "", title = ""] = TOKEN.exec(token) ?? [];
  if (type === undefined) return undefined;
  const system = SYSTEMS[namespace] ?? namespace;
  const generic = { type, system, title, member: "Member", pinned: ["version", "redisVersion", "modules"] };
  return SUBJECTS.find((subject) => subject.type === type) ?? generic;
}

/** The arguments that say where a database is, with the words for them. */
export const PLACES: readonly (readonly [argument: string, label: string])[] = [
  ["databaseName", "Database name"],
  ["databaseId", "Database uid"],
  ["instanceIds", "Instances"],
  ["instanceId", "TaurusDB instance"],
  ["starRocksInstanceId", "StarRocks instance"],
  ["region", "Region"],
  ["projectId", "Project"],
  ["endpoint", "Endpoint"],
  ["endpoints", "Endpoints"],
];
