import { type ClusterOptions, ObshellCluster, RedisEnterpriseCluster, TaurusCloud, taurusdb } from "../simulators";
import type { VirtualClock } from "../support/virtual-clock";

export const SECRETS = {
  oceanbase: "r00t-p@ssword",
  redis: "s3cr3t:r3dis-p@ss",
  huaweicloud: taurusdb.DEFAULTS.secretKey,
};

/** The credentials of all systems, as an environment. */
export const ENVIRONMENT = {
  OCEANBASE_PASSWORD: SECRETS.oceanbase,
  REDIS_ENTERPRISE_USER: "admin@cluster.local",
  REDIS_ENTERPRISE_PASSWORD: SECRETS.redis,
  HW_ACCESS_KEY: taurusdb.DEFAULTS.accessKey,
  HW_SECRET_KEY: SECRETS.huaweicloud,
};

const OLD = "4.2.1.8-108000022024072217";

export function obshell(clock: VirtualClock, options: ClusterOptions = {}): ObshellCluster {
  const cluster = new ObshellCluster({ clock, rootPassword: SECRETS.oceanbase, buildVersion: OLD, ...options });
  cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
  return cluster;
}

/** A maintenance task that failed holds the cluster. */
export function failMaintenance({ control }: ObshellCluster): void {
  const dag = control.startMaintenance("Scale out");
  Object.assign(dag, { state: "FAILED", hung: false });
  for (const node of dag.nodes) Object.assign(node, { state: "FAILED" });
}

/** `--endpoint` of a cluster, with all of its agents. */
export function agentsOf(cluster: ObshellCluster): readonly string[] {
  return ["--endpoint", cluster.endpoints.map((address) => `http://${address}`).join(",")];
}

export function redis(clock: VirtualClock): RedisEnterpriseCluster {
  return new RedisEnterpriseCluster({
    clock,
    password: SECRETS.redis,
    databases: [
      { name: "cache", redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] },
      { name: "sessions", redisVersion: "7.2" },
    ],
  });
}

export function nodesOf(cluster: RedisEnterpriseCluster): readonly string[] {
  const { nodes, scheme } = cluster.state;
  return ["--endpoint", nodes.map(({ ip, port }) => `${scheme}://${ip}:${port}`).join(",")];
}

/** Some instances in the project of the region, and one StarRocks instance. */
export function taurus(clock: VirtualClock, instances = 3): TaurusCloud {
  return new TaurusCloud({ clock, instances });
}

export const REGION = ["--region", taurusdb.DEFAULTS.region];
