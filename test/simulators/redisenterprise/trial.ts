import { createTransport, ManualClock, NO_BODY, type SimResponse, type Transport } from "../shell";
import { type ClusterOptions, DEFAULT_PASSWORD, DEFAULT_USER, RedisEnterpriseCluster } from ".";
import type { MachineState } from "./machine";

/** A small client for the simulator's own tests. */
export interface Sent {
  /** Number of the node, from 1. Default 1. */
  readonly node?: number;
  /** "user:password"; null: no Authorization header. */
  readonly as?: string | null;
  /** Override all others. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of the JSON body. */
  readonly raw?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body; {} if it is not JSON. Untyped, because tests read any of it. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly code: unknown;
}

export function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

export interface LoadedView {
  readonly module_id: string;
  readonly module_name: string;
  readonly module_args: string;
  readonly semantic_version: string;
}

export interface DatabaseView {
  readonly uid: number;
  readonly name: string;
  readonly status: string;
  readonly action_uid?: string;
  readonly redis_version: string;
  readonly version: string;
  readonly background_op: readonly { readonly status: string; readonly name?: string }[];
  readonly module_list: readonly LoadedView[];
}

/** A cluster in virtual time with a client for it. */
export class Trial {
  readonly clock: ManualClock;
  readonly cluster: RedisEnterpriseCluster;
  readonly send: Transport;

  constructor(options: ClusterOptions = {}) {
    this.clock = new ManualClock();
    this.cluster = new RedisEnterpriseCluster({ clock: this.clock, ...options });
    this.send = createTransport(this.cluster, { sleep: async (ms) => this.clock.advance(ms) });
  }

  async call(method: string, target: string, body?: unknown, sent: Sent = {}): Promise<Reply> {
    const { node = 1, as = `${DEFAULT_USER}:${DEFAULT_PASSWORD}`, raw } = sent;
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers = {
      accept: "application/json",
      ...(as === null ? {} : { authorization: basic(as) }),
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
      ...sent.headers,
    };
    const endpoint = this.cluster.endpoints[node - 1] ?? "";
    return read(await this.send(endpoint, { method, target, headers, body: text ? Buffer.from(text) : NO_BODY }));
  }

  get(target: string, sent: Sent = {}): Promise<Reply> {
    return this.call("GET", target, undefined, sent);
  }

  /** The body of a call that must succeed, in the type that the caller asserts. */
  async data<T>(method: string, target: string, body?: unknown): Promise<T> {
    const reply = await this.call(method, target, body);
    if (reply.status !== 200) throw new Error(`${method} ${target}: ${reply.status} ${reply.text}`);
    return JSON.parse(reply.text) as T;
  }

  database(uid = 1): Promise<DatabaseView> {
    return this.data("GET", `/v1/bdbs/${uid}`);
  }

  /** name → version of a database's modules. */
  async versions(uid = 1): Promise<Record<string, string>> {
    const { module_list } = await this.database(uid);
    return Object.fromEntries(module_list.map((one) => [one.module_name, one.semantic_version]));
  }

  upgradeModules(items: readonly object[], more: object = {}, uid = 1): Promise<Reply> {
    return this.call("POST", `/v1/bdbs/${uid}/modules/upgrade`, { modules: items, ...more });
  }

  upgrade(body: object, uid = 1, query = ""): Promise<Reply> {
    return this.call("POST", `/v1/bdbs/${uid}/upgrade${query}`, body);
  }

  /** All five fields for the upgrade of a module of a database. */
  item(name: string, version: string, uid = 1): Record<string, string> {
    const loaded = this.cluster.database(uid).modules.find((module) => module.name === name);
    const target = this.cluster.state.modules.find((module) => module.name === name && module.version === version);
    return {
      module_name: name,
      current_module: loaded?.uid ?? "",
      current_semantic_version: loaded?.version ?? "",
      new_module: target?.uid ?? "0".repeat(32),
      new_module_args: loaded?.args ?? "",
    };
  }

  /** Advances time until no event is pending; returns the milliseconds. */
  settle(limit = 3_600_000): number {
    const start = this.clock.now();
    for (let next = this.cluster.nextEventAt(); next !== undefined; next = this.cluster.nextEventAt()) {
      if (next - start > limit) break;
      this.clock.set(Math.max(next, this.clock.now()));
    }
    return this.clock.now() - start;
  }

  machine(uid = 1): MachineState | null {
    return this.cluster.database(uid).machine;
  }
}

function read(response: SimResponse): Reply {
  const text = response.body.toString("utf8");
  const json: Record<string, unknown> = /^[{[]/.test(text) ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, text, json, code: json["error_code"] };
}

/** Redis 7.4 with two modules that are outdated on the recorded cluster. */
export const CACHE = {
  redisVersion: "7.4",
  modules: [
    { name: "search", version: "2.10.8", args: "WORKERS 6" },
    { name: "ReJSON", version: "2.8.4" },
  ],
} as const;

/** A trial of a cluster with one database, `CACHE`. */
export function newTrial(options: ConstructorParameters<typeof Trial>[0] = {}): Trial {
  return new Trial({ databases: [CACHE], ...options });
}
