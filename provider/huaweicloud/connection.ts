import { createHash } from "node:crypto";
import type { Clock, Proxies } from "../core/runtime";
import type { Transport } from "../http/transport";
import { undiciTransport } from "../http/undici-transport";
import type { Credentials } from "./arguments";
import { KeyTrial, Throttle, throttled } from "./limits";
import type { SingleFlight } from "./shared-read";
import { Tokens } from "./tokens";

/** Creates the transport of the requests; tests use a simulator. The resources of one account in a process share it. */
export type Connect = (proxies?: Proxies) => Transport;

/** The real network. All resource types use this function, so that their resources share connections. */
export const networkTransport: Connect = (proxies) => undiciTransport({}, proxies);

/** State shared by the resources of one account while at least one of them is open, and shortly after. */
export interface Connection {
  readonly session: Session;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Aborted when the connection closes, so that shared work does not end with a single resource. */
  readonly signal: AbortSignal;
  /** Project id look-ups in progress, by region. */
  readonly lookups: Map<string, SingleFlight<string>>;
}

export interface Lease {
  readonly connection: Connection;
  /** @param keep whether another resource may use it soon; if not, work in progress is aborted immediately */
  release(keep: boolean): Promise<void>;
}

interface Shares {
  readonly connection: Connection;
  readonly end: AbortController;
  users: number;
  /** Leases so far. */
  taken: number;
}

interface Entry {
  readonly session: Session;
  shared: Shares | undefined;
}

/**
 * How long an unused connection is kept, in milliseconds: the engine previews one resource after the other, and each
 * would read all pages again.
 */
const KEPT = 5_000;

/** Module state, because independent resource types share it; by transport, so that tests share nothing. */
const SESSIONS = new WeakMap<Connect, Map<string, Entry>>();

/**
 * A share of an account's connection. If it is not leased again within five seconds after its release, it is closed.
 * @param proxies those of the process's configuration, the same for all callers
 */
export function lease(
  connect: Connect,
  credentials: Credentials,
  iam: string | undefined,
  clock: Clock,
  proxies?: Proxies,
): Lease {
  const entry = entryOf(connect, credentials, iam);
  entry.shared ??= opened(entry.session, () => connect(proxies), clock);
  const { shared } = entry;
  shared.users += 1;
  shared.taken += 1;
  let held = true;
  return {
    connection: shared.connection,
    async release(keep) {
      if (!held) return;
      held = false;
      shared.users -= 1;
      if (shared.users > 0) return;
      if (keep) void closeUnused(entry, shared, clock);
      else await close(entry, shared);
    },
  };
}

async function closeUnused(entry: Entry, shared: Shares, clock: Clock): Promise<void> {
  const { taken } = shared;
  await clock.sleep(KEPT);
  if (shared.taken === taken) await close(entry, shared);
}

async function close(entry: Entry, shared: Shares): Promise<void> {
  if (entry.shared === shared) entry.shared = undefined;
  shared.end.abort(new Error("the last resource of the account was closed"));
  await shared.connection.transport.close();
}

function entryOf(connect: Connect, credentials: Credentials, iam: string | undefined): Entry {
  const entries = SESSIONS.get(connect) ?? new Map<string, Entry>();
  SESSIONS.set(connect, entries);
  const key = sessionKey(credentials, iam);
  const entry = entries.get(key) ?? { session: new Session(credentials, iam), shared: undefined };
  entries.set(key, entry);
  return entry;
}

function opened(session: Session, connect: Connect, clock: Clock): Shares {
  const end = new AbortController();
  const transport = throttled(connect(), session.throttleOf, clock);
  const connection = { session, transport, clock, signal: end.signal, lookups: new Map() };
  return { connection, end, users: 0, taken: 0 };
}

/**
 * The state of one caller for the life of the process: tokens, project ids, the server's clock, and throttling of the
 * gateway.
 */
export class Session {
  readonly credentials: Credentials;
  readonly #iam: string | undefined;
  readonly tokens = new Tokens();
  readonly trial = new KeyTrial();
  /** Project ids by region. */
  readonly projects = new Map<string, string>();
  /** The server's clock minus ours, in milliseconds; set when the server refuses our time, or where it never would. */
  clockOffset = 0;
  readonly #throttles = new Map<string, Throttle>();

  constructor(credentials: Credentials, iam: string | undefined) {
    this.credentials = credentials;
    this.#iam = iam;
  }

  /** Origin of its IAM. */
  get iam(): string {
    if (this.#iam === undefined) throw new Error("the connection was not validated: nothing says where IAM is");
    return this.#iam;
  }

  readonly throttleOf = (origin: string): Throttle => {
    const known = this.#throttles.get(origin);
    if (known !== undefined) return known;
    const made = new Throttle();
    this.#throttles.set(origin, made);
    return made;
  };
}

/** The key of a caller's session; a hash, so that it contains no credential. */
export function sessionKey(credentials: Credentials, iam: string | undefined): string {
  const parts =
    credentials.kind === "key"
      ? ["key", credentials.accessKey, credentials.secretKey, credentials.securityToken ?? ""]
      : ["user", credentials.domainName, credentials.userName, credentials.password];
  return createHash("sha256")
    .update(JSON.stringify([iam ?? "", ...parts]))
    .digest("hex");
}
