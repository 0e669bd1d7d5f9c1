import type { Constraint } from "../../core/constraint";
import type { Json, Step } from "../../core/request";
import type { Finding } from "../../core/unit";
import { formatParts } from "../../core/version";
import { crdbCallOf } from "../active-active";
import type { Seen } from "../look";
import { softwareAtLeast } from "../node";
import { consentBody } from "../protection";
import { NOT_READ } from "../subject";
import { chooseRedis, releaseOf } from "./choice";
import type { Database } from "./database";

export interface RedisArguments {
  readonly redisVersion: string;
  readonly modules?: "bundled" | "keep" | undefined;
  readonly parallelShards?: number | undefined;
  readonly keepCrdtProtocolVersion?: boolean | undefined;
  readonly preserveRoles?: boolean | undefined;
  readonly mayDiscardData?: boolean | undefined;
  /**
   * Accepted but ignored: no released server is known to support a dry run, and one that ignores the query parameter
   * would start the upgrade.
   */
  readonly dryRun?: boolean | undefined;
}

type Body = { readonly [key: string]: Json | undefined };

/** Since this version, modules are upgraded to the latest by default. */
const LATEST_BY_DEFAULT_SINCE = "7.8.2";

export function stepOf(args: RedisArguments, constraint: Constraint, seen: Seen): Step | Finding {
  const { database, nodes } = seen;
  const target = chooseRedis(constraint, seen, args.redisVersion);
  if ("code" in target || database === undefined) return "code" in target ? target : NOT_READ;
  const path = crdbCallOf(database, nodes) ?? `/v1/bdbs/${database.uid}/upgrade`;
  const { parallelShards, keepCrdtProtocolVersion } = args;
  const item = {
    redis_version: releaseOf(target),
    ...consentBody(args),
    ...(parallelShards === undefined ? {} : { parallel_shards_upgrade: parallelShards }),
    ...(keepCrdtProtocolVersion === undefined ? {} : { keep_crdt_protocol_version: keepCrdtProtocolVersion }),
    ...modulesPart(args, database, seen),
  };
  const from = database.redis === undefined ? "" : formatParts(database.redis.full);
  return { unit: `bdb:${database.uid}`, from, to: releaseOf(target), method: "POST", path, item };
}

/**
 * The modules part of the request. The server upgrades unlisted modules, with their arguments, to the builds bundled
 * with the target, so none is listed. `keep` uses a key that the CRDB API does not have. There, every module is listed
 * with its current build, with all three documented keys, because none of them has a documented default.
 */
function modulesPart(args: RedisArguments, database: Database, seen: Seen): Body {
  const keep = args.modules === "keep";
  if (crdbCallOf(database, seen.nodes) === undefined) {
    const byDefault = !keep && softwareAtLeast(seen.nodes, LATEST_BY_DEFAULT_SINCE);
    return byDefault ? {} : { latest_with_modules: !keep };
  }
  if (!keep || !database.modules?.length) return {};
  return {
    modules: database.modules.map(({ uid, args: has }) => ({
      current_module: uid,
      new_module: uid,
      new_module_args: has,
    })),
  };
}
