import { createHash, createHmac } from "node:crypto";
import { createTransport, ManualClock, type SimResponse, type Transport } from "../shell";
import { type CloudSetup, DEFAULTS, TaurusCloud } from ".";

/** A small client for the simulator's own tests: it signs as the official SDKs do, with separate code. */
export interface CallOptions {
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: unknown;
  /** Sent instead of `body`. */
  readonly rawBody?: string;
  /** Sent instead of the signed path and query. */
  readonly rawTarget?: string;
  /** Added before signing. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Added after signing. */
  readonly unsigned?: Readonly<Record<string, string>>;
  readonly accessKey?: string;
  readonly secretKey?: string;
  /** Milliseconds between the clock and X-Sdk-Date. */
  readonly skew?: number;
  /** Sent instead of a signature. */
  readonly token?: string;
  /** Address to call. Default: the first region's service. */
  readonly to?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body; each test names the type that it asserts. */
  readonly json: Record<string, unknown>;
  /** `error_code`, or "". */
  readonly code: string;
}

export function read({ status, headers, body }: SimResponse): Reply {
  const text = body.toString("utf8");
  const json: Record<string, unknown> = text.startsWith("{") ? JSON.parse(text) : {};
  return { status, headers, text, json, code: String(json["error_code"] ?? "") };
}

/** RFC 3986. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function sdkDate(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** The Authorization header for exactly these headers. */
export function sign(
  secretKey: string,
  accessKey: string,
  request: {
    readonly method: string;
    readonly path: string;
    readonly query: readonly (readonly [string, string])[];
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  },
): string {
  const names = Object.keys(request.headers).sort();
  const query = [...request.query]
    .sort(
      ([a, x], [b, y]) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)) || Buffer.compare(Buffer.from(x), Buffer.from(y)),
    )
    .map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const canonical = [
    request.method,
    `${request.path.split("/").map(encode).join("/")}/`,
    query.join("&"),
    ...names.map((name) => `${name}:${request.headers[name]?.trim()}`),
    "",
    names.join(";"),
    createHash("sha256").update(request.body).digest("hex"),
  ].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const text = `SDK-HMAC-SHA256\n${request.headers["x-sdk-date"]}\n${hash}`;
  const signature = createHmac("sha256", secretKey).update(text).digest("hex");
  return `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}

export const P = `/v3/${DEFAULTS.projectId}`;
export const ID = DEFAULTS.instanceId;
export const BATCH = `${P}/instances/database-version/upgrade`;
export const FROM = "2.0.69.250900";
export const LATEST = "2.0.78.260600";
export const JOB_NAME = "UpgradeGaussDBforMySQLDatabaseVersion";
export const MINUTE = 60_000;

/** A cloud in virtual time with a client for it. */
export class Trial {
  readonly clock: ManualClock;
  readonly cloud: TaurusCloud;
  readonly send: Transport;

  constructor(options: Omit<CloudSetup, "clock"> = {}, start?: number) {
    this.clock = new ManualClock(start);
    this.cloud = new TaurusCloud({ clock: this.clock, ...options });
    this.send = createTransport(this.cloud, { sleep: async (ms) => this.clock.advance(ms) });
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const to = options.to ?? this.cloud.endpoint(DEFAULTS.region);
    const { query = [], headers = {}, token } = options;
    const body = options.rawBody ?? (options.body === undefined ? "" : JSON.stringify(options.body));
    const signed: Record<string, string> = {
      host: to,
      "content-type": "application/json",
      "x-sdk-date": sdkDate(this.clock.now() + (options.skew ?? 0)),
      ...headers,
    };
    const authorization = sign(options.secretKey ?? DEFAULTS.secretKey, options.accessKey ?? DEFAULTS.accessKey, {
      method,
      path,
      query,
      headers: signed,
      body,
    });
    const text = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
    const target = options.rawTarget ?? (text === "" ? path : `${path}?${text}`);
    const proof: Record<string, string> = token === undefined ? { authorization } : { "x-auth-token": token };
    const all = { ...signed, ...proof, ...options.unsigned };
    return read(await this.send(to, { method, target, headers: all, body: Buffer.from(body) }));
  }

  get(path: string, query: Readonly<Record<string, string>> = {}, more: CallOptions = {}): Promise<Reply> {
    return this.call("GET", path, { query: Object.entries(query), ...more });
  }

  /** The body of a call that must succeed. */
  async data<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const reply = await this.call(method, path, options);
    if (reply.status !== 200) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    // The caller names the type that it asserts.
    return reply.json as T;
  }

  batch(targets: Readonly<Record<string, string>>, delay: unknown = false): Promise<Reply> {
    const list = Object.entries(targets).map(([id, version]) => ({ instance_id: id, current_version: version }));
    return this.call("POST", BATCH, { body: { databases_instance_infos: list, delay } });
  }

  /** A single upgrade that must be accepted; its job id. */
  async upgrade(id: string = ID, delay = false): Promise<string> {
    const path = `${P}/instances/${id}/db-upgrade`;
    return (await this.data<{ job_id: string }>("POST", path, { body: { delay } })).job_id;
  }

  async version(id: string = ID): Promise<VersionView> {
    return this.data<VersionView>("GET", `${P}/instances/${id}/database-version`);
  }

  async job(id: string): Promise<JobView> {
    return (await this.data<{ job: JobView }>("GET", `${P}/jobs`, { query: [["id", id]] })).job;
  }

  async jobs(query: Readonly<Record<string, string>> = {}): Promise<readonly JobRow[]> {
    const found = await this.data<{ jobs: JobRow[] }>("GET", `${P}/immediate-jobs`, { query: Object.entries(query) });
    return found.jobs;
  }

  async schedules(query: Readonly<Record<string, string>> = {}): Promise<readonly ScheduleRow[]> {
    const options = { query: Object.entries(query) };
    return (await this.data<{ schedules: ScheduleRow[] }>("GET", `${P}/scheduled-jobs`, options)).schedules;
  }

  async status(id: string = ID): Promise<string> {
    return (await this.data<{ instance: { status: string } }>("GET", `${P}/instances/${id}`)).instance.status;
  }

  /** Advances time until no event is pending; returns the milliseconds. */
  settle(): number {
    const start = this.clock.now();
    for (let next = this.cloud.nextEventAt(); next !== undefined; next = this.cloud.nextEventAt()) this.clock.set(next);
    return this.clock.now() - start;
  }
}

export interface VersionView {
  readonly upgrade_flag: boolean;
  readonly datastore: {
    readonly current_version: string;
    readonly current_kernel_version: string;
    readonly latest_version: string;
    readonly latest_kernel_version: string;
  };
}

export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly created: string;
  readonly ended: string;
  readonly process: string;
  readonly instance: { readonly id: string; readonly name: string };
  readonly fail_reason: string;
}

export interface JobRow {
  readonly instance_id: string;
  readonly job_id: string;
  readonly job_name: string;
  readonly status: string;
  readonly process: string;
  readonly fail_reason: string;
  readonly show_detail: boolean;
}

export interface ScheduleRow {
  readonly job_id: string;
  readonly instance_id: string;
  readonly job_status: string;
  readonly start_time: string;
  readonly end_time: string;
}
