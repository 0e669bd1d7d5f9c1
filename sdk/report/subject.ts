/** The terms for one resource type, as its vendor uses them. */
export interface Subject {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly system: string;
  /** The managed component. */
  readonly title: string;
  /** The name for one member. */
  readonly member: string;
  /** The argument with the target version. */
  readonly pinned: readonly string[];
}

const OCEANBASE = "OceanBase";
const TAURUSDB = "TaurusDB";
const REDIS = "Redis Enterprise";

/** By the namespace of their types. */
const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ["oceanbase", OCEANBASE],
  ["taurusdb", TAURUSDB],
  ["redisenterprise", REDIS],
]);

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

const TOKEN = /^pulumi-nodejs:dynamic\/(([a-z]+):([^:/$]+))$/;

/** The subject of a Pulumi type; undefined for types of other packages. Unknown types of this package get generic terms. */
export function subjectOf(token: string): Subject | undefined {
  const [, type, namespace = "", title = ""] = TOKEN.exec(token) ?? [];
  const system = SYSTEMS.get(namespace);
  if (type === undefined || system === undefined) return undefined;
  const generic = { type, system, title, member: "Member", pinned: ["version", "redisVersion", "modules"] };
  return SUBJECTS.find((subject) => subject.type === type) ?? generic;
}

/** The arguments that locate a database, with their labels. */
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
