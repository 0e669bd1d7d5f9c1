import { createHash } from "node:crypto";
import { buildOf, has, RECORDED_BUILD } from "./builds";
import type { ModuleState } from "./state";
import { majorMinor, numbersOf } from "./version";

/** Everything a module of the recorded build can do (Redis Enterprise facts §5). */
export const CAPABILITIES = [
  "types",
  "replica_of",
  "failover_migrate",
  "persistence_aof",
  "persistence_rdb",
  "clustering",
  "backup_restore",
  "reshard_rebalance",
  "flash",
  "crdb",
  "eviction_expiry",
  "hash_policy",
  "intershard_tls",
  "intershard_tls_pass",
  "ipv6",
] as const;

/** The names with which modules came to every database of Redis 8 (Redis Enterprise facts §2.3). */
export const BUNDLED_AT_8 = ["search", "timeseries", "bf", "ReJSON"] as const;
export const BUNDLED_AT_8_ON_FLASH: readonly string[] = ["ReJSON", "bf"];

const DISPLAY: Readonly<Record<string, readonly [display: string, capability: string]>> = {
  bf: ["RedisBloom", "Probabilistic"],
  search: ["RediSearch 2", "Search and query"],
  ReJSON: ["RedisJSON", "JSON"],
  timeseries: ["RedisTimeSeries", "Time series"],
};

/** name, version, Redis it came with, `compatible_redis_version`, `min_redis_version`, uid, arguments. */
type Row = readonly [string, string, string, string, string, string, string?];

/** All sixteen modules of the recorded build (Redis Enterprise facts §2.5). */
const RECORDED: readonly Row[] = [
  ["bf", "8.0.1", "8.0", "8.0", "7.4", "b14385b09778a335835ee3ae380bbc77"],
  ["bf", "2.8.7", "7.4", "7.4", "7.4", "567f47c6f755187e9fda49be4b77d379"],
  ["bf", "2.6.18", "7.2", "7.2", "7.1", "3ad494ef63ee40d6352417a1270576ab"],
  ["bf", "2.4.15", "6.2", "6.2", "6.0", "8ab1b35cf8ee6384489efb9bab3b0f48"],
  ["search", "7.99.91", "8.0", "8.0", "8.0", "4e6efe7fa848e35cbae142dd1e4564a2"],
  ["search", "2.10.17", "7.4", "7.4", "7.4", "b212cb64b206074750414b81d9fb1135"],
  ["search", "2.8.26", "7.2", "", "7.1", "7f976c52f927ad1d0a2921fe349f01f5", "PARTITIONS AUTO"],
  ["search", "2.6.29", "6.2", "", "6.0.7", "2536126fd6a2bb27b8e9a95f13fab8e6", "PARTITIONS AUTO"],
  ["ReJSON", "7.99.3", "8.0", "8.0", "7.1", "259bc961ae0ed766d6294bcdb7af9039"],
  ["ReJSON", "2.8.10", "7.4", "7.4", "7.4", "3a82b335f9fede93926e1e3504a91326"],
  ["ReJSON", "2.6.17", "7.2", "7.2", "7.1", "e498441c107b69c94feae975a9f78330"],
  ["ReJSON", "2.4.13", "6.2", "6.2", "6.0", "be851e0bbb15da3d142da356bfc5c138"],
  ["timeseries", "8.0.2", "8.0", "8.0", "8.0", "891142de155df09c6739543b422178f4"],
  ["timeseries", "1.12.7", "7.4", "7.4", "7.4", "5c5a760cc60b20adc6a1615a3f575d02"],
  ["timeseries", "1.10.18", "7.2", "7.2", "7.1", "9915de6cd3a80631634f7cb352843b8e"],
  ["timeseries", "1.8.18", "6.2", "6.2", "6.0", "61a103baf5d5f45296ce4e00b1642374"],
];

export interface ModuleSpec {
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  /** 32 hexadecimal digits. Default: recorded for recorded modules, else made from name and version. */
  readonly uid?: string;
  /** "" (default) falls back to `minRedisVersion` and the same major version. */
  readonly compatibleRedisVersion?: string;
  readonly minRedisVersion?: string;
  readonly minRedisPackVersion?: string;
  readonly capabilities?: readonly string[];
  readonly commandLineArgs?: string;
  readonly bigstoreVersion2?: boolean;
  readonly bundled?: boolean;
}

/** The uid of a module, whether or not a cluster has it. */
export function uidOf(name: string, version: string): string {
  const recorded = RECORDED.find((row) => row[0] === name && row[1] === version);
  return recorded?.[5] ?? createHash("md5").update(`${name}@${version}`).digest("hex");
}

export function makeModule(spec: ModuleSpec): ModuleState {
  const [displayName, capabilityName] = DISPLAY[spec.name] ?? [spec.name, spec.name];
  return {
    uid: spec.uid ?? uidOf(spec.name, spec.version),
    name: spec.name,
    displayName,
    capabilityName,
    version: spec.version,
    compatibleRedisVersion: spec.compatibleRedisVersion ?? "",
    minRedisVersion: spec.minRedisVersion ?? "6.0",
    minRedisPackVersion: spec.minRedisPackVersion ?? "6.0.8",
    capabilities: [...(spec.capabilities ?? CAPABILITIES)],
    commandLineArgs: spec.commandLineArgs ?? "",
    bigstoreVersion2: spec.bigstoreVersion2 ?? false,
    bundled: spec.bundled ?? false,
  };
}

/** The bundled modules of a build: one version of each module for each Redis version (Redis Enterprise facts §0). */
export function modulesOf(softwareVersion: string): ModuleState[] {
  const { redis } = buildOf(softwareVersion);
  const rows = [...RECORDED, ...redis.flatMap(newerThanRecorded)];
  return rows
    .filter((row) => redis.includes(row[2]))
    .map((row) => {
      const [name, version, , compatible, minRedisVersion, , commandLineArgs = ""] = row;
      return makeModule({
        name,
        version: softwareVersion === RECORDED_BUILD ? version : patched(version, softwareVersion),
        compatibleRedisVersion: has("compatibleRedisVersion", softwareVersion) ? compatible : "",
        minRedisVersion,
        commandLineArgs,
        bundled: true,
      });
    });
}

function newerThanRecorded(redis: string): Row[] {
  if (!["8.2", "8.4", "8.6"].includes(redis)) return [];
  return BUNDLED_AT_8.map((name): Row => [name, `${redis}.0`, redis, redis, "8.0", ""]);
}

function patched(version: string, softwareVersion: string): string {
  const patch = (numbersOf(version)[2] ?? 0) + buildOf(softwareVersion).patch;
  return `${majorMinor(version)}.${Math.max(0, patch)}`;
}
