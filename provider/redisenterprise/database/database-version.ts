import { z } from "zod";
import { driftOf } from "../../core/kind";
import { type Finding, standingOf, type Upgrade } from "../../core/unit";
import { type Constraint, constraintOf, formatParts, holds, parseVersion, standing } from "../../core/version";
import { type Connect, undiciTransport } from "../../http/undici-transport";
import { activeActiveFinding, moduleCommandNotes } from "../active-active";
import { checkTogether, databaseArguments, sharedArguments } from "../arguments";
import { clusterFindings, consentFinding, impactOf, uncheckedIn } from "../conditions";
import { databaseKind } from "../kind";
import { addedBy, missingCapabilities, remainingOf } from "../modules/catalogue";
import { lacksCapabilities } from "../modules/findings";
import type { SupportedRedis } from "../node";
import type { Seen, SeenDatabase } from "../observe";
import type { Stands, Subject } from "../upgrade-driver";
import { chooseRedis, fatesOf, type RedisArguments, releaseOf, resolved, stays, stepOf } from "./call";
import { autoUpgradeNotes, type Database, type Redis } from "./database";

const inputs = z.strictObject({ ...sharedArguments, ...databaseArguments }).superRefine(checkTogether);

/** `redisenterprise.DatabaseVersion`: the Redis version of a database. */
export function databaseVersion(connect: Connect = undiciTransport) {
  return databaseKind(
    {
      inputs,
      pinned: "redisVersion",
      subject: redisSubject,
      current: ({ database }: Seen) => database?.redis && formatParts(database.redis.full),
      drifted: (args, seen) => {
        const redis = seen.database?.redis;
        if (redis === undefined) return undefined;
        const constraint = resolved(constraintOf(args.redisVersion), seen);
        return driftOf(
          seen.members,
          ({ version }) => standing(version, constraint),
          () => ({ redisVersion: releaseOf(redis) }),
        );
      },
    },
    connect,
  );
}

/** The Redis version of a database. */
export function redisSubject(args: RedisArguments): Subject {
  const constraint = constraintOf(args.redisVersion);
  return {
    pinned: `Redis ${args.redisVersion}`,
    policy: true,
    members: ({ uid, redis }) => (redis === undefined ? [] : [{ name: `bdb:${uid}`, version: redis.full }]),
    unreadable: ({ redis }) => (redis === undefined ? "the database does not report its Redis version" : undefined),
    holds: ({ redis }) =>
      redis !== undefined && constraint.kind !== "latest" && standing(redis.full, constraint) !== "behind",
    stands: (seen) => standsOf(args, constraint, seen),
    reachesTarget: ({ to }) => {
      const version = parseVersion(to);
      return version !== undefined && holds(version, constraint);
    },
  };
}

function standsOf(args: RedisArguments, written: Constraint, seen: SeenDatabase): Stands {
  const constraint = resolved(written, seen);
  const stands = standingOf(seen.members, constraint);
  return stands.standing === "behind" ? { ...stands, upgrade: upgradeOf(args, constraint, seen) } : stands;
}

function upgradeOf(args: RedisArguments, constraint: Constraint, seen: SeenDatabase): Upgrade {
  const { database } = seen;
  const chosen = chooseRedis(constraint, seen, args.redisVersion);
  const target = "code" in chosen ? undefined : chosen;
  const from = database.redis === undefined ? "" : formatParts(database.redis.full);
  const found = [
    activeActiveFinding(database, seen.nodes, "redisVersion"),
    consentFinding(database, args),
    ...("code" in chosen ? [chosen] : targetFindings(args, chosen, seen)),
    ...clusterFindings(seen.nodes, seen.info),
  ];
  return {
    from,
    route: `${from} → ${target === undefined ? args.redisVersion : formatParts(target.full)}`,
    how: [impactOf(database, args), ...(target === undefined ? [] : modulesText(args, target, seen))].join(", "),
    findings: found.filter((finding) => finding !== undefined),
    notes: [
      ...autoUpgradeNotes(database, [constraint]),
      ...(target === undefined ? [] : moduleCommandNotes(database, target)),
    ],
    unchecked: uncheckedIn(seen),
    step: target && stepOf(args, target, seen),
  };
}

/** Reasons why the server would refuse this target, as far as they can be checked. */
function targetFindings(
  { modules }: RedisArguments,
  target: SupportedRedis,
  { database, policy, shipped }: SeenDatabase,
): Finding[] {
  const release = releaseOf(target);
  const findings: Finding[] = [];
  if (policy?.redis_upgrade_policy === "major" && target.major === false) {
    findings.push({
      code: "redis-upgrade-policy",
      property: "redisVersion",
      message: `The cluster's upgrade policy allows only major versions of Redis, and ${release} is not one.`,
      remedy: "Choose a major version, or set redis_upgrade_policy to latest.",
    });
  }
  if (database.flash && release === "8.0") {
    findings.push({
      code: "redis-on-flash",
      property: "redisVersion",
      message: "Redis 8.0 does not support databases with data on flash.",
      remedy: "Choose a later version.",
    });
  }
  if (modules === "keep") return [...findings, ...keptFindings(database, target, shipped)];
  return [
    ...findings,
    ...unsupportedFindings(database, target, shipped),
    ...incapableFindings(database, target, shipped),
  ];
}

/** A module that is kept must run on the target unchanged. */
function keptFindings(database: Database, target: Redis, shipped: Seen["shipped"]): Finding[] {
  const stuck = remainingOf(database, target).filter((loaded) => !stays(loaded, database, target, shipped));
  if (stuck.length === 0) return [];
  return [
    {
      code: "module-cannot-be-kept",
      property: "modules",
      message: `${stuck.map(({ name, text }) => `${name} ${text}`).join(", ")} cannot run on Redis ${releaseOf(target)}.`,
      remedy: "Set `modules` to `bundled`, which lets the server move the modules to the builds that come with it.",
    },
  ];
}

function unsupportedFindings(database: Database, target: Redis, shipped: Seen["shipped"]): Finding[] {
  const unsupported = fatesOf(database, target, shipped).filter((change) => change.unsupported === true);
  if (unsupported.length === 0) return [];
  return [
    {
      code: "module-without-build",
      property: "redisVersion",
      message: `The cluster ships no build of ${unsupported.map(({ loaded }) => loaded.name).join(", ")} for Redis ${releaseOf(target)} that is at least as new as the current one.`,
      remedy: "Choose another version, or install such a build in the cluster.",
    },
  ];
}

/** The server checks the capabilities of the builds only after it has chosen them. */
function incapableFindings(database: Database, target: Redis, shipped: Seen["shipped"]): Finding[] {
  return [
    ...fatesOf(database, target, shipped).flatMap(({ build }) => build ?? []),
    ...addedBy(database, target, shipped),
  ]
    .filter((build) => missingCapabilities(database, build).length > 0)
    .map((build) => ({ ...lacksCapabilities([build], database), property: "redisVersion" }));
}

/** The effect on the modules, by the vendor's documented rules. */
function modulesText(args: RedisArguments, target: Redis, { database, shipped }: SeenDatabase): string[] {
  const keep = args.modules === "keep";
  const moved = keep
    ? remainingOf(database, target)
    : fatesOf(database, target, shipped).map(({ loaded, build }) => ({ ...loaded, text: build?.text ?? loaded.text }));
  const added = addedBy(database, target, shipped).map(({ uid, name, version, text }) => ({
    uid,
    name,
    version,
    text,
    args: "",
  }));
  const note = args.dryRun === true ? [NO_DRY_RUN] : [];
  return [movesOf(database, { modules: [...moved, ...added] }), ...note];
}

const NO_DRY_RUN = "dryRun has no effect: a server that does not support the query would start the upgrade";

/** `search 2.10.17 → 7.99.91, adds bf 8.0.1` */
function movesOf(
  { modules: before }: Pick<Database, "modules">,
  { modules: after }: Pick<Database, "modules">,
): string {
  const moved = (after ?? []).flatMap(({ name, text }) => {
    const was = before?.find((module) => module.name === name);
    return was === undefined || was.text === text ? [] : [`${name} ${was.text} → ${text}`];
  });
  const added = (after ?? []).filter(({ name }) => !before?.some((module) => module.name === name));
  const removed = (before ?? []).filter(({ name }) => !after?.some((module) => module.name === name));
  const all = [...moved, ...listed("adds", added), ...listed("removes", removed)];
  return all.length === 0 ? "modules unchanged" : all.join(", ");
}

/** `adds search 7.99.91, timeseries 8.0.2 and bf 8.0.1` */
function listed(verb: string, modules: readonly { readonly name: string; readonly text: string }[]): string[] {
  const texts = modules.map(({ name, text }) => `${name} ${text}`);
  const last = texts.pop();
  if (last === undefined) return [];
  return [`${verb} ${texts.length === 0 ? last : `${texts.join(", ")} and ${last}`}`];
}
