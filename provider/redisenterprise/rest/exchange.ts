import { beforeSending, Unreachable } from "../../core/errors";
import type { Permit } from "../../core/request";
import type { HttpClient } from "../../http/client";
import { TransportError, type WireResponse } from "../../http/transport";
import { denied, noResponse, notRedis, redirectNotFollowed } from "./connection-errors";
import { type Login, LoginFailed, type Post, SCHEMES } from "./login";
import { type ParsedResponse, readResponse } from "./responses";

/** A request without its credentials. `body` makes it a POST. */
export interface Outgoing {
  readonly target: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For writes: called immediately before sending. */
  readonly permit?: Permit;
}

/** Finding the accepted token scheme may take several attempts, with this token and with a new one. */
const RENEWALS = 2 * SCHEMES.length - 1;

/** A redirect means that nothing was executed. */
const REDIRECTED = { sent: false, responded: true } as const;

/**
 * One request and its response: credentials, their renewal, and redirects to the master. A POST follows these without
 * being executed twice: a redirect and a 401 both mean that it was not executed.
 */
export class Exchange {
  readonly #login: Login;
  readonly #http: HttpClient;
  /** Hosts that credentials may be sent to. */
  readonly #hosts: Set<string>;
  /** Target of the last redirect. */
  #master: string | undefined;

  constructor(login: Login, http: HttpClient, endpoints: readonly string[]) {
    this.#login = login;
    this.#http = http;
    this.#hosts = new Set(endpoints.map((endpoint) => new URL(endpoint).hostname));
  }

  /** Addresses of nodes, as listed by the cluster: redirects to them are followed from now on. */
  addNodes(addresses: readonly string[]): void {
    for (const address of addresses) {
      const host = hostOf(address);
      if (host !== undefined) this.#hosts.add(host);
    }
  }

  /**
   * @param direct whether to send to the endpoint itself, not to the master of an earlier redirect
   * @throws Unreachable; UpgradeError for a redirect that is not followed, a certificate, or a login that failed
   */
  async send(endpoint: string, request: Outgoing, direct = false): Promise<ParsedResponse> {
    const start = direct ? endpoint : (this.#master ?? endpoint);
    const post: Post = (target, body, header) =>
      this.#along(endpoint, start, { target, body: JSON.stringify(body) }, header);
    for (let renewals = 0; ; renewals++) {
      const header = await loggedIn(endpoint, this.#login, () => this.#login.header(post));
      const parsed = await this.#along(endpoint, start, request, header);
      if (parsed.kind !== "unauthorized") {
        this.#login.accepted(header);
        return parsed;
      }
      const last = renewals === RENEWALS || parsed.code === "password_expired";
      if (last || !(await loggedIn(endpoint, this.#login, () => this.#login.renew(header, post)))) return parsed;
    }
  }

  /** One request. Redirects are followed with the same method, body and credentials. */
  async #along(
    endpoint: string,
    start: string,
    request: Outgoing,
    authorization: string | undefined,
  ): Promise<ParsedResponse> {
    let origin = start;
    for (let hops = 0; ; hops++) {
      const response = await this.#send(origin, request, authorization);
      const location = redirectOf(response);
      if (location === undefined) return this.#arrived(endpoint, origin, response);
      const hop = nextHop(origin, request.target, location, this.#hosts);
      if ("refusal" in hop) throw redirectNotFollowed(origin, hop.refusal);
      if (hops === MOST_HOPS) throw new Unreachable(`${origin}: the nodes redirect in a loop`, REDIRECTED);
      origin = hop.origin;
    }
  }

  #arrived(endpoint: string, origin: string, response: WireResponse): ParsedResponse {
    const parsed = readResponse(response);
    this.#master = origin === endpoint || parsed.kind === "unavailable" ? undefined : origin;
    return parsed;
  }

  async #send(
    origin: string,
    { target, body, headers: more, permit }: Outgoing,
    authorization: string | undefined,
  ): Promise<WireResponse> {
    const headers = {
      ...more,
      accept: "application/json",
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    try {
      return body === undefined
        ? await this.#http.read(() => ({ origin, target, headers }))
        : await this.#http.write({ origin, target, headers, body, permit });
    } catch (error) {
      // If the master is down, the endpoints redirect to the next one.
      if (error instanceof TransportError) this.#master = undefined;
      throw noResponse(origin, error);
    }
  }
}

/** Converts errors of a login. In each case, the request that waits for it was not sent. */
function loggedIn<T>(endpoint: string, login: Login, work: () => Promise<T>): Promise<T> {
  return beforeSending(async () => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LoginFailed)) throw error;
      const { parsed } = error;
      if (parsed.kind === "unavailable") {
        throw new Unreachable(`${endpoint}: ${parsed.text}`, { sent: false, responded: parsed.responded });
      }
      if (parsed.kind === "foreign") throw notRedis(endpoint, `${parsed.text} in response to the login`);
      throw denied(endpoint, login.user, parsed);
    }
  });
}

/**
 * Nodes other than the master redirect most requests to it (commonly with 307, which is undocumented). Following a
 * redirect sends method, body and credentials again, so it is followed only to a node of this cluster.
 */
const STATUSES = new Set([301, 302, 307, 308]);

const MOST_HOPS = 3;

/** The target of a redirect; undefined when the response is not one. */
function redirectOf({ status, headers }: WireResponse): string | undefined {
  return STATUSES.has(status) ? headers["location"] : undefined;
}

/** The origin to continue at, or the reason for a refusal, as the end of a sentence. */
export type Hop = { readonly origin: string } | { readonly refusal: string };

/**
 * @param from the origin that redirects
 * @param target path and query of the request
 * @param hosts names and addresses of the cluster's nodes, as written by `hostOf`
 */
export function nextHop(from: string, target: string, location: string, hosts: ReadonlySet<string>): Hop {
  if (!URL.canParse(location, from)) return { refusal: "to an invalid address" };
  const to = new URL(location, from);
  const origin = to.origin;
  if (to.protocol !== "https:" && to.protocol !== "http:") return { refusal: `to ${to.protocol}//` };
  if (to.protocol === "http:" && from.startsWith("https:")) return { refusal: `to plain http at ${origin}` };
  if (`${to.pathname}${to.search}` !== target) return { refusal: `to another path (${to.pathname}) at ${origin}` };
  if (!hosts.has(to.hostname)) return { refusal: `to ${origin}, which is not known as a node of this cluster` };
  return { origin };
}

/** A host in URL notation: `fd00::1` becomes `[fd00::1]`, names become lower case; undefined for an invalid host. */
export function hostOf(address: string): string | undefined {
  const url = `https://${address.includes(":") ? `[${address}]` : address}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
