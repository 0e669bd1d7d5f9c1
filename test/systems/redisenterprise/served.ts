import {
  type Journal,
  RedisEnterpriseCluster,
  redisenterprise,
  ScaledClock,
  serveRedisEnterprise,
} from "../../simulators";
import type { Opened } from "../served";

const TIMINGS = { pendingMs: 300, stateMs: 400, shardMs: 800 };
/** Short enough for an upgrade to be polled a few times only. */
const QUICK = { pendingMs: 100, stateMs: 150, shardMs: 250 };

export function openQuickRedis(): Promise<Opened> {
  return openRedis(QUICK);
}

export async function openRedis(
  timings: Partial<typeof TIMINGS> = {},
  password: string = redisenterprise.DEFAULT_PASSWORD,
): Promise<Opened> {
  const modules = [
    { name: "search", version: "2.10.8", args: "WORKERS 6" },
    { name: "ReJSON", version: "2.8.4" },
  ];
  const cluster = new RedisEnterpriseCluster({
    clock: new ScaledClock(1),
    timings: { ...TIMINGS, ...timings },
    password,
    databases: [
      { name: "cache", redisVersion: "7.4", modules },
      { name: "sessions", redisVersion: "7.2" },
    ],
  });
  const served = await serveRedisEnterprise(cluster);
  const connection = {
    endpoints: served.origins,
    username: redisenterprise.DEFAULT_USER,
    password,
    caCertificate: served.certificate,
    serverName: "cluster.local",
  };
  const { control, faults } = cluster;
  const { journal }: { journal: Journal } = cluster;
  const hangs = (uid: number) =>
    cluster.state.databases.some((database) => database.uid === uid && database.machine?.hung === true);
  const system = (uid: number, path: string) => ({
    upgradePath: path,
    faults,
    accepted: () => cluster.acceptedUpgrades.filter(({ database }) => database === uid).length,
    writes: () => journal.count("POST", path),
    requests: () => journal.entries.length,
    hang: () => control.hang({ database: uid }),
    hangs: () => hangs(uid),
    unhang: () => {
      if (hangs(uid)) control.unhang(uid);
    },
    fail: () => {
      control.fail({ database: uid });
      control.unhang(uid);
    },
    loseReply: () => void faults.add({ match: { method: "POST", path }, fault: { kind: "loseReply" } }),
  });
  return {
    systems: [
      {
        ...system(1, "/v1/bdbs/1/modules/upgrade"),
        name: "cache-modules",
        type: "redisenterprise.ModuleVersions",
        args: { ...connection, databaseId: 1, modules: { search: "2.10.17", ReJSON: "2.8.10" } },
        currentArgs: { ...connection, databaseId: 1, modules: { search: "2.10.8", ReJSON: "2.8.4" } },
        before: "2.10.8",
        after: "2.10.17",
        plan: /search 2\.10\.8 → 2\.10\.17/,
        downgrade: () => {
          for (const module of modules) control.setModule(1, module);
        },
      },
      {
        ...system(2, "/v1/bdbs/2/upgrade"),
        name: "sessions",
        type: "redisenterprise.DatabaseVersion",
        args: { ...connection, databaseName: "sessions", redisVersion: "7.4" },
        currentArgs: { ...connection, databaseName: "sessions", redisVersion: "7.2" },
        before: "7.2",
        after: "7.4",
        plan: /7\.2.* → 7\.4/,
        downgrade: () => control.setRedis(2, "7.2"),
      },
    ],
    close: () => served.close(),
  };
}
