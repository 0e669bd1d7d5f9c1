import { z } from "zod";
import { driftOf } from "../../core/kind";
import { formatParts, standing } from "../../core/version";
import { undiciTransport } from "../../http/undici-transport";
import { checkTogether, databaseArguments, sharedArguments } from "../arguments";
import { type Connect, databaseKind } from "../kind";
import type { Seen } from "../observe";
import { releaseOf, resolved } from "./call";
import { redisConstraint } from "./database";
import { redisSubject } from "./subject";

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
