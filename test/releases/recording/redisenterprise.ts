import { RedisEnterpriseCluster, redisenterprise, type ScaledClock, serveRedisEnterprise } from "../../simulators";
import { fixtureAddress, type ManagedDatabase, type OpenOptions, withAddresses } from "./database";

const TIMINGS = { pendingMs: 300, stateMs: 400, shardMs: 800 };
const MODULES = {
  old: { search: "2.10.8", ReJSON: "2.8.4" },
  target: { search: "2.10.17", ReJSON: "2.8.10" },
  newer: { search: "2.10.20", ReJSON: "2.8.20" },
};
const REDIS = { old: "7.2", target: "7.4", newer: "8.0" };
const ENDED = new Set(["completed", "failed"]);
/** The only modules that the cluster lists, so that the fixtures stay small. */
const LISTED = new Set(Object.entries(MODULES.target).flat());

const byModules = {
  old: { modules: MODULES.old },
  target: { modules: MODULES.target },
  newer: { modules: MODULES.newer },
};
const byRedis = {
  old: { redisVersion: REDIS.old },
  target: { redisVersion: REDIS.target },
  newer: { redisVersion: REDIS.newer },
};

export async function openRedis(type: string, clock: ScaledClock, options: OpenOptions): Promise<ManagedDatabase> {
  const { number, tls = false } = options;
  const hasModules = type === "redisenterprise.ModuleVersions";
  const modules = Object.entries(MODULES.old).map(([name, version]) => ({ name, version }));
  const database = {
    name: "cache",
    redisVersion: hasModules ? "7.4" : REDIS.old,
    replication: false,
    modules: hasModules ? modules : [],
  };
  const cluster = new RedisEnterpriseCluster({
    clock,
    nodes: 1,
    timings: TIMINGS,
    seed: number,
    databases: [database],
  });
  const { control } = cluster;
  for (const { name, version } of [...cluster.state.modules]) {
    if (!(LISTED.has(name) && LISTED.has(version))) control.dropModule(name, version);
  }
  const served = await serveRedisEnterprise(cluster, tls ? {} : { tls: false });
  const uid = () => cluster.state.databases[0]?.uid ?? 1;
  const hangs = () => cluster.state.databases.some(({ machine }) => machine?.hung === true);
  const addresses = () => [[new URL(served.origins[0] ?? "").host, `${fixtureAddress(number, 0)}:9443`] as const];
  return {
    system: cluster,
    connection: {
      endpoints: served.origins,
      username: redisenterprise.DEFAULT_USER,
      password: redisenterprise.DEFAULT_PASSWORD,
      databaseName: database.name,
      ...(tls ? { caCertificate: served.certificate, serverName: "cluster.local" } : { allowPlainHttp: true }),
    },
    furtherArguments: {
      databaseName: undefined,
      databaseId: 1,
      authentication: "token",
      preserveRoles: true,
      mayDiscardData: true,
      unreachableTimeout: "10m",
      ...(hasModules
        ? { modules: { search: { version: MODULES.old.search, args: "" }, ReJSON: { version: MODULES.old.ReJSON } } }
        : { modules: "bundled", parallelShards: 2, keepCrdtProtocolVersion: true }),
    },
    versions: hasModules ? byModules : byRedis,
    hang: () => control.hang(),
    hangs,
    isIdle: () => cluster.state.databases.every(({ machine }) => machine === null || ENDED.has(machine.status)),
    release: () => {
      if (hangs()) control.unhang(uid());
    },
    fail: () => {
      control.fail();
      control.unhang(uid());
    },
    put: (position) => {
      if (!hasModules) return control.setRedis(uid(), REDIS[position]);
      for (const [name, version] of Object.entries(MODULES[position])) control.setModule(uid(), { name, version });
    },
    export: () => {
      const state = withAddresses(cluster.export(), addresses());
      for (const [index, node] of state.nodes.entries()) {
        node.ip = fixtureAddress(number, index);
        node.port = 9443;
      }
      // Without the private key of its certificate.
      return { ...state, certificate: null };
    },
    addresses,
    close: served.close,
  };
}
