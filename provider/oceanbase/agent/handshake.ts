import type { z } from "zod";
import { Unreachable } from "../../core/errors";
import type { Clock } from "../../core/runtime";
import { validate } from "../../http/body";
import type { HttpClient } from "../../http/client";
import type { WireResponse } from "../../http/transport";
import { type AgentKey, AuthHeaders, type Generation, generationOf, readAgentKey, type Sealed, seal } from "./auth";
import {
  differentClusters,
  MEMBER,
  noCluster,
  noResponse,
  notObshell,
  OUTSIDE,
  type Outsider,
  sameAddress,
  unsupportedAuth,
} from "./connection-errors";
import { readResponse } from "./responses";
import { type AgentInfo, addressOf, agentInfo, type ObInfo, secret } from "./schema";

const INFO = "/api/v1/info";
const SECRET = "/api/v1/secret";

/** An agent at one of the endpoints, as known from its handshake. */
export interface Agent {
  readonly origin: string;
  readonly key: AgentKey;
  /** The address it reports, as listed in the topology. Agents of other clusters may report the same. */
  readonly address: string;
  readonly info: AgentInfo;
  readonly generation: Generation;
  readonly authHeaders: AuthHeaders;
}

export interface HandshakeOptions {
  /** root@sys's. */
  readonly password: string;
  /** The agents' own password, used where an agent reports that it has one. */
  readonly agentPassword?: string | undefined;
  readonly http: HttpClient;
  readonly clock: Clock;
}

/**
 * First contact with agents: reads without credentials, and the data that requests with credentials are sealed with.
 */
export class Handshakes {
  readonly #options: HandshakeOptions;
  readonly #contacted = new Map<string, Agent>();
  /** Identities of the agents that belong to no cluster, by endpoint. */
  readonly #outside = new Map<string, string>();
  readonly #pending = new Map<string, Promise<Agent>>();

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** The agents contacted so far. */
  get contacted(): readonly Agent[] {
    return [...this.#contacted.values()];
  }

  /** The agents that belonged to no cluster when they were last contacted. */
  get outside(): readonly Outsider[] {
    return [...this.#outside].map(([origin, identity]) => ({ origin, identity }));
  }

  /** The agent at an endpoint. Concurrent requests share one read of its key. */
  contact(origin: string): Promise<Agent> {
    const known = this.#pending.get(origin);
    if (known !== undefined) return known;
    const pending = this.#handshake(origin);
    this.#pending.set(origin, pending);
    pending.catch(() => this.#pending.delete(origin));
    return pending;
  }

  /** Key, clock or identity may have changed: the next request begins with a handshake. */
  forget(origin: string): void {
    this.#pending.delete(origin);
  }

  /** Handshake: key, clock, version and identity. */
  async #handshake(origin: string): Promise<Agent> {
    const [key, info] = await Promise.all([this.read(origin, SECRET, secret), this.read(origin, INFO, agentInfo)]);
    const generation = generationOf(info.data);
    if (generation === undefined) throw unsupportedAuth(origin, info.data);
    const { identity } = info.data;
    // It is joining or leaving: its identity changes soon.
    if (identity !== MEMBER) this.#pending.delete(origin);
    if (OUTSIDE.has(identity)) {
      this.#outside.set(origin, identity);
      throw noCluster(origin, identity);
    }
    this.#outside.delete(origin);
    const offset = key.timestamp === undefined ? 0 : Date.parse(key.timestamp) - this.#options.clock.now();
    const contacted = {
      origin,
      generation,
      key: agentKey(origin, key.data.public_key, Number.isNaN(offset) ? 0 : offset),
      address: addressOf(key.data.ip, key.data.port),
      info: info.data,
    };
    const agent = {
      ...contacted,
      authHeaders: new AuthHeaders(this.#options.clock, (target) => this.seal(contacted, target).headers),
    };
    this.#contacted.set(origin, agent);
    return agent;
  }

  /**
   * A GET without credentials. Some servers respond with an error that includes the requested data: an agent that finds
   * no observer, before 4.2.6.0.
   */
  async read<T>(origin: string, target: string, schema: z.ZodType<T>): Promise<{ data: T; timestamp?: string }> {
    const response = await this.send(origin, () => this.#options.http.read(() => ({ origin, target })));
    const parsed = readResponse(response);
    const beside = "beside" in parsed ? schema.safeParse(parsed.beside) : undefined;
    if (beside?.success) return { data: beside.data };
    // Before a first successful contact it is unknown whether this is an agent at all.
    if (parsed.kind === "unavailable")
      throw new Unreachable(`${origin}: ${parsed.text}`, { sent: true, responded: this.#contacted.has(origin) });
    if (parsed.kind !== "data") throw notObshell(origin, parsed.text);
    const { timestamp } = parsed;
    const data = validate(schema, parsed.data, `GET ${target} at ${origin}`);
    return timestamp === undefined ? { data } : { data, timestamp };
  }

  /** Headers, and the body if any, of a request with credentials. */
  seal(
    agent: Omit<Agent, "authHeaders">,
    target: string,
    more: { body?: string; validFor?: number; keys?: Buffer } = {},
  ): Sealed {
    const { password, agentPassword, clock } = this.#options;
    const own = agent.info.security === true ? agentPassword : undefined;
    const { validFor = 0, ...rest } = more;
    return seal({
      agent: agent.key,
      generation: agent.generation,
      password: own ?? password,
      agentPassword: own !== undefined,
      target,
      now: clock.now() + validFor,
      ...rest,
    });
  }

  async send(origin: string, request: () => Promise<WireResponse>): Promise<WireResponse> {
    try {
      return await request();
    } catch (error) {
      throw noResponse(origin, error);
    }
  }
}

function agentKey(origin: string, text: string, offset: number): AgentKey {
  try {
    return readAgentKey(text, offset);
  } catch (cause) {
    throw notObshell(origin, "a public key that is none", cause);
  }
}

/** What identifies a cluster. Users choose names, ids and addresses, so they can be the same for several clusters. */
interface Cluster {
  /** The endpoint of the agent that reported it first. */
  readonly origin: string;
  readonly id: number | undefined;
  readonly name: string;
  /** `ip:port` of its agents. */
  readonly agents: ReadonlySet<string>;
}

/**
 * Which agents belong to the cluster. The first agent that reports a cluster determines which one it is. Data of
 * another agent counts only after it has reported the same cluster itself. A claimed address is no proof: clusters on
 * one host each often all claim 127.0.0.1:2886.
 */
export class Membership {
  #cluster: Cluster | undefined;
  /** Members by endpoint. */
  readonly #members = new Map<string, Agent>();

  /** Whether an agent must report its cluster before its other data counts. */
  needsVerification({ origin, key }: Agent): boolean {
    return this.#cluster !== undefined && this.#members.get(origin)?.key.text !== key.text;
  }

  /** A member at another endpoint that claims the same address with another key. */
  duplicateOf({ origin, address, key }: Agent): Agent | undefined {
    return [...this.#members.values()].find(
      (member) => member.origin !== origin && member.address === address && member.key.text !== key.text,
    );
  }

  /**
   * After a new handshake, a member may have a new key. An agent that could not be contacted must prove its membership
   * again.
   */
  renew(origin: string, agent: Agent | undefined): void {
    if (agent === undefined) this.#members.delete(origin);
    else this.#members.set(origin, agent);
  }

  /**
   * Evaluates the cluster that an agent reports.
   * @throws UpgradeError `blocked` when it is another cluster; Unreachable when it reports none, and was no member
   * before
   */
  judge(agent: Agent, info: ObInfo | undefined): void {
    const reported = info === undefined ? undefined : clusterIn(agent.origin, info);
    this.#cluster ??= reported;
    const cluster = this.#cluster;
    if (cluster === undefined) return;
    if (reported === undefined) {
      this.#reconsider(agent, cluster, info);
      return;
    }
    if (!same(cluster, reported)) throw differentClusters([cluster, reported]);
    const duplicate = this.duplicateOf(agent);
    if (duplicate !== undefined) throw sameAddress(agent.address, [duplicate.origin, agent.origin]);
    this.#cluster = { ...reported, origin: cluster.origin };
    this.#members.set(agent.origin, agent);
  }

  /**
   * Without its database an agent still lists the agents of its cluster from memory. An agent that joins or leaves does
   * not.
   */
  #reconsider(agent: Agent, cluster: Cluster, info: ObInfo | undefined): void {
    const remembered = (info?.agent_info ?? []).map(({ ip, port }) => addressOf(ip, port));
    const elsewhere = remembered.length > 0 && !remembered.some((address) => cluster.agents.has(address));
    if (elsewhere && agent.info.identity === MEMBER) {
      throw differentClusters([cluster, { origin: agent.origin, name: "" }]);
    }
    if (this.#members.get(agent.origin)?.address === agent.address) return;
    throw new Unreachable(`${agent.origin} cannot report yet which cluster it belongs to`, {
      sent: true,
      responded: true,
    });
  }
}

/** Undefined without its database, because the agent then knows no cluster. */
function clusterIn(origin: string, { agent_info: agents, obcluster_info: info }: ObInfo): Cluster | undefined {
  if (info.topology == null) return undefined;
  const addresses = (agents ?? []).map(({ ip, port }) => addressOf(ip, port));
  return { origin, id: info.id, name: info.name ?? "", agents: new Set(addresses) };
}

function same(a: Cluster, b: Cluster): boolean {
  const ids = a.id === b.id || a.id === undefined || b.id === undefined;
  return ids && a.name === b.name && [...a.agents].some((address) => b.agents.has(address));
}
