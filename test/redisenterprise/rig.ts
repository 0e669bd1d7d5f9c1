import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Log, LogLine } from "../../provider/frontend/resource/log";
import { databaseVersion } from "../../provider/redisenterprise/database/database-version";
import { moduleVersions } from "../../provider/redisenterprise/modules/module-versions";
import { createTransport } from "../simulators";
import {
  type ClusterOptions,
  DEFAULT_PASSWORD,
  DEFAULT_USER,
  RedisEnterpriseCluster,
} from "../simulators/redisenterprise";
import { FedBackLifecycle } from "../support/feed-back";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";

export const USER = DEFAULT_USER;
export const PASSWORD = DEFAULT_PASSWORD;
export const MODULES_UPGRADE = "/v1/bdbs/1/modules/upgrade";
export const UPGRADE = "/v1/bdbs/1/upgrade";
/** The modules that the recorded cluster ships for Redis 7.4. */
export const SHIPPED = { search: "2.10.17", ReJSON: "2.8.10", bf: "2.8.7", timeseries: "1.12.7" };

const urn = (type: string) => `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/redisenterprise:${type}::cache`;

/** Redis 7.4 with two outdated modules, replicated and persistent. */
export const CACHE = {
  name: "cache",
  redisVersion: "7.4",
  modules: [
    { name: "search", version: "2.10.8", args: "WORKERS 6" },
    { name: "ReJSON", version: "2.8.4" },
  ],
};

type Args = Record<string, unknown>;

/** A request that the cluster received. */
export interface Received {
  readonly node: string;
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly cluster: RedisEnterpriseCluster;
  readonly lifecycle: DynamicProvider;
  readonly lines: LogLine[];
  readonly env: Record<string, string>;
  /** Inputs of a ModuleVersions as the engine sends them. */
  modules(args?: Args): Args;
  /** Inputs of a DatabaseVersion. */
  redis(args?: Args): Args;
  /** The number of upgrade requests that reached the master. */
  writes(): number;
  /** Permanent messages. */
  messages(): string[];
  /** All requests that the nodes received. */
  readonly received: Received[];
}

/** A cluster in memory, a lifecycle that is connected to it, and one clock for both. */
export function rig(options: ClusterOptions = {}): Rig {
  const clock = new VirtualClock();
  const cluster = new RedisEnterpriseCluster({ clock, databases: [CACHE], ...options });
  const lines: LogLine[] = [];
  const log: Log = { write: (line) => lines.push(line), flush: async () => undefined };
  const send = createTransport(cluster, { sleep: (ms) => clock.sleep(ms) });
  const connect = () => simulatedTransport(send);
  const env: Record<string, string> = {};
  const received: Received[] = [];
  cluster.onCall(({ host: node, request: { method, target, headers, body } }) => {
    received.push({ node, method, target, authorization: headers["authorization"], body: body.toString("utf8") });
  });
  const lifecycle = new FedBackLifecycle({
    kinds: {
      "redisenterprise:ModuleVersions": async () => moduleVersions(connect),
      "redisenterprise:DatabaseVersion": async () => databaseVersion(connect),
    },
    log,
    rhythm: { change: 0, repeat: 60_000 },
    clock,
    env,
  });
  const inputs = (type: string, pin: Args, args: Args) => ({
    endpoints: cluster.endpoints.map((address) => `https://${address}`),
    username: USER,
    password: PASSWORD,
    ...("databaseName" in args ? {} : { databaseId: 1 }),
    ...pin,
    ...args,
    __urn: urn(type),
    __provider: "text",
  });
  return {
    clock,
    cluster,
    lifecycle,
    lines,
    env,
    received,
    modules: (args = {}) => inputs("ModuleVersions", { modules: { search: "2.10.17", ReJSON: "2.8.10" } }, args),
    redis: (args = {}) => inputs("DatabaseVersion", { redisVersion: "8.0" }, args),
    writes: () => cluster.writes().length,
    messages: () => lines.filter((line) => !line.ephemeral).map((line) => line.message),
  };
}
