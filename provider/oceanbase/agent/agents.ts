import type { z } from "zod";
import { beforeSending, ifAnswered, Unreachable, UpgradeError } from "../../core/errors";
import type { Permit } from "../../core/request";
import type { HttpUpload } from "../../http/client";
import type { WireResponse } from "../../http/transport";
import { type Answer, comparesPasswords, readAnswer, readWriteAnswer, undecided } from "./answers";
import { encryptHeader, type Recipient } from "./auth";
import { OtherCluster, tellOne, unauthorized } from "./contact";
import { type Agent, type HandshakeOptions, Handshakes } from "./handshake";
import { Membership } from "./membership";
import { readResult, TOO_LARGE, tooLarge, writeResult } from "./results";
import { agentStatus, OBSERVER_AVAILABLE, type ObInfo, obInfo } from "./schema";

const STATUS = "/api/v1/status";
const OB_INFO = "/api/v1/ob/info";
/** What a request is refused for when key or clock of the agent are not those that it was made for. */
const MEANWHILE = /decrypt.*failed|expired/i;
/** How long the agents at all endpoints are waited for to tell of their cluster, in milliseconds. */
const PROOF = 3_000;

/** What is streamed to an agent. */
export type Upload = Omit<HttpUpload, "origin">;

/** A POST with a JSON body to one agent. */
export interface AgentWrite<T> {
  readonly origin: string;
  readonly target: string;
  readonly body: unknown;
  readonly schema: z.ZodType<T>;
  readonly permit: Permit;
}

export interface AgentsOptions extends HandshakeOptions {
  readonly endpoints: readonly string[];
}

/**
 * The agents of one cluster, reached through one or several endpoints. Any of them can answer for the cluster; reads go
 * to the one that answered last and move on when it does not, writes go to a chosen one. Once the cluster is known, an
 * agent has to show that it belongs to it before it is read from or written to.
 */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #handshakes: Handshakes;
  readonly #membership = new Membership();
  /** By endpoint and key. */
  readonly #proofs = new Map<string, Promise<Agent>>();
  #current = 0;

  constructor(options: AgentsOptions) {
    this.#options = options;
    this.#handshakes = new Handshakes(options);
  }

  /** The agents met so far. */
  get met(): readonly Agent[] {
    return this.#handshakes.met;
  }

  /** Those of them that are known to be the cluster's. */
  get members(): readonly Agent[] {
    return this.met.filter((agent) => !this.#membership.needsProof(agent));
  }

  /** All endpoints, from the one that reads begin with. */
  get origins(): readonly string[] {
    const { endpoints } = this.#options;
    return [...endpoints.slice(this.#current), ...endpoints.slice(0, this.#current)];
  }

  /** Meets the agents at all endpoints that answer, so that a write can choose between them. */
  async meetAll(): Promise<void> {
    await Promise.allSettled(this.#options.endpoints.map((origin) => this.#handshakes.meet(origin)));
  }

  /**
   * Versions, by an agent that has its database: another answers as well, with a cluster in which nothing is. From here on
   * it is known which cluster this is.
   */
  async cluster(): Promise<ObInfo | undefined> {
    let teller = "";
    const info = await this.read(OB_INFO, obInfo, ({ obcluster_info: { topology } }, origin) => {
      teller = origin;
      return topology != null;
    });
    if (info?.obcluster_info.topology != null) await this.#judge(await this.#handshakes.meet(teller), info);
    return info;
  }

  /**
   * Lets every agent that can be met show that it belongs to the cluster. One that cannot just now is not waited for long.
   * @throws UpgradeError `blocked` when one belongs to another, with the names of both
   */
  async compare(): Promise<void> {
    const over = new AbortController();
    const late = this.#options.clock.sleep(PROOF, over.signal).catch(() => undefined);
    try {
      await Promise.all(
        this.#options.endpoints.map(async (origin) => {
          const met = await Promise.race([late, ifAnswered(this.#handshakes.meet(origin))]);
          if (met !== undefined) await Promise.race([late, this.#member(origin)]).catch(unlessCertain);
        }),
      );
    } finally {
      over.abort();
    }
  }

  /**
   * A GET, answered by the first agent that can.
   * @param knows whether an answer is the cluster's: an agent that lacks its database fills in what it remembers. Of
   * answers that are not, one is returned only when no agent has a better one
   * @returns undefined when the answer is that it is not there (a task, or the whole route on an older server)
   * @throws Unreachable when no agent answers, or none can know; UpgradeError `unauthorized` or `not-the-vendor`
   */
  async read<T>(
    target: string,
    schema: z.ZodType<T>,
    knows: (data: T, origin: string) => boolean = () => true,
  ): Promise<T | undefined> {
    const { endpoints } = this.#options;
    const failures: UpgradeError[] = [];
    let remembered: T | undefined;
    for (const origin of this.origins) {
      try {
        const data = await this.readFrom(origin, target, schema);
        if (data === undefined || knows(data, origin)) {
          // "Not there" can be a passing answer: the next question goes to another agent.
          this.#current = (endpoints.indexOf(origin) + (data === undefined ? 1 : 0)) % endpoints.length;
          return data;
        }
        remembered ??= data;
      } catch (error) {
        if (!(error instanceof UpgradeError) || error.code === "unauthorized") throw error;
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
    const failures: UpgradeError[] = [];
    let unserved = false;
    for (const origin of origins) {
      try {
        const data = await this.readFrom(origin, target, schema);
        if (data !== undefined) return data;
        unserved = true;
      } catch (error) {
        if (!(error instanceof UpgradeError) || error.code === "unauthorized") throw error;
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
  async write<T>({ origin, target, body, schema, permit }: AgentWrite<T>): Promise<T> {
    const agent = await beforeSending(() => this.#member(origin));
    const sealed = await beforeSending(() => this.#handshakes.seal(agent, target, { body: JSON.stringify(body) }));
    const response = await this.#handshakes.send(origin, () =>
      this.#options.http.write({ origin, target, headers: sealed.headers, body: sealed.body ?? "", permit }),
    );
    return this.#outcome(agent, target, response, schema);
  }

  /**
   * A POST with a streamed body to one agent, sent at most once.
   * @param make what is sent, given how the agent wants it
   * @throws as `write` does; the signal's reason when that is aborted before the last byte has left
   */
  async upload<T>(origin: string, make: (recipient: Recipient) => Upload, schema: z.ZodType<T>): Promise<T> {
    const agent = await beforeSending(() => this.#member(origin));
    const recipient: Recipient = {
      info: agent.info,
      generation: agent.generation,
      encrypt: (text) => encryptHeader(agent.key.key, text),
      authorize: (target, validFor, keys) => this.#handshakes.seal(agent, target, { validFor, keys }).headers,
    };
    const upload = await beforeSending(() => make(recipient));
    const response = await this.#handshakes.send(origin, () => this.#options.http.upload({ origin, ...upload }));
    if (response.status === TOO_LARGE) throw tooLarge(origin, upload.target);
    return this.#outcome(agent, upload.target, response, schema);
  }

  /** The same from the agent at one endpoint alone. */
  async readFrom<T>(origin: string, target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    return this.#ask(await this.#member(origin), target, schema);
  }

  /** Of an agent, whether or not it is known to be the cluster's. */
  async #ask<T>(agent: Agent, target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const { origin } = agent;
    const answer = await this.#signedRead(agent, target);
    if (answer.kind !== "unauthorized") return readResult({ origin, target }, answer, schema, true);
    if (answer.certain) throw await this.#denied(agent, answer.text);
    // The agent may have a new key or another clock since its handshake, however recent: one more handshake.
    this.#handshakes.forget(origin);
    const met = await this.#handshakes.meet(origin);
    const again = await this.#signedRead(met, target);
    if (again.kind === "unauthorized") throw await this.#stillRefused(met, again);
    return readResult({ origin, target }, again, schema, true);
  }

  /** The agent at an endpoint, once it is known to be the cluster's. */
  async #member(origin: string): Promise<Agent> {
    const agent = await this.#handshakes.meet(origin);
    if (!this.#membership.needsProof(agent)) return agent;
    const id = `${origin} ${agent.key.text}`;
    const proof = this.#proofs.get(id) ?? this.#prove(agent).finally(() => this.#proofs.delete(id));
    this.#proofs.set(id, proof);
    return proof;
  }

  async #prove(agent: Agent): Promise<Agent> {
    const { origin } = agent;
    const info = await this.#ask(agent, OB_INFO, obInfo);
    // The key may have changed between.
    const met = await this.#handshakes.meet(origin);
    await this.#judge(met, info);
    return met;
  }

  /** One agent can be reached at two endpoints. With a new key it is a rival of itself until it was met at both again. */
  async #judge(agent: Agent, info: ObInfo | undefined): Promise<void> {
    const rival = this.#membership.rivalOf(agent);
    if (rival !== undefined) {
      this.#handshakes.forget(rival.origin);
      this.#membership.renew(rival.origin, await ifAnswered(this.#handshakes.meet(rival.origin)));
    }
    this.#membership.judge(agent, info);
  }

  /** Key or clock may have changed once more meanwhile: that passes. What says more of the password does not. */
  async #stillRefused(agent: Agent, { text, certain }: { text: string; certain: boolean }): Promise<UpgradeError> {
    if (certain || !MEANWHILE.test(text)) return this.#denied(agent, text);
    this.#handshakes.forget(agent.origin);
    return new Unreachable(`${agent.origin} cannot verify requests: ${text}`, { sent: true, heard: true });
  }

  /** What a 401 that another try would not change means. The agent is asked once more, for what it has to judge by. */
  async #denied({ origin, info }: Agent, text: string): Promise<UpgradeError> {
    const own = info.security === true && this.#options.agentPassword !== undefined;
    if (own || !comparesPasswords(text)) return unauthorized(origin, text, own);
    try {
      const { data } = await this.#handshakes.read(origin, STATUS, agentStatus);
      return data.obState === OBSERVER_AVAILABLE ? unauthorized(origin, text) : undecided(origin, text);
    } catch (error) {
      if (error instanceof Unreachable) return undecided(origin, text);
      if (error instanceof UpgradeError && error.code === "not-the-vendor") return unauthorized(origin, text);
      throw error;
    }
  }

  #outcome<T>(agent: Agent, target: string, response: WireResponse, schema: z.ZodType<T>): Promise<T> {
    const { origin } = agent;
    return writeResult({ origin, target }, readWriteAnswer(response), schema, {
      forget: () => this.#handshakes.forget(origin),
      denied: (text) => this.#denied(agent, text),
    });
  }

  async #signedRead(agent: Agent, target: string): Promise<Answer> {
    const { http } = this.#options;
    const response = await this.#handshakes.send(agent.origin, () =>
      http.read(() => ({ origin: agent.origin, target, headers: agent.passes.to(target) })),
    );
    return readAnswer(response);
  }
}

/** An agent that cannot tell its cluster now is left out; one that refuses to, or that tells of another, is a mistake. */
function unlessCertain(error: unknown): void {
  if (error instanceof OtherCluster || (error instanceof UpgradeError && error.code === "unauthorized")) throw error;
}
