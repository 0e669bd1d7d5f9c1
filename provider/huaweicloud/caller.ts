import { beforeSending } from "../core/errors";
import { HttpClient, type HttpRequest } from "../http/client";
import type { Transport, WireResponse } from "../http/transport";
import { type Answer, readAnswer } from "./answers";
import { KeyProof, type Proof, TokenProof } from "./authenticator";
import type { Connection } from "./connection";
import { silence } from "./errors";
import { fetchToken, type Scope, scopeKey } from "./iam";
import { type Signable, targetOf } from "./signer";
import { within } from "./within";

/** One call, not yet proven. */
export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly origin: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Besides those that every call has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came of a call, and what was signed for it. */
export interface Reply {
  readonly answer: Answer;
  readonly signed: string | undefined;
  /** It was refused for its credentials, and something was learnt: the same call may be taken now. */
  readonly worthAnother: boolean;
}

/** Calls in the name of one account. They end with `signal`; what is learnt on the way is shared with everybody else's. */
export class Caller {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #http: Readonly<Record<Call["method"], HttpClient>>;

  constructor(connection: Connection, signal: AbortSignal) {
    const { transport, clock } = connection;
    this.#connection = connection;
    this.#signal = signal;
    const http = new HttpClient({ transport, clock, signal });
    this.#http = { GET: http, POST: http, DELETE: new HttpClient({ transport: deleting(transport), clock, signal }) };
  }

  /**
   * A call that changes nothing. Tried once more when it was refused for a token or a clock that can be put right.
   * @throws Unreachable when nobody answers; PinError when no proof is to be had
   */
  async ask(call: Call, scope: Scope | undefined): Promise<Reply> {
    const first = await this.#once(call, scope);
    return first.worthAnother ? this.#once(call, scope) : first;
  }

  /** A call that is sent at most once. */
  send(call: Call, scope: Scope | undefined): Promise<Reply> {
    return this.#once(call, scope);
  }

  /** What proves who calls; a token is taken first where there is none. */
  async #proof(scope: Scope | undefined): Promise<Proof> {
    const { account, clock } = this.#connection;
    const { credentials } = account;
    if (credentials.kind === "key") return new KeyProof(account, credentials);
    const wanted = scope ?? {};
    const token = account.tokens.get(scopeKey(wanted), clock.elapsed(), () => fetchToken(this.#connection, wanted));
    return new TokenProof(account, await within(this.#signal, token));
  }

  async #once(call: Call, scope: Scope | undefined): Promise<Reply> {
    const { clock } = this.#connection;
    const proof = await beforeSending(() => this.#proof(scope));
    const response = await this.#exchange(call, proof);
    const answer = readAnswer(response);
    proof.heard?.(response.headers, clock.now());
    const doubted = answer.kind === "unauthorized" || answer.kind === "stale";
    const worthAnother = doubted && proof.reconsider(response.headers, clock.now());
    return { answer, signed: proof.signed, worthAnother };
  }

  async #exchange(call: Call, proof: Proof): Promise<WireResponse> {
    const { clock } = this.#connection;
    const http = this.#http[call.method];
    const request = wireRequest(call);
    const proven = (): HttpRequest => ({
      origin: call.origin,
      target: request.target,
      headers: proof.headers(request, clock.now()),
    });
    try {
      if (call.method === "GET") return await http.read(proven);
      return await http.write({ ...(await beforeSending(proven)), body: request.body ?? "" });
    } catch (error) {
      throw silence(call.origin, error);
    }
  }
}

function wireRequest({ method, origin, path, query, body, headers }: Call): Signable {
  return {
    method,
    target: targetOf(path, query),
    headers: { host: new URL(origin).host, "content-type": "application/json", "x-language": "en-us", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

/** The client's writes are POSTs; the one call of the service that is a DELETE with a body goes through here. */
function deleting(transport: Transport): Transport {
  return { send: (request) => transport.send({ ...request, method: "DELETE" }), close: () => transport.close() };
}
