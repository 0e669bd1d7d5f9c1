import type { z } from "zod";
import { beforeSending, mostRelevant, Refused, Unreachable, UpgradeError } from "../../core/errors";
import type { Json, Permit } from "../../core/request";
import { foreignWrite, validate } from "../../http/body";
import type { HttpClient } from "../../http/client";
import { denied, differentClusters, notRedis } from "./connection-errors";
import { Exchange } from "./exchange";
import type { Login } from "./login";
import { type ParsedResponse, remedyFor } from "./responses";
import { clusterInfo } from "./schema";

export interface NodesOptions {
  readonly endpoints: readonly string[];
  readonly login: Login;
  readonly http: HttpClient;
}

const CLUSTER = "/v1/cluster";
const LATER = "When the cluster responds, run {apply} again.";
const FOREIGN =
  "The response is not from a Redis Enterprise cluster. List the nodes' own addresses in `endpoints`, or check the proxy or load balancer in between.";

/**
 * The nodes of one cluster, reached through one or several endpoints. Each of them responds for the cluster, or
 * redirects to the master. Reads go to the node that responded last, and to the next one when it does not respond.
 */
export class Nodes {
  readonly #endpoints: readonly string[];
  readonly #login: Login;
  readonly #exchange: Exchange;
  readonly #pending = new Map<string, Promise<void>>();
  /** The cluster that responded first: every endpoint must belong to it. */
  #first: { readonly origin: string; readonly name: string; readonly identity: string } | undefined;
  #index = 0;
  #info: z.infer<typeof clusterInfo> | undefined;

  constructor({ endpoints, login, http }: NodesOptions) {
    this.#endpoints = endpoints;
    this.#login = login;
    this.#exchange = new Exchange(login, http, endpoints);
  }

  /** The cluster data from the endpoint that was contacted last. */
  get info(): z.infer<typeof clusterInfo> | undefined {
    return this.#info;
  }

  /** Addresses of nodes, as listed by the cluster: redirects to them are followed from now on. */
  addNodes(addresses: readonly string[]): void {
    this.#exchange.addNodes(addresses);
  }

  /**
   * A GET, served by the first node that can.
   * @param optional whether this server may lack the API, so that the caller has an alternative: a web page with "not
   * found"
   * is then accepted
   * @returns undefined when the requested object does not exist, or this server does not have the API
   * @throws Unreachable when no node responds, or none can serve it; UpgradeError `unauthorized`, `blocked` or
   * `not-the-vendor`
   */
  async read<T>(target: string, schema: z.ZodType<T>, optional = false): Promise<T | undefined> {
    const failures: UpgradeError[] = [];
    for (let i = 0; i < this.#endpoints.length; i++) {
      const index = (this.#index + i) % this.#endpoints.length;
      try {
        const value = await this.#readFrom(this.#endpoints[index] ?? "", target, schema, optional);
        this.#index = index;
        return value;
      } catch (error) {
        if (!(error instanceof UpgradeError) || error.code === "unauthorized" || error.code === "blocked") throw error;
        failures.push(error);
      }
    }
    throw mostRelevant(failures);
  }

  /**
   * A POST that changes something, sent at most once.
   * @param permit called immediately before sending
   * @param headers in addition to the usual ones
   * @returns the response to the accepted request
   * @throws Refused when the cluster rejects it; Unreachable with `sent` when it is unknown whether it was accepted
   */
  async write(
    target: string,
    body: Json,
    permit: Permit,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const endpoint = this.#endpoints[this.#index] ?? "";
    await beforeSending(() => this.#contact(endpoint));
    const parsed = await this.#exchange.send(endpoint, { target, body: JSON.stringify(body), headers, permit });
    const what = `POST ${target} at ${endpoint}`;
    switch (parsed.kind) {
      case "data":
        return parsed.data;
      case "missing":
        throw refusal(what, { ...parsed, busy: false });
      case "refused":
        throw refusal(what, parsed);
      case "unauthorized":
      case "forbidden":
        throw denied(endpoint, this.#login.user, parsed, { method: "POST", target });
      case "unavailable":
      case "foreign":
        throw foreignWrite(
          what,
          parsed,
          parsed.kind === "unavailable" ? LATER : FOREIGN,
          parsed.kind === "unavailable",
        );
    }
  }

  /** First contact with an endpoint: verifies the server, the credentials, and the cluster it belongs to. */
  #contact(endpoint: string): Promise<void> {
    const known = this.#pending.get(endpoint);
    if (known !== undefined) return known;
    const pending = this.#handshake(endpoint);
    this.#pending.set(endpoint, pending);
    pending.catch(() => this.#pending.delete(endpoint));
    return pending;
  }

  async #handshake(endpoint: string): Promise<void> {
    const parsed = await this.#exchange.send(endpoint, { target: CLUSTER }, true);
    if (parsed.kind === "missing" || parsed.kind === "refused") throw notRedis(endpoint, parsed.text);
    const info = clusterInfo.safeParse(this.#dataOf(endpoint, CLUSTER, parsed));
    if (!info.success) throw notRedis(endpoint, "JSON without a cluster's name");
    this.#info = info.data;
    const { name, created_time } = info.data;
    const identity = `${name} of ${created_time ?? "unknown age"}`;
    this.#first ??= { origin: endpoint, name, identity };
    if (this.#first.identity !== identity) throw differentClusters([this.#first, { origin: endpoint, name }]);
  }

  async #readFrom<T>(
    endpoint: string,
    target: string,
    schema: z.ZodType<T>,
    optional: boolean,
  ): Promise<T | undefined> {
    await this.#contact(endpoint);
    const parsed = await this.#exchange.send(endpoint, { target });
    if (parsed.kind === "missing") return undefined;
    if (optional && parsed.kind === "foreign" && parsed.notFound === true) return undefined;
    if (parsed.kind === "foreign") throw passing(endpoint, target, parsed.text);
    const data = this.#dataOf(endpoint, target, parsed);
    try {
      return validate(schema, data, `GET ${target} at ${endpoint}`);
    } catch (cause) {
      throw cause instanceof UpgradeError ? passing(endpoint, target, cause.message, cause) : cause;
    }
  }

  #dataOf(endpoint: string, target: string, parsed: ParsedResponse): unknown {
    switch (parsed.kind) {
      case "data":
        return parsed.data;
      case "unavailable":
        throw new Unreachable(`${endpoint}: ${parsed.text}`, { sent: true, responded: parsed.responded });
      case "foreign":
        throw notRedis(endpoint, parsed.text);
      case "unauthorized":
      case "forbidden":
        throw denied(endpoint, this.#login.user, parsed, { method: "GET", target });
      default:
        throw new UpgradeError("blocked", `GET ${target} at ${endpoint} was refused: ${parsed.text}.`);
    }
  }
}

function refusal(what: string, { text, code, busy }: { text: string; code: string; busy: boolean }): Refused {
  return new Refused(`${what} was refused: ${text}.`, { refusal: busy ? "busy" : "final", remedy: remedyFor(code) });
}

/** The endpoint responded properly at first contact, so an unreadable response is transient, not a wrong address. */
function passing(endpoint: string, target: string, text: string, cause?: unknown): Unreachable {
  return new Unreachable(`GET ${target} at ${endpoint} returned ${text}`, { sent: true, responded: true, cause });
}
