import type { z } from "zod";
import type { Clock } from "../core/clock";
import { beforeSending, PinError, Unreachable } from "../core/errors";
import { validate } from "../http/body";
import type { HttpClient } from "../http/client";
import { TransportError, type WireResponse } from "../http/transport";
import { addressOf } from "./address";
import { type Answer, readAnswer, readWriteAnswer } from "./answers";
import { type AgentKey, encryptHeader, type Generation, generationOf, readAgentKey, type Sealed, seal } from "./auth";
import { noCluster, notObshell, tellOne, unauthorized, unsupportedAuth, untrusted } from "./contact";
import { outcomeOf } from "./outcome";
import { Passes } from "./passes";
import { type Recipient, TOO_LARGE, tooLarge, type Upload } from "./recipient";
import { type AgentInfo, agentInfo, secret } from "./schema";

const INFO = "/api/v1/info";
const SECRET = "/api/v1/secret";
const SINGLE = "SINGLE";
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

  /** The endpoint that reads begin with. */
  get first(): string {
    return this.#options.endpoints[this.#current] ?? "";
  }

  /** Meets the agents at all endpoints that answer, so that a write can choose between them. */
  async meetAll(): Promise<void> {
    await Promise.allSettled(this.#options.endpoints.map((origin) => this.#meet(origin)));
  }

  /**
   * A GET, answered by the first agent that can.
   * @returns undefined when the answer is that it is not there (a task, or the whole route on an older server)
   * @throws Unreachable when no agent answers, or none can know; PinError `unauthorized` or `not-the-vendor`
   */
  async read<T>(target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const { endpoints } = this.#options;
    const failures: (Unreachable | PinError)[] = [];
    for (let i = 0; i < endpoints.length; i++) {
      const index = (this.#current + i) % endpoints.length;
      const origin = endpoints[index] ?? "";
      try {
        const data = await this.readFrom(origin, target, schema);
        // "Not there" can be a passing answer: the next question goes to another agent.
        this.#current = data === undefined ? (index + 1) % endpoints.length : index;
        return data;
      } catch (error) {
        if (!(error instanceof PinError) || error.code === "unauthorized") throw error;
        failures.push(error);
      }
    }
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
    const sealed = this.#seal(agent, target, { body: JSON.stringify(body) });
    const response = await this.#send(origin, () =>
      this.#options.http.write({ origin, target, headers: sealed.headers, body: sealed.body ?? "" }),
    );
    return outcomeOf({ origin, target }, readWriteAnswer(response), schema, () => this.#forget(origin));
  }

  /**
   * A POST with a streamed body to one agent, sent at most once.
   * @param make what is sent, given how the agent wants it
   * @throws as `write` does; the signal's reason when that is aborted before the last byte has left
   */
  async upload<T>(origin: string, make: (recipient: Recipient) => Upload, schema: z.ZodType<T>): Promise<T> {
    const agent = await beforeSending(() => this.#meet(origin));
    const upload = make({
      info: agent.info,
      generation: agent.generation,
      encrypt: (text) => encryptHeader(agent.key.key, text),
      authorize: (target, validFor, keys) => this.#seal(agent, target, { validFor, keys }).headers,
    });
    const response = await this.#send(origin, () => this.#options.http.upload({ origin, ...upload }));
    if (response.status === TOO_LARGE) throw tooLarge(origin, upload.target);
    return outcomeOf({ origin, target: upload.target }, readWriteAnswer(response), schema, () => this.#forget(origin));
  }

  /** The same from the agent at one endpoint alone. */
  async readFrom<T>(origin: string, target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const answer = await this.#signedRead(await this.#meet(origin), target);
    if (answer.kind !== "unauthorized") return this.#value(origin, target, schema, answer);
    if (answer.certain) throw unauthorized(origin, answer.text);
    // The agent may have a new key since it was met, however shortly before, or another clock: meet it anew, once.
    this.#forget(origin);
    const again = await this.#signedRead(await this.#meet(origin), target);
    if (again.kind === "unauthorized") throw this.#stillRefused(origin, again);
    return this.#value(origin, target, schema, again);
  }

  /** Key or clock may have changed once more meanwhile: that passes. What says more of the password does not. */
  #stillRefused(origin: string, { text, certain }: { readonly text: string; readonly certain: boolean }): PinError {
    if (certain || !MEANWHILE.test(text)) return unauthorized(origin, text);
    this.#forget(origin);
    return new Unreachable(`${origin} cannot verify requests: ${text}`, { sent: true, heard: true });
  }

  async #signedRead(agent: Agent, target: string): Promise<Answer> {
    const { http } = this.#options;
    const response = await this.#send(agent.origin, () =>
      http.read(() => ({ origin: agent.origin, target, headers: agent.passes.to(target) })),
    );
    return readAnswer(response);
  }

  #value<T>(origin: string, target: string, schema: z.ZodType<T>, answer: Answer): T | undefined {
    const what = `GET ${target} at ${origin}`;
    switch (answer.kind) {
      case "data":
        return this.#shaped(origin, () => validate(schema, answer.data, what));
      case "missing":
      case "unserved":
        return undefined;
      case "foreign":
        return this.#shaped(origin, () => {
          throw notObshell(origin, answer.text);
        });
      case "refused":
        throw new PinError("blocked", `${what} was refused: ${answer.text}.`);
      default:
        throw new Unreachable(`${origin} answers, but cannot know: ${answer.text}`, { sent: true, heard: true });
    }
  }

  /** Nonsense from an agent that spoke properly before is a passing fault (a proxy, a restart), not a wrong address. */
  #shaped<T>(origin: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PinError) || !this.#met.has(origin)) throw error;
      throw new Unreachable(error.message, { sent: true, heard: true, cause: error });
    }
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
    if (info.data.identity === SINGLE) throw noCluster(origin);
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
