import { copyExample, openEngine } from "../../test/engine";
import { RedisEnterpriseCluster, redisenterprise, ScaledClock, serveRedisEnterprise } from "../../test/simulators";
import type { Stage } from "./stage";

/** State machines take seconds instead of minutes. */
const TIMINGS = { pendingMs: 300, stateMs: 800, shardMs: 2_000 };
const UPGRADE = /\/upgrade$/;
/** The uid of the database `cache`. */
const CACHE = 1;
const OLD_SEARCH = { name: "search", version: "2.10.8", args: "WORKERS 6" };

export async function openRedisEnterprise(): Promise<Stage> {
  const cluster = new RedisEnterpriseCluster({
    clock: new ScaledClock(1),
    timings: TIMINGS,
    databases: [
      { name: "cache", redisVersion: "7.4", modules: [OLD_SEARCH, { name: "ReJSON", version: "2.8.4" }] },
      { name: "sessions", redisVersion: "7.2" },
    ],
  });
  const served = await serveRedisEnterprise(cluster);
  const workspace = await copyExample("redis-enterprise");
  const engine = await openEngine({
    dir: workspace.dir,
    config: {
      endpoints: JSON.stringify(served.origins),
      caCertificate: served.certificate ?? "",
      serverName: "cluster.local",
      "redisenterprise:username": redisenterprise.DEFAULT_USER,
    },
    secrets: { "redisenterprise:password": redisenterprise.DEFAULT_PASSWORD },
  });
  return {
    title:
      "Redis Enterprise: a simulated cluster; database cache with search 2.10.8 and ReJSON 2.8.4, sessions on Redis 7.2.",
    engine,
    resource: "cache-modules",
    target: "2.10.17",
    upgrades: () => cluster.journal.count("POST", UPGRADE),
    requests: () => cluster.journal.entries.length,
    forget: () => cluster.journal.clear(),
    setBack: () => {
      cluster.control.setModule(CACHE, OLD_SEARCH);
      return "The module search of the database cache is back on 2.10.8.";
    },
    hold: () => cluster.control.hang({ database: CACHE, state: "wait_for_version" }),
    held: /SMUpgradeBDB: wait_for_version/,
    release: () => cluster.control.unhang(CACHE),
    fail: () => {
      const error = "shard did not come up with the expected version";
      cluster.control.fail({ database: CACHE, error });
      return error;
    },
    repair: () => {
      cluster.control.retry(CACHE);
      return `After the cause was fixed, an operator runs \`rlutil retry_bdb bdb=${CACHE}\`, and \`up\` waits for that.`;
    },
    close: async () => {
      await engine.close();
      await served.close();
      await workspace.close();
    },
  };
}
