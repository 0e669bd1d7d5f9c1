import type { z } from "zod";
import { beforeSending, ifReadable, mostRelevant, Unreachable, UpgradeError } from "../../core/errors";
import type { Permit } from "../../core/request";
import type { HttpUpload } from "../../http/client";
import type { WireResponse } from "../../http/transport";
import { encryptHeader, type Recipient } from "./auth";
import { OtherCluster, type Outsider, unauthorized } from "./connection-errors";
import { type Agent, type HandshakeOptions, Handshakes, Membership } from "./handshake";
import { comparesPasswords, type ParsedResponse, readResponse, readResult, undecided, writeResult } from "./responses";
import { agentStatus, OBSERVER_AVAILABLE, type ObInfo, obInfo } from "./schema";

const STATUS = "/api/v1/status";
const OB_INFO = "/api/v1/ob/info";
/** The agent reports this when its key or clock differs from the one the request was sealed for. */
const MEANWHILE = /decrypt.*failed|expired/i;
/** How long to wait for the agents at all endpoints to report their cluster, in milliseconds. */
const VERIFIED_BY = 3_000;

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
 * The agents of one cluster, reached through one or several endpoints. Any of them can respond for the cluster. Reads
 * go to the agent that responded last, and to the next one when it does not respond. Writes go to a chosen agent. Once
 * the cluster is known, each agent must prove that it belongs to it before it is read from or written to.
 */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #handshakes: Handshakes;
  readonly #membership = new Membership();
  /** By endpoint and key. */
  readonly #verifications = new Map<string, Promise<Agent>>();
  #current = 0;

  constructor(options: AgentsOptions) {
    this.#options = options;
    this.#handshakes = new Handshakes(options);
  }

  /** The agents contacted so far. */
  get contacted(): readonly Agent[] {
    return this.#handshakes.contacted;
  }

  /** The contacted agents that are verified members of the cluster. */
  get members(): readonly Agent[] {
    return this.contacted.filter((agent) => !this.#membership.needsVerification(agent));
  }

  /** The endpoints whose agents belong to no cluster. They are not used. */
  get outside(): readonly Outsider[] {
    return this.#handshakes.outside;
  }

  /** All endpoints, starting with the one that is read first. */
  get origins(): readonly string[] {
    const { endpoints } = this.#options;
    return [...endpoints.slice(this.#current), ...endpoints.slice(0, this.#current)];
  }

  /** Contacts all endpoints, so that a write can choose between the agents that respond. */
  async contactAll(): Promise<void> {
    await Promise.allSettled(this.#options.endpoints.map((origin) => this.#handshakes.contact(origin)));
  }

  /**
   * Versions, from an agent that can use its database. Other agents also respond, but with an empty cluster. This read
   * determines which cluster it is.
   */
  async cluster(): Promise<ObInfo | undefined> {
    let source = "";
    const info = await this.read(OB_INFO, obInfo, ({ obcluster_info: { topology } }, origin) => {
      source = origin;
      return topology != null;
    });
    if (info?.obcluster_info.topology != null) await this.#judge(await this.#handshakes.contact(source), info);
    return info;
  }

  /**
   * Verifies that every reachable agent belongs to the cluster. The wait for an agent that cannot prove it now is
   * short.
   * @throws UpgradeError `blocked` when one belongs to another cluster, with the names of both
   */
  async compare(): Promise<void> {
    const over = new AbortController();
    const late = this.#options.clock.sleep(VERIFIED_BY, over.signal).catch(() => undefined);
    try {
      await Promise.all(
        this.#options.endpoints.map(async (origin) => {
          const contacted = await Promise.race([late, ifReadable(this.#handshakes.contact(origin))]);
          if (contacted !== undefined) await Promise.race([late, this.#member(origin)]).catch(unlessCertain);
        }),
      );
    } finally {
      over.abort();
    }
  }

  /**
   * A GET, served by the first agent that can.
   * @param knows whether the response reflects the cluster: an agent without its database fills in what it remembers.
   * Other responses are used only when no agent has a better one
   * @returns undefined when the response is "not found" (a task, or the whole route on an older server)
   * @throws Unreachable when no agent responds, or none has the data; UpgradeError `unauthorized` or `not-the-vendor`
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
          // "Not found" can be transient: the next read goes to another agent.
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
    throw mostRelevant(failures);
  }

  /**
   * A GET that not every agent version serves, from the first agent that does.
   * @param first the agent to begin with
   * @returns undefined when no responding agent serves it
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
    if (!unserved) throw mostRelevant(failures);
    return undefined;
  }

  /**
   * A POST to one agent, sent at most once.
   * @throws Refused when the agent rejects it; Unreachable with `sent` when it is unknown whether it was accepted
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
   * @param make builds the upload in the form that the agent expects
   * @throws as `write` does; the signal's reason when it is aborted before the last byte was sent
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
    return this.#outcome(agent, upload.target, response, schema);
  }

  /** A GET from the agent at one endpoint only. */
  async readFrom<T>(origin: string, target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    return this.#request(await this.#member(origin), target, schema);
  }

  /** Reads from an agent, whether or not it is a verified member. */
  async #request<T>(agent: Agent, target: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const { origin } = agent;
    const parsed = await this.#signedRead(agent, target);
    if (parsed.kind !== "unauthorized") return readResult(agent, target, parsed, schema);
    if (parsed.certain) throw await this.#denied(agent, parsed.text);
    // The agent may have a new key or clock since its handshake, however recent: repeat the handshake.
    this.#handshakes.forget(origin);
    const contacted = await this.#handshakes.contact(origin);
    const again = await this.#signedRead(contacted, target);
    if (again.kind === "unauthorized") throw await this.#stillRefused(contacted, again);
    return readResult(contacted, target, again, schema);
  }

  /** The agent at an endpoint, verified as a member of the cluster. */
  async #member(origin: string): Promise<Agent> {
    const agent = await this.#handshakes.contact(origin);
    if (!this.#membership.needsVerification(agent)) return agent;
    const id = `${origin} ${agent.key.text}`;
    const verification =
      this.#verifications.get(id) ?? this.#prove(agent).finally(() => this.#verifications.delete(id));
    this.#verifications.set(id, verification);
    return verification;
  }

  async #prove(agent: Agent): Promise<Agent> {
    const { origin } = agent;
    const info = await this.#request(agent, OB_INFO, obInfo);
    // The key may have changed in the meantime.
    const contacted = await this.#handshakes.contact(origin);
    await this.#judge(contacted, info);
    return contacted;
  }

  /**
   * One agent can be reached at two endpoints. After a key change it looks like a second agent until both endpoints
   * were contacted again.
   */
  async #judge(agent: Agent, info: ObInfo | undefined): Promise<void> {
    const duplicate = this.#membership.duplicateOf(agent);
    if (duplicate !== undefined) {
      this.#handshakes.forget(duplicate.origin);
      this.#membership.renew(duplicate.origin, await ifReadable(this.#handshakes.contact(duplicate.origin)));
    }
    this.#membership.judge(agent, info);
  }

  /** Key or clock may have changed again in the meantime, which is transient. A rejected password is not. */
  async #stillRefused(agent: Agent, { text, certain }: { text: string; certain: boolean }): Promise<UpgradeError> {
    if (certain) return this.#denied(agent, text);
    this.#handshakes.forget(agent.origin);
    // Before 4.3.0.0 all causes have the same text.
    const changed = (await this.#handshakes.contact(agent.origin)).key.text !== agent.key.text;
    if (!changed && !MEANWHILE.test(text)) return this.#denied(agent, text);
    return new Unreachable(`${agent.origin} cannot verify requests: ${text}`, { sent: true, responded: true });
  }

  /**
   * The cause of a 401 that a retry would not change. Reads the agent once more to find what it compares the password
   * with.
   */
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
    return writeResult({ origin, target }, response, schema, {
      forget: () => this.#handshakes.forget(origin),
      denied: (text) => this.#denied(agent, text),
    });
  }

  async #signedRead(agent: Agent, target: string): Promise<ParsedResponse> {
    const { http } = this.#options;
    const response = await this.#handshakes.send(agent.origin, () =>
      http.read(() => ({ origin: agent.origin, target, headers: agent.authHeaders.to(target) })),
    );
    return readResponse(response);
  }
}

/** Leaves out an agent that cannot report its cluster now. Refusing to, or reporting another cluster, is an error. */
function unlessCertain(error: unknown): void {
  if (error instanceof OtherCluster || (error instanceof UpgradeError && error.code === "unauthorized")) throw error;
}
