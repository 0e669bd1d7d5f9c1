import type { z } from "zod";
import type { Clock } from "../../core/clock";
import { Unreachable } from "../../core/errors";
import { validate } from "../../http/body";
import type { HttpClient } from "../../http/client";
import { TransportError, type WireResponse } from "../../http/transport";
import { readAnswer } from "./answers";
import { type AgentKey, type Generation, generationOf, Passes, readAgentKey, type Sealed, seal } from "./auth";
import { noCluster, notObshell, OUTSIDE, unsupportedAuth, untrusted } from "./contact";
import { type AgentInfo, addressOf, agentInfo, secret } from "./schema";

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
  readonly passes: Passes;
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
  readonly #met = new Map<string, Agent>();
  readonly #meetings = new Map<string, Promise<Agent>>();

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** The agents contacted so far. */
  get met(): readonly Agent[] {
    return [...this.#met.values()];
  }

  /** The agent at an endpoint. Concurrent requests share one read of its key. */
  meet(origin: string): Promise<Agent> {
    const known = this.#meetings.get(origin);
    if (known !== undefined) return known;
    const meeting = this.#greet(origin);
    this.#meetings.set(origin, meeting);
    meeting.catch(() => this.#meetings.delete(origin));
    return meeting;
  }

  /** Key, clock or identity may have changed: the next request begins with a handshake. */
  forget(origin: string): void {
    this.#meetings.delete(origin);
  }

  /** Whether an endpoint was ever contacted successfully. */
  knows(origin: string): boolean {
    return this.#met.has(origin);
  }

  /** Handshake: key, clock, version and identity. */
  async #greet(origin: string): Promise<Agent> {
    const [key, info] = await Promise.all([this.read(origin, SECRET, secret), this.read(origin, INFO, agentInfo)]);
    const generation = generationOf(info.data);
    if (generation === undefined) throw unsupportedAuth(origin, info.data);
    if (OUTSIDE.has(info.data.identity)) throw noCluster(origin, info.data.identity);
    const offset = key.timestamp === undefined ? 0 : Date.parse(key.timestamp) - this.#options.clock.now();
    const met = {
      origin,
      generation,
      key: agentKey(origin, key.data.public_key, Number.isNaN(offset) ? 0 : offset),
      address: addressOf(key.data.ip, key.data.port),
      info: info.data,
    };
    const agent = { ...met, passes: new Passes(this.#options.clock, (target) => this.seal(met, target).headers) };
    this.#met.set(origin, agent);
    return agent;
  }

  /**
   * A GET without credentials. Some servers respond with an error that includes the requested data: an agent that finds
   * no observer, before 4.2.6.0.
   */
  async read<T>(origin: string, target: string, schema: z.ZodType<T>): Promise<{ data: T; timestamp?: string }> {
    const response = await this.send(origin, () => this.#options.http.read(() => ({ origin, target })));
    const answer = readAnswer(response);
    const beside = "beside" in answer ? schema.safeParse(answer.beside) : undefined;
    if (beside?.success) return { data: beside.data };
    // Before a first successful contact it is unknown whether this is an agent at all.
    if (answer.kind === "away")
      throw new Unreachable(`${origin}: ${answer.text}`, { sent: true, heard: this.knows(origin) });
    if (answer.kind !== "data") throw notObshell(origin, answer.text);
    const { timestamp } = answer;
    const data = validate(schema, answer.data, `GET ${target} at ${origin}`);
    return timestamp === undefined ? { data } : { data, timestamp };
  }

  /** Headers, and the body if any, of a request with credentials. */
  seal(
    agent: Omit<Agent, "passes">,
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
      if (!(error instanceof TransportError)) throw error;
      if (error.tls) throw untrusted(origin, error);
      throw new Unreachable(`${origin}: ${error.message}`, { sent: error.sent, heard: false, cause: error });
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
