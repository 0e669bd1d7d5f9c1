import { copyExample, openEngine } from "../../test/engine";
import { RedisEnterpriseCluster, redisenterprise, ScaledClock, serveRedisEnterprise } from "../../test/simulators";
import { chapter, expect, onLine, say, succeed } from "./story";

/** State machines of seconds instead of minutes. */
const TIMINGS = { pendingMs: 300, stateMs: 400, shardMs: 1_000 };
const UPGRADES = /\/upgrade$/;

/** Consent before anything that can lose data, modules in one call, and an operation of somebody else's. */
export async function showRedisEnterprise(): Promise<void> {
  const cluster = new RedisEnterpriseCluster({
    clock: new ScaledClock(1),
    timings: TIMINGS,
    databases: [
      {
        name: "cache",
        redisVersion: "7.4",
        modules: [
          { name: "search", version: "2.10.8", args: "WORKERS 6" },
          { name: "ReJSON", version: "2.8.4" },
        ],
      },
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
  const calls = () => cluster.journal.count("POST", UPGRADES);
  try {
    say(
      `cluster: ${served.origins.join(", ")}; database cache with search 2.10.8 and ReJSON 2.8.4, sessions on Redis 7.2`,
    );

    chapter("Preview: both modules in one call, with the arguments that they have");
    succeed(await engine.preview({ onLine }));
    expect(calls() === 0, "the preview must not call anything");

    chapter("Up, while somebody changes the configuration of one database: waited for, then upgraded");
    cluster.control.busy(1, { ms: 3_000 });
    succeed(await engine.up({ onLine }));
    expect(calls() === 2, "one upgrade call each was expected");

    chapter("A second up: nothing to do, nothing asked");
    cluster.journal.clear();
    succeed(await engine.up({ onLine }));
    expect(cluster.journal.entries.length === 0, "a pin that holds must cause no request");
    say("requests to the cluster: 0");
  } finally {
    await engine.close();
    await served.close();
    await workspace.close();
  }
}
