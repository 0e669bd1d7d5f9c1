import { atLeast } from "./version";

/** First version of Redis Enterprise Software that has a feature (Redis Enterprise facts §1.2, §2). */
const SINCE = {
  actionsOfDatabase: "7.4.2",
  latestModulesByDefault: "7.8.2",
  compatibleRedisVersion: "7.8.2",
  v2Actions: "7.22.0",
  /** A module that declares no `compatible_redis_version` runs on the major version of its `min_redis_version` alone. */
  sameMajor: "8.0.0",
  /** `min_redis_pack_version`, `platforms` and more left the module object. */
  leanModuleObject: "8.0.0",
  extendedDatabase: "8.0.0",
  crdbUpgrade: "8.0.18",
  basicAuthenticationSwitch: "8.2.0",
  scopedRoles: "8.2.0",
} as const;

export type Feature = keyof typeof SINCE;

export function has(feature: Feature, softwareVersion: string): boolean {
  return atLeast(softwareVersion, SINCE[feature]);
}

/** The build whose responses were recorded: an 8.0-era build with its own version scheme. */
export const RECORDED_BUILD = "100.0.21-16135";

interface BuildRow {
  readonly since: string;
  /** Redis versions it includes, the default last. */
  readonly redis: readonly string[];
  /** Added to the patch number of the recorded modules, so that a newer build has newer modules. */
  readonly patch: number;
}

/** Redis Enterprise facts §2.8; the patch offsets are made up. */
const BUILDS: readonly BuildRow[] = [
  { since: "0", redis: ["6.0", "6.2", "7.2"], patch: -9 },
  { since: "7.8.2", redis: ["6.2", "7.2", "7.4"], patch: -5 },
  { since: "7.22.0", redis: ["6.2", "7.2", "7.4"], patch: -3 },
  { since: "8.0.2", redis: ["6.2", "7.2", "7.4", "8.0", "8.2"], patch: 1 },
  { since: "8.0.10", redis: ["6.2", "7.2", "7.4", "8.0", "8.2", "8.4"], patch: 2 },
  { since: "8.0.18", redis: ["6.2", "7.2", "7.4", "8.0", "8.2", "8.4", "8.6"], patch: 3 },
  { since: "8.2.0", redis: ["6.2", "7.2", "7.4", "8.0", "8.2", "8.4", "8.6"], patch: 4 },
  { since: "100.0.0", redis: ["6.2", "7.2", "7.4", "8.0"], patch: 0 },
];

const OLDEST: BuildRow = { since: "0", redis: ["7.2"], patch: 0 };

export function buildOf(softwareVersion: string): BuildRow {
  return BUILDS.findLast((row) => atLeast(softwareVersion, row.since)) ?? OLDEST;
}

/** A Redis version that a node can run. */
export interface SupportedVersion {
  /** "7.4" */
  readonly redisVersion: string;
  /** "7.4.2" */
  readonly version: string;
  readonly major: boolean;
}

/** Full versions; those of 6.2 to 8.0 are recorded, the others are made up. */
const FULL: Readonly<Record<string, string>> = { "6.0": "6.0.20", "6.2": "6.2.13", "7.2": "7.2.7", "7.4": "7.4.2" };

export function fullVersion(redisVersion: string): string {
  return FULL[redisVersion] ?? `${redisVersion}.0`;
}

export function supportedBy(softwareVersion: string): SupportedVersion[] {
  return buildOf(softwareVersion).redis.map((redisVersion) => ({
    redisVersion,
    version: fullVersion(redisVersion),
    major: true,
  }));
}

export function defaultRedis(softwareVersion: string): string {
  return buildOf(softwareVersion).redis.at(-1) ?? "7.2";
}
