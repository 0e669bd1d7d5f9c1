import type { z } from "zod";
import type { Clock } from "../core/clock";
import { beforeSending, PinError, Unreachable } from "../core/errors";
import { validate } from "../http/body";
import type { HttpClient } from "../http/client";
import { TransportError, type WireResponse } from "../http/transport";
import { addressOf } from "./address";
import { type Answer, readAnswer, readWriteAnswer } from "./answers";
import { type AgentKey, encryptHeader, type Generation, generationOf, readAgentKey, type Sealed, seal } from "./auth";
import { noCluster, notObshell, OUTSIDE, tellOne, unauthorized, unsupportedAuth, untrusted } from "./contact";
import { comparesPasswords, undecided } from "./denial";
import { outcomeOf } from "./outcome";
import { Passes } from "./passes";
import { readingOf } from "./reading";
import { type Recipient, TOO_LARGE, tooLarge, type Upload } from "./recipient";
import { type AgentInfo, agentInfo, agentStatus, OBSERVER_AVAILABLE, secret } from "./schema";

const INFO = "/api/v1/info";
const SECRET = "/api/v1/secret";
const STATUS = "/api/v1/status";
/** What a request is refused for when key or clock of the agent are not those that it was made for. */
const MEANWHILE = /decrypt.*failed|expired/i;

/** An agent at one of the endpoints, as far as it was met. */
interface Agent {
  readonly origin: string;
  readonly key: AgentKey;
  /** Its own idea of its address, as it stands in the topology. */
  readonly address: string;
  readonly info: AgentInfo;
  readonly generation: Generation;
  readonly passes: Passes;
}

export interface AgentsOptions {
  readonly endpoints: readonly string[];
  /** root@sys's. */
  readonly password: string;
  /** The agents' own, used where an agent says that it has one. */
  readonly agentPassword?: string | undefined;
  readonly http: HttpClient;
  readonly clock: Clock;
}

/**
 * The agents of one cluster, reached through one or several endpoints. Any of them can answer for the cluster; reads go
 * to the one that answered last and move on when it does not, writes go to a chosen one.
 */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #met = new Map<string, Agent>();
  readonly #meetings = new Map<string, Promise<Agent>>();
  #current = 0;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  /** The agents met so far. */
  get met(): readonly { origin: string; address: string; info: AgentInfo }[] {
    return [...this.#met.values()];
  }

  /** All endpoints, from the one that reads begin with. */
  get origins(): readonly string[] {
    const { endpoints } = this.#options;
    return [...endpoints.slice(this.#current), ...endpoints.slice(0, this.#current)];
  }

  /** Meets the agents at all endpoints that answer, so that a write can choose between them. */
  async meetAll(): Promise<void> {
    await Promise.allSettled(this.#options.endpoints.map((origin) => this.#meet(origin)));
  }

  /**
   * A GET, answered by the first agent that can.
   * @param knows whether an answer is the cluster's: an agent that lacks its database fills in what it remembers. Of
   * answers that are not, one is returned only when no agent has a better one
   * @returns undefined when the answer is that it is not there (a task, or the whole route on an older server)
   * @throws Unreachable when no agent answers, or none can know; PinError `unauthorized` or `not-the-vendor`
   */
  async read<T>(
    target: string,
    schema: z.ZodType<T>,
    knows: (data: T) => boolean = () => true,
  ): Promise<T | undefined> {
    const { endpoints } = this.#options;
    const failures: PinError[] = [];
    let remembered: T | undefined;
    for (const origin of this.origins) {
      try {
        const data = await this.readFrom(origin, target, schema);
        if (data === undefined || knows(data)) {
          // "Not there" can be a passing answer: the next question goes to another agent.
          this.#current = (endpoints.indexOf(origin) + (data === undefined ? 1 : 0)) % endpoints.length;
          return data;
        }
        remembered ??= data;
      } catch (error) {
        if (!(error instanceof PinError) || error.code === "unauthorized") throw error;
        failures.push(error);
      }
    }
    if (remembered !== undefined) return remembered;
    throw tellOne(failures);
  }

  /**
   * A GET that not every version of an agent serves, answered by the first that does.
   * @param first the agent to begin with
   * @returns undefined when those that answer do not
   * @throws as `read` does
   */
  async find<T>(first: string | undefined, target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const origins = new Set(first === undefined ? [] : [first]);
    for (const origin of this.#options.endpoints) origins.add(origin);
    const failures: PinError[] = [];
    let unserved = false;
    for (const origin of origins) {
      try {
        const data = await this.readFrom(origin, target, schema);
        if (data !== undefined) return data;
        unserved = true;
      } catch (error) {
        if (!(error instanceof PinError) || error.code === "unauthorized") throw error;
        failures.push(error);
      }
    }
    if (!unserved) throw tellOne(failures);
    return undefined;
  }

  /**
   * A POST to one agent, sent at most once.
   * @throws Refused when the agent says no; Unreachable with `sent` when it cannot be known whether it was accepted
   */
  async write<T>(origin: string, target: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    const agent = await beforeSending(() => this.#meet(origin));
    const sealed = await beforeSending(() => this.#seal(agent, target, { body: JSON.stringify(body) }));
    const response = await this.#send(origin, () =>
      this.#options.http.write({ origin, target, headers: sealed.headers, body: sealed.body ?? "" }),
    );
    return this.#outcome(agent, target, response, schema);
  }

  /**
   * A POST with a streamed body to one agent, sent at most once.
   * @param make what is sent, given how the agent wants it
   * @throws as `write` does; the signal's reason when that is aborted before the last byte has left
   */
  async upload<T>(origin: string, make: (recipient: Recipient) => Upload, schema: z.ZodType<T>): Promise<T> {
    const agent = await beforeSending(() => this.#meet(origin));
    const recipient: Recipient = {
      info: agent.info,
      generation: agent.generation,
      encrypt: (text) => encryptHeader(agent.key.key, text),
      authorize: (target, validFor, keys) => this.#seal(agent, target, { validFor, keys }).headers,
    };
    const upload = await beforeSending(() => make(recipient));
    const response = await this.#send(origin, () => this.#options.http.upload({ origin, ...upload }));
    if (response.status === TOO_LARGE) throw tooLarge(origin, upload.target);
    return this.#outcome(agent, upload.target, response, schema);
  }

  /** The same from the agent at one endpoint alone. */
  async readFrom<T>(origin: string, target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const agent = await this.#meet(origin);
    const answer = await this.#signedRead(agent, target);
    if (answer.kind !== "unauthorized") return readingOf({ origin, target }, answer, schema, this.#met.has(origin));
    if (answer.certain) throw await this.#denied(agent, answer.text);
    // The agent may have a new key since it was met, however shortly before, or another clock: meet it anew, once.
    this.#forget(origin);
    const met = await this.#meet(origin);
    const again = await this.#signedRead(met, target);
    if (again.kind === "unauthorized") throw await this.#stillRefused(met, again);
    return readingOf({ origin, target }, again, schema, this.#met.has(origin));
  }

  /** Key or clock may have changed once more meanwhile: that passes. What says more of the password does not. */
  async #stillRefused(agent: Agent, { text, certain }: { text: string; certain: boolean }): Promise<PinError> {
    if (certain || !MEANWHILE.test(text)) return this.#denied(agent, text);
    this.#forget(agent.origin);
    return new Unreachable(`${agent.origin} cannot verify requests: ${text}`, { sent: true, heard: true });
  }

  /** What a 401 that another try would not change means. The agent is asked once more, for what it has to judge by. */
  async #denied({ origin, info }: Agent, text: string): Promise<PinError> {
    const own = info.security === true && this.#options.agentPassword !== undefined;
    if (own || !comparesPasswords(text)) return unauthorized(origin, text, own);
    try {
      const { data } = await this.#public(origin, STATUS, agentStatus);
      return data.obState === OBSERVER_AVAILABLE ? unauthorized(origin, text) : undecided(origin, text);
    } catch (error) {
      if (error instanceof Unreachable) return undecided(origin, text);
      if (error instanceof PinError && error.code === "not-the-vendor") return unauthorized(origin, text);
      throw error;
    }
  }

  #outcome<T>(agent: Agent, target: string, response: WireResponse, schema: z.ZodType<T>): Promise<T> {
    const { origin } = agent;
    return outcomeOf({ origin, target }, readWriteAnswer(response), schema, {
      forget: () => this.#forget(origin),
      denied: (text) => this.#denied(agent, text),
    });
  }

  async #signedRead(agent: Agent, target: string): Promise<Answer> {
    const { http } = this.#options;
    const response = await this.#send(agent.origin, () =>
      http.read(() => ({ origin: agent.origin, target, headers: agent.passes.to(target) })),
    );
    return readAnswer(response);
  }

  /** The agent at an endpoint. Its key is fetched once, however many requests wait for it. */
  #meet(origin: string): Promise<Agent> {
    const known = this.#meetings.get(origin);
    if (known !== undefined) return known;
    const meeting = this.#greet(origin);
    this.#meetings.set(origin, meeting);
    meeting.catch(() => this.#meetings.delete(origin));
    return meeting;
  }

  /** The key, the clock or the identity may have changed: the next request meets the agent anew. */
  #forget(origin: string): void {
    this.#meetings.delete(origin);
  }

  /** First contact: key, clock, version and identity. */
  async #greet(origin: string): Promise<Agent> {
    const [key, info] = await Promise.all([
      this.#public(origin, SECRET, secret),
      this.#public(origin, INFO, agentInfo),
    ]);
    const generation = generationOf(info.data);
    if (generation === undefined) throw unsupportedAuth(origin, info.data);
    if (OUTSIDE.has(info.data.identity)) throw noCluster(origin, info.data.identity);
    const offset = key.timestamp === undefined ? 0 : Date.parse(key.timestamp) - this.#options.clock.now();
    const met = {
      origin,
      generation,
      key: this.#agentKey(origin, key.data.public_key, Number.isNaN(offset) ? 0 : offset),
      address: addressOf(key.data.ip, key.data.port),
      info: info.data,
    };
    const agent = { ...met, passes: new Passes(this.#options.clock, (target) => this.#seal(met, target).headers) };
    this.#met.set(origin, agent);
    return agent;
  }

  #agentKey(origin: string, text: string, offset: number): AgentKey {
    try {
      return readAgentKey(text, offset);
    } catch (cause) {
      throw notObshell(origin, "a public key that is none", cause);
    }
  }

  async #public<T>(origin: string, target: string, schema: z.ZodType<T>): Promise<{ data: T; timestamp?: string }> {
    const response = await this.#send(origin, () => this.#options.http.read(() => ({ origin, target })));
    const answer = readAnswer(response);
    if (answer.kind === "away") throw new Unreachable(`${origin}: ${answer.text}`, { sent: true, heard: true });
    if (answer.kind !== "data") throw notObshell(origin, answer.text);
    const { timestamp } = answer;
    const data = validate(schema, answer.data, `GET ${target} at ${origin}`);
    return timestamp === undefined ? { data } : { data, timestamp };
  }

  #seal(
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

  async #send(origin: string, request: () => Promise<WireResponse>): Promise<WireResponse> {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (error.tls) throw untrusted(origin, error);
      throw new Unreachable(`${origin}: ${error.message}`, { sent: error.sent, heard: false, cause: error });
    }
  }
}
