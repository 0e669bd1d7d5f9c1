/**
 * `npm run demo`: shows the product. Starts simulated databases, runs the example programs against them through the Pulumi
 * CLI if there is one and the local engine otherwise, and stops everything it started.
 */
import { showOceanBase } from "./demo/oceanbase";
import { showRedisEnterprise } from "./demo/redis-enterprise";
import { chapter, say } from "./demo/story";
import { showTaurusDB } from "./demo/taurusdb";

async function main(): Promise<void> {
  const began = performance.now();
  chapter("OceanBase: a cluster and its agents");
  await showOceanBase();
  chapter("TaurusDB: instances in a batch, and StarRocks");
  await showTaurusDB();
  chapter("Redis Enterprise: modules, and Redis itself");
  await showRedisEnterprise();
  say(`done in ${Math.round((performance.now() - began) / 1_000)} s`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
