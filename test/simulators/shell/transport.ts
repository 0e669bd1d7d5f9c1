import { exchange, type Outcome, type Sleep } from "./exchange";
import type { SimHost, SimSystem } from "./host";
import type { SimRequest, SimResponse } from "./http";

/** An error as Node's sockets raise it. */
export class SocketError extends Error {
  readonly code: string;
  override readonly name = "SocketError";

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface TransportOptions {
  /** How delays are awaited. Default: real time; over a ManualClock pass `async (ms) => clock.advance(ms)`. */
  readonly sleep?: Sleep;
}

export interface SendOptions {
  /** Ends a hung or delayed call with its reason. */
  readonly signal?: AbortSignal;
}

/** The in-memory transport: `origin` is `http://host:port`, `https://host:port` or `host:port`. */
export type Transport = (origin: string, request: SimRequest, options?: SendOptions) => Promise<SimResponse>;

const realTime: Sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls the hosts of one or more systems without a socket, with the errors of a socket. */
export function createTransport(systems: SimSystem | readonly SimSystem[], options: TransportOptions = {}): Transport {
  const all: readonly SimSystem[] = "hosts" in systems ? [systems] : systems;
  const sleep = options.sleep ?? realTime;
  return async (origin, request, { signal } = {}) => {
    signal?.throwIfAborted();
    const address = addressOf(origin);
    const found = locate(all, address);
    if (found === undefined) throw new SocketError("ENOTFOUND", `getaddrinfo ENOTFOUND ${address}`);
    const response = exchange(found.system, found.host, request, sleep).then((outcome) => settle(outcome, address));
    return signal === undefined ? response : abortable(response, signal);
  };
}

function addressOf(origin: string): string {
  return origin.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

function locate(systems: readonly SimSystem[], address: string): { system: SimSystem; host: SimHost } | undefined {
  for (const system of systems) {
    const host = system.hosts.find((candidate) => candidate.address === address);
    if (host !== undefined) return { system, host };
  }
  return undefined;
}

function settle(outcome: Outcome, address: string): SimResponse | Promise<SimResponse> {
  switch (outcome.kind) {
    case "refused":
      throw new SocketError("ECONNREFUSED", `connect ECONNREFUSED ${address}`);
    case "reset":
      throw new SocketError("ECONNRESET", "socket hang up");
    case "hang":
      return new Promise<SimResponse>(() => undefined);
    default:
      if (outcome.truncateTo !== undefined) throw new SocketError("ECONNRESET", "terminated: other side closed");
      return outcome.response;
  }
}

function abortable<T>(response: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    response.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
