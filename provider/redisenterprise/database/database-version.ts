import { z } from "zod";
import { standing } from "../../core/constraint";
import { driftOf } from "../../core/drift";
import { formatParts } from "../../core/version";
import { undiciTransport } from "../../http/undici-transport";
import { checkTogether, flag, sharedArguments } from "../arguments";
import { type Connect, databaseKind } from "../kind";
import type { Seen } from "../look";
import { releaseOf, resolved } from "./choice";
import { redisConstraint, redisVersion } from "./redis";
import { redisSubject } from "./subject";

const SHARDS = "must be how many shards are upgraded at a time, a whole number such as 2";

const inputs = z
  .strictObject({
    ...sharedArguments,
    redisVersion,
    modules: z.enum(["bundled", "keep"], { error: 'must be "bundled" or "keep"' }).optional(),
    parallelShards: z.int({ error: SHARDS }).min(1, SHARDS).optional(),
    keepCrdtProtocolVersion: flag.optional(),
    dryRun: flag.optional(),
  })
  .superRefine(checkTogether);

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
        const constraint = resolved(redisConstraint(args.redisVersion), seen);
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
