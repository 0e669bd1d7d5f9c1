import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { DynamicProvider } from "../../../provider/frontend/dynamic/dynamic-provider";
import { undiciTransport } from "../../../provider/http/undici-transport";
import { clusterVersion } from "../../../provider/oceanbase/kind";
import { databaseVersion } from "../../../provider/redisenterprise/database/database-version";
import {
  ObshellCluster,
  RedisEnterpriseCluster,
  redisenterprise,
  ScaledClock,
  serve,
  serveRedisEnterprise,
} from "../../simulators";
import type { Row, Scenario } from "../result";
import { OLD_BUILD, PASSWORD, TARGET } from "../stacks";
import { TYPES } from "../worlds";
import { agentsWorld, databaseWorld, type ObshellWorld } from "../worlds/oceanbase";
import type { WorldOptions } from "../worlds/world";

const SPEED = 30;
/** The longest pause between two polls, in milliseconds. */
const LONGEST_PAUSE = 15_000;
/** The maximum number of parallel requests of one read. */
const AT_ONCE = 4;
const REDIS_TIMINGS = { pendingMs: 300, stateMs: 400, shardMs: 800 };

/** One complete upgrade of one database. */
export const oneUpgrade: Scenario = {
  name: "one-upgrade",
  about: "the requests and connections of one upgrade",
  async run({ report }) {
    const rows: Row[] = [];
    for (const [type, open] of Object.entries(TYPES)) {
      report(type);
      rows.push(...(await requestsOf(type, open)));
    }
    rows.push(
      await keysOf("oceanbase.ClusterVersion", databaseWorld),
      await keysOf("oceanbase.AgentVersion", agentsWorld),
    );
    report("connections over sockets");
    rows.push(await obshellConnections(), await redisConnections(), await afterAPause());
    return rows;
  },
};

async function requestsOf(type: string, open: (typeof TYPES)[string]): Promise<Row[]> {
  const world = open();
  const start = world.clock.now();
  await world.lifecycle.create(world.inputs("res"));
  const minutes = world.clock.since(start) / 60_000;
  return [
    { what: `${type}: upgrade requests`, value: world.writes().length, unit: "writes", bound: { exactly: 1 } },
    {
      what: `${type}: reads`,
      value: world.journal.length - world.writes().length,
      unit: "requests",
      against: `in ${minutes.toFixed(1)} min`,
    },
  ];
}

/** Reads of the agents' public keys: one for each agent and each restart. */
async function keysOf(type: string, open: (options?: WorldOptions) => ObshellWorld): Promise<Row> {
  const { cluster, lifecycle, inputs } = open();
  const boots = cluster.state.counters.boot;
  await lifecycle.create(inputs("res"));
  const restarts = cluster.state.counters.boot - boots;
  const agents = cluster.agents.length;
  return {
    what: `${type}: reads of a public key`,
    value: cluster.journal.find("GET", "/api/v1/secret").filter(({ status }) => status === 200).length,
    unit: "requests",
    against: `${agents} agents and ${restarts} restarts`,
    bound: { atMost: agents + restarts },
  };
}

/** Counts the connections that servers of this process accept during the work. */
async function accepted(work: () => Promise<unknown>): Promise<number> {
  let connections = 0;
  const count = () => {
    connections += 1;
  };
  subscribe("net.server.socket", count);
  try {
    await work();
    return connections;
  } finally {
    unsubscribe("net.server.socket", count);
  }
}

function onSockets(kinds: ConstructorParameters<typeof DynamicProvider>[0]["kinds"]): DynamicProvider {
  const log = { write: () => undefined, flush: async () => undefined };
  return new DynamicProvider({
    kinds,
    log,
    rhythm: { change: 0, repeat: 60_000 },
    env: {},
    onCancel: () => () => undefined,
  });
}

function urn(type: string): string {
  return `urn:pulumi:dev::bench::pulumi-nodejs:dynamic/${type}::res`;
}

async function obshellConnections(): Promise<Row> {
  const cluster = new ObshellCluster({
    clock: new ScaledClock(SPEED),
    rootPassword: PASSWORD,
    buildVersion: OLD_BUILD,
  });
  cluster.control.addObPackages(TARGET.version, TARGET.release);
  const served = await serve(cluster, { speed: SPEED });
  const boots = cluster.state.counters.boot;
  const type = "oceanbase:ClusterVersion";
  const lifecycle = onSockets({ [type]: async () => clusterVersion() });
  const inputs = { endpoints: [...served.origins], password: PASSWORD, ...TARGET, __urn: urn(type) };
  try {
    const connections = await accepted(() => lifecycle.create(inputs));
    const starts = cluster.agents.length + cluster.state.counters.boot - boots;
    return connectionRow("oceanbase.ClusterVersion", connections, starts, cluster.journal.entries.length);
  } finally {
    await served.close();
  }
}

async function redisConnections(): Promise<Row> {
  const databases = [{ name: "cache", redisVersion: "7.2" }];
  const cluster = new RedisEnterpriseCluster({ clock: new ScaledClock(1), timings: REDIS_TIMINGS, databases });
  const served = await serveRedisEnterprise(cluster);
  const type = "redisenterprise:DatabaseVersion";
  const lifecycle = onSockets({ [type]: async () => databaseVersion() });
  const inputs = {
    endpoints: served.origins,
    username: redisenterprise.DEFAULT_USER,
    password: redisenterprise.DEFAULT_PASSWORD,
    caCertificate: served.certificate,
    serverName: "cluster.local",
    databaseName: "cache",
    redisVersion: "7.4",
    __urn: urn(type),
  };
  try {
    const connections = await accepted(() => lifecycle.create(inputs));
    return connectionRow(
      "redisenterprise.DatabaseVersion",
      connections,
      cluster.state.nodes.length,
      cluster.journal.entries.length,
    );
  } finally {
    await served.close();
  }
}

/** A read sends up to four requests in parallel; a write has its own connection. */
function connectionRow(type: string, connections: number, starts: number, requests: number): Row {
  return {
    what: `${type}: connections`,
    value: connections,
    unit: "connections",
    against: `${requests} requests; ${starts} starts of servers`,
    bound: { atMost: AT_ONCE * starts + 1 },
  };
}

/** Two reads with the longest pause between polls, from a server that keeps connections open, as Go's and nginx do. */
async function afterAPause(): Promise<Row> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A listening TCP server has an AddressInfo.
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = undiciTransport({});
  const read = () =>
    transport.send({ method: "GET", origin, target: "/", headers: {}, signal: new AbortController().signal });
  try {
    await read();
    await new Promise((resolve) => setTimeout(resolve, LONGEST_PAUSE));
    await read();
    return {
      what: `two reads ${LONGEST_PAUSE / 1_000} s apart`,
      value: sockets.size,
      unit: "connections",
      against: "a server that does not close idle connections",
      bound: { exactly: 1 },
    };
  } finally {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
