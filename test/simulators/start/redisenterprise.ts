import { RedisEnterpriseCluster } from "../redisenterprise/cluster";
import { type ClusterOptions, DEFAULT_PASSWORD, DEFAULT_USER } from "../redisenterprise/options";
import { serveRedisEnterprise } from "../redisenterprise/serve";
import type { Timings } from "../redisenterprise/timings";
import { ScaledClock } from "../shell/clock";
import { endOf, type Running } from "./running";

/** State machines take seconds instead of minutes. */
const BRISK: Partial<Timings> = { pendingMs: 300, stateMs: 300, shardMs: 600 };

/** How {@link startRedisEnterprise} sets up its cluster. */
export interface RedisEnterpriseOptions extends Omit<ClusterOptions, "timings"> {
  /** Default: an upgrade takes some seconds. "plausible": some minutes; "instant": no time at all. */
  readonly timings?: NonNullable<ClusterOptions["timings"]>;
}

/** Connection arguments of `redisenterprise.ModuleVersions` and `redisenterprise.DatabaseVersion`. */
export interface RedisEnterpriseConnection {
  readonly endpoints: string[];
  readonly username: string;
  readonly password: string;
  /** The cluster's certificate, which is valid for its name, not for addresses. */
  readonly caCertificate: string;
  readonly serverName: string;
}

/**
 * Starts a simulated Redis Enterprise Software cluster, one node on each port, with TLS.
 *
 * @example
 * ```ts
 * import { startRedisEnterprise } from "pulumi-dbversion/simulators";
 *
 * const cluster = await startRedisEnterprise({
 *   databases: [{ name: "cache", redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] }],
 * });
 * // … `pulumi up` of a program that declares ModuleVersions with `cluster.connection` and { search: "2.10.17" } …
 * assert.equal(cluster.system.database(1).modules[0]?.version, "2.10.17");
 * await cluster.close();
 * ```
 */
export async function startRedisEnterprise(
  options: RedisEnterpriseOptions = {},
): Promise<Running<RedisEnterpriseCluster, RedisEnterpriseConnection>> {
  const system = new RedisEnterpriseCluster({ timings: BRISK, ...options, clock: new ScaledClock(1) });
  const served = await serveRedisEnterprise(system);
  const { user: username = DEFAULT_USER, password = DEFAULT_PASSWORD } = options;
  const { name: serverName } = system.state;
  const endpoints = [...served.origins];
  return {
    system,
    connection: { endpoints, username, password, caCertificate: served.certificate ?? "", serverName },
    config: {
      plain: { "redisenterprise:endpoints": endpoints.join(","), "redisenterprise:username": username },
      secret: { "redisenterprise:password": password },
    },
    environment: {
      REDIS_ENTERPRISE_URL: endpoints.join(","),
      REDIS_ENTERPRISE_USER: username,
      REDIS_ENTERPRISE_PASSWORD: password,
    },
    ...endOf(served),
  };
}
