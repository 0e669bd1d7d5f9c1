import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";
import { createTransport, ManualClock, NO_BODY, type SimResponse, type Transport } from "../shell";
import { type ClusterOptions, DEFAULT_ROOT_PASSWORD, ObshellCluster } from ".";

/** A small client for the simulator's own tests: it encrypts requests as the official SDKs do. */
export interface Sealed {
  readonly auth?: string;
  readonly ts?: unknown;
  readonly uri?: string;
  readonly keys?: string | Buffer;
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Header name; default x-ocs-header. */
  readonly as?: string;
  /** Sent instead of the encrypted header. */
  readonly rawHeader?: string;
  /** Sent instead of the encrypted body. */
  readonly rawBody?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed envelope. Untyped, because tests read any of it. */
  readonly json: Envelope;
  readonly error: { code?: number; errCode?: string; message: string } | undefined;
}

export interface Envelope {
  readonly successful: boolean;
  readonly timestamp: string;
  readonly status: number;
  readonly traceId: string;
  readonly data?: unknown;
  readonly error?: { code?: number; errCode?: string; message: string };
}

export function sealHeader(publicKey: string, value: unknown, chunk = 53): string {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "pkcs1" });
  const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(JSON.stringify(value));
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) {
    blocks.push(publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes.subarray(at, at + chunk)));
  }
  return Buffer.concat(blocks).toString("base64");
}

export function sealBody(keys: Buffer, text: string | Buffer): string {
  const cipher = createCipheriv("aes-128-cbc", keys.subarray(0, 16), keys.subarray(16, 32));
  return Buffer.concat([cipher.update(text), cipher.final()]).toString("base64");
}

/** A cluster in virtual time with a client for it. */
export class Trial {
  readonly clock: ManualClock;
  readonly cluster: ObshellCluster;
  readonly send: Transport;

  constructor(options: ClusterOptions = {}, cluster?: ObshellCluster) {
    this.clock = new ManualClock();
    this.cluster = cluster ?? new ObshellCluster({ clock: this.clock, ...options });
    this.send = createTransport(this.cluster, { sleep: async (ms) => this.clock.advance(ms) });
  }

  async plain(method: string, target: string, agent = 0, headers: Record<string, string> = {}, body?: string | Buffer) {
    const endpoint = this.cluster.endpoints[agent] ?? "";
    return read(await this.send(endpoint, { method, target, headers, body: body ? Buffer.from(body) : NO_BODY }));
  }

  async publicKey(agent = 0): Promise<string> {
    const { data } = (await this.plain("GET", "/api/v1/secret", agent)).json;
    // A separate test asserts the type of GET secret.
    return (data as { public_key: string }).public_key;
  }

  async call(method: string, target: string, body?: unknown, agent = 0, sealed: Sealed = {}): Promise<Reply> {
    const keys = randomBytes(32);
    const header = {
      auth: sealed.auth ?? DEFAULT_ROOT_PASSWORD,
      ts: "ts" in sealed ? sealed.ts : String(Math.floor(this.clock.now() / 1000) + 60),
      uri: sealed.uri ?? target,
      keys: (sealed.keys ?? keys).toString("base64"),
      ...sealed.extra,
    };
    const text = sealed.rawHeader ?? sealHeader(await this.publicKey(agent), header);
    const sealedBody = body === undefined ? undefined : sealBody(keys, JSON.stringify(body));
    const headers = { [sealed.as ?? "x-ocs-header"]: text, "content-type": "application/json", ...sealed.headers };
    return this.plain(method, target, agent, headers, sealed.rawBody ?? sealedBody);
  }

  /** `data` of a call that must succeed. */
  async data<T>(method: string, target: string, body?: unknown, agent = 0): Promise<T> {
    const reply = await this.call(method, target, body, agent);
    if (reply.status !== 200) throw new Error(`${method} ${target}: ${reply.text}`);
    // The caller names the type that it asserts.
    return reply.json.data as T;
  }

  dag(id = 1, agent = 0, details = false): Promise<DagView> {
    return this.data("GET", `/api/v1/task/dag/1${id}?show_details=${details}`, undefined, agent);
  }

  operate(operator: string, id = 1): Promise<Reply> {
    return this.call("POST", `/api/v1/task/dag/1${id}`, { operator });
  }

  /** Advances time until the last DAG has ended; returns the milliseconds. */
  settle(limit = 3_600_000): number {
    const start = this.clock.now();
    while (this.clock.now() - start < limit) {
      const last = this.cluster.dags.at(-1);
      if (last === undefined || last.state === "FAILED" || last.state === "SUCCEED") break;
      const next = this.cluster.nextEventAt();
      if (next === undefined) break;
      this.clock.set(Math.max(next, this.clock.now()));
    }
    return this.clock.now() - start;
  }
}

export interface SubTaskView {
  state: string;
  operator: string;
  execute_times: number;
  execute_agent: { ip: string; port: number };
  task_logs: string[] | null;
}

export interface NodeView {
  id: string;
  name: string;
  state: string;
  operator: string;
  start_time: string;
  sub_tasks: SubTaskView[];
}

export interface DagView {
  id: string;
  dag_id: number;
  name: string;
  stage: number;
  max_stage: number;
  maintenance_type?: number;
  state: string;
  operator: string;
  start_time: string;
  end_time: string;
  nodes: NodeView[] | null;
}

export interface ObInfo {
  agent_info: { ip: string; port: number; zone: string; identity: string; version: string }[];
  obcluster_info: {
    id: number;
    name: string;
    version: string;
    topology: Record<string, { build_version: string; status: string }[]> | null;
  };
}

export const OB_TARGET = { version: "4.2.1.10", release: "110000102024112010.el7" };
export const OB_BUILD = "4.2.1.10-110000102024112010";
export const AGENT_TARGET = { version: "4.5.0.0", release: "102026050817.el7" };
export const AGENT_VERSION = "4.5.0.0-102026050817";
export const ROLLING = { ...OB_TARGET, mode: "rolling", upgradeDir: "" };
export const STOP_SERVICE = { ...OB_TARGET, mode: "stopService", upgradeDir: "" };

/** The build versions of all servers, as one agent reports them. */
export async function builds(trial: Trial, agent = 0): Promise<string[]> {
  const { obcluster_info } = await trial.data<ObInfo>("GET", "/api/v1/ob/info", undefined, agent);
  return Object.values(obcluster_info.topology ?? {}).flatMap((servers) => servers.map((one) => one.build_version));
}

function read(response: SimResponse): Reply {
  const text = response.body.toString("utf8");
  const json: Envelope = text.startsWith("{")
    ? JSON.parse(text)
    : { successful: false, timestamp: "", status: response.status, traceId: "" };
  return { status: response.status, headers: response.headers, text, json, error: json.error };
}
