import { failMaintenance } from "../../../test/cli/worlds";
import {
  type Journal,
  RedisEnterpriseCluster,
  ScaledClock,
  startOceanBase,
  startRedisEnterprise,
  startTaurusDB,
} from "../../../test/simulators";

/** Three simulated, unmanaged systems. */
export interface Estates {
  /** The calls of each, by its name. */
  readonly journals: Readonly<Record<string, Journal>>;
  /** The connection options of each. */
  readonly variables: Readonly<Record<"ORDERS" | "SHOPS" | "CACHE", string>>;
  /** The credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /** The certificate of the Redis Enterprise cluster, and its former one. */
  readonly certificates: { readonly current: string; readonly old: string };
  /** Upgrade requests that were accepted. */
  upgrades(): number;
  close(): Promise<void>;
}

export const INSTANCES = 500;
const SECOND_PROJECT = "1f0a7c4e5b6d4c2f9e8a3b7d6c5e4f32";
const NEWER_KERNEL = "2.0.75.260300";
const CLUSTER = "cache.example.com";

export async function openEstates(): Promise<Estates> {
  const [orders, shops, cache] = await Promise.all([startOrders(), startShops(), startCache()]);
  const { endpoint, projectId } = shops.connection;
  const projects = [projectId, SECOND_PROJECT].map((id) => `--project-id ${id}`).join(" ");
  const { serverName, caCertificate } = cache.connection;
  return {
    journals: {
      OceanBase: orders.system.journal,
      TaurusDB: shops.system.journal,
      "Redis Enterprise": cache.system.journal,
    },
    variables: {
      ORDERS: `--endpoint ${orders.connection.endpoints.join(",")}`,
      SHOPS: `--endpoint ${endpoint} --iam-endpoint ${endpoint} ${projects}`,
      CACHE: `--endpoint ${cache.connection.endpoints.join(",")} --server-name ${serverName}`,
    },
    environment: { ...orders.environment, ...shops.environment, ...cache.environment },
    certificates: { current: caCertificate, old: oldCertificate() },
    upgrades: () => [orders, shops, cache].reduce((sum, { system }) => sum + system.acceptedUpgrades.length, 0),
    close: async () => void (await Promise.all([orders, shops, cache].map((each) => each.close()))),
  };
}

/** An OceanBase cluster that is locked by a failed task. */
async function startOrders() {
  const orders = await startOceanBase({
    clusterName: "orders",
    buildVersion: "4.2.1.8-108000022024072217",
    packages: [["4.3.5.2", "102000042025031214.el7"]],
  });
  failMaintenance(orders.system);
  return orders;
}

/** TaurusDB instances in two projects, with two kernels in the second. */
async function startShops() {
  const shops = await startTaurusDB({ instances: INSTANCES });
  const { state, control } = shops.system;
  state.accounts[0]?.projects.push({ id: SECOND_PROJECT, name: "cn-north-4_shops", region: "cn-north-4" });
  const second = state.instances.slice(INSTANCES / 2);
  for (const instance of second) Object.assign(instance, { projectId: SECOND_PROJECT });
  for (const { id } of second.slice(200)) control.setKernel(NEWER_KERNEL, id);
  return shops;
}

function startCache() {
  return startRedisEnterprise({
    name: CLUSTER,
    databases: [
      { name: "cache", redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] },
      { name: "sessions", redisVersion: "7.2" },
    ],
  });
}

/** That of another cluster of the same name. */
function oldCertificate(): string {
  return new RedisEnterpriseCluster({ clock: new ScaledClock(1), name: CLUSTER }).certificate().cert;
}
