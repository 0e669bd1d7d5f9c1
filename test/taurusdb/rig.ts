import type { Clock } from "../../provider/core/runtime";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Log, LogLine } from "../../provider/frontend/resource/log";
import type { Transport } from "../../provider/http/transport";
import type { Connect } from "../../provider/huaweicloud/connection";
import { type Access, openAccess } from "../../provider/taurusdb/project";
import { starRocksVersion } from "../../provider/taurusdb/starrocks/starrocks-version";
import { createTransport, TaurusCloud, taurusdb } from "../simulators";
import { FedBackLifecycle } from "../support/feed-back";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";

export const { accessKey, secretKey, region, projectId, instanceId, user, password, account } = taurusdb.DEFAULTS;
export const KEY = { accessKey, secretKey };
export const USER = { userName: user, password, domainName: account };
export const OLD = "3.1.6.0";
export const NEW = "3.1.15.80";
export const MINUTE = 60_000;
export const PROJECT = `/v3/${projectId}`;
export const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:StarRocksVersion::reports";

/** Options of a rig besides those of its cloud. */
export interface Surroundings {
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds by which the lifecycle's clock differs from the cloud's. */
  readonly skew?: number;
  /** Whether responses contain the cloud's time, like those of real servers. */
  readonly dated?: boolean;
  /** Changes the body of every response, as another version of the service might. */
  readonly rewrite?: (body: string) => string;
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly cloud: TaurusCloud;
  readonly lifecycle: DynamicProvider;
  readonly lines: LogLine[];
  /** The connections of the lifecycle. */
  readonly connect: Connect;
  /** The service as another client calls it. */
  access(): Access;
  /** Id of the StarRocks instance. */
  readonly starRocks: string;
  /** Inputs as the engine sends them. */
  inputs(args?: Record<string, unknown>): Record<string, unknown>;
  /** The number of upgrade requests that reached the cloud. */
  writes(): number;
  /** Permanent messages. */
  messages(): string[];
  /** Ephemeral messages. */
  ephemeral(): string[];
}

export type Setup = Omit<ConstructorParameters<typeof TaurusCloud>[0], "clock">;

/** A cloud in memory, a lifecycle that is connected to it, and one clock for both. */
export function rig(
  options: Setup = {},
  { config = {}, env = {}, skew = 0, dated = false, rewrite }: Surroundings = {},
): Rig {
  const { clock, ours, cloud, lines, log, connect } = cloudWith(options, { skew, dated, rewrite });
  const lifecycle = new FedBackLifecycle({
    kinds: { "taurusdb:StarRocksVersion": async () => starRocksVersion(connect, env) },
    log,
    rhythm: { change: 0, repeat: 60_000 },
    clock: ours,
    env: { ...env },
  });
  void lifecycle.configure({ config: { get: (key) => config[key] } });
  const starRocks = cloud.starRocks[0]?.id ?? `${"0".repeat(32)}in17`;
  return {
    clock,
    cloud,
    lifecycle,
    lines,
    connect,
    access: () => openAccess({ region, ...KEY }, runtimeOf(clock), connect, env),
    starRocks,
    inputs: (args = {}) => ({
      region,
      ...KEY,
      instanceId,
      starRocksInstanceId: starRocks,
      version: NEW,
      ...args,
      __urn: URN,
      __provider: "text",
    }),
    writes: () => cloud.journal.count("POST", /\/starrocks\/db-upgrade$/),
    messages: () => lines.filter((line) => !line.ephemeral).map((line) => line.message),
    ephemeral: () => lines.filter((line) => line.ephemeral).map((line) => line.message),
  };
}

/** A cloud in memory, its connections, and the clocks of both sides. */
export function cloudWith(
  options: Setup,
  { skew, dated, rewrite }: { skew: number; dated: boolean; rewrite: Surroundings["rewrite"] },
) {
  const clock = new VirtualClock();
  const cloud = new TaurusCloud({ clock, ...options });
  const lines: LogLine[] = [];
  const log: Log = { write: (line) => lines.push(line), flush: async () => undefined };
  const direct = simulatedTransport(createTransport(cloud, { sleep: (ms) => clock.sleep(ms) }));
  const plain = rewrite === undefined ? direct : rewritten(direct, rewrite);
  const transport = dated ? withDate(plain, clock) : plain;
  /** Its time may be wrong, but it measures durations correctly. */
  const ours: Clock = {
    now: () => clock.now() + skew,
    elapsed: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
  return { clock, ours, cloud, lines, log, connect: () => transport };
}

function rewritten(transport: Transport, rewrite: (body: string) => string): Transport {
  return {
    async send(request) {
      const response = await transport.send(request);
      return { ...response, body: Buffer.from(rewrite(Buffer.from(response.body).toString("utf8"))) };
    },
    close: () => transport.close(),
  };
}

/** The environment of an access. */
export function runtimeOf(clock: VirtualClock, signal = new AbortController().signal, concealed: string[] = []) {
  return { clock, signal, conceal: (secret: string) => void concealed.push(secret) };
}

function withDate(transport: Transport, clock: VirtualClock): Transport {
  return {
    async send(request) {
      const response = await transport.send(request);
      return { ...response, headers: { ...response.headers, date: new Date(clock.now()).toUTCString() } };
    },
    close: () => transport.close(),
  };
}
