import { beforeSending } from "../core/errors";
import type { Permit } from "../core/request";
import { HttpClient, type HttpRequest } from "../http/client";
import type { Transport, WireResponse } from "../http/transport";
import {
  type Authenticator,
  KeyAuthenticator,
  type Query,
  type Signable,
  TokenAuthenticator,
  targetOf,
} from "./authenticator";
import type { Connection } from "./connection";
import { noResponse } from "./errors";
import { type Codes, type Reply, readResponse } from "./responses";
import { within } from "./shared-read";
import { fetchToken, type Scope } from "./tokens";

/** A request without authentication. */
export interface Call {
  /** For messages: `GET /v3/…/instances at https://…`. */
  readonly what: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly origin: string;
  readonly path: string;
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** In addition to those of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For writes: called immediately before sending. */
  readonly permit?: Permit | undefined;
}

/** Requests of one session. They are aborted with `signal`; all requests of the session share what they learn. */
export class Caller {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #codes: Codes;
  readonly #http: Readonly<Record<Call["method"], HttpClient>>;

  /** @param codes of the called service; IAM has none */
  constructor(connection: Connection, signal: AbortSignal, codes: Codes = {}) {
    const { transport, clock } = connection;
    this.#connection = connection;
    this.#signal = signal;
    this.#codes = codes;
    const http = new HttpClient({ transport, clock, signal });
    this.#http = { GET: http, POST: http, DELETE: new HttpClient({ transport: deleting(transport), clock, signal }) };
  }

  /**
   * A request that changes nothing. Retried once if it was refused because of a token or a clock that can be corrected.
   * @throws Unreachable when there is no response; UpgradeError when no token can be obtained
   */
  async attempt(call: Call, scope: Scope): Promise<Reply> {
    const first = await this.#once(call, scope);
    return first.worthAnother ? this.#once(call, scope) : first;
  }

  /** A request that is sent at most once. */
  send(call: Call, scope: Scope): Promise<Reply> {
    return this.#once(call, scope);
  }

  /** Fetches a token first if there is none. */
  async #authenticator(scope: Scope): Promise<Authenticator> {
    const { session, clock } = this.#connection;
    const { credentials } = session;
    if (credentials.kind === "key") return new KeyAuthenticator(session, credentials);
    const token = session.tokens.get(scope, clock.elapsed(), () =>
      fetchToken({ credentials, iam: session.iam, scope, through: this.#connection }),
    );
    return new TokenAuthenticator(session, await within(this.#signal, token));
  }

  async #once(call: Call, scope: Scope): Promise<Reply> {
    const { session, clock } = this.#connection;
    const request = () => this.#exchangeOnce(call, scope);
    return session.credentials.kind === "key" ? session.trial.send(request, clock, this.#signal) : request();
  }

  async #exchangeOnce(call: Call, scope: Scope): Promise<Reply> {
    const { clock } = this.#connection;
    const authenticator = await beforeSending(() => this.#authenticator(scope));
    const response = await this.#exchange(call, authenticator);
    const parsed = readResponse(response, this.#codes);
    authenticator.responded?.(response.headers, clock.now());
    const doubted = parsed.kind === "unauthorized" || parsed.kind === "stale";
    const worthAnother = doubted && authenticator.reconsider(response.headers, clock.now());
    return { what: call.what, parsed, signed: authenticator.signed, worthAnother };
  }

  async #exchange(call: Call, authenticator: Authenticator): Promise<WireResponse> {
    const { clock } = this.#connection;
    const http = this.#http[call.method];
    const request = wireRequest(call);
    const signed = (): HttpRequest => ({
      origin: call.origin,
      target: request.target,
      headers: authenticator.headers(request, clock.now()),
    });
    try {
      if (call.method === "GET") return await http.read(signed);
      return await http.write({ ...(await beforeSending(signed)), body: request.body ?? "", permit: call.permit });
    } catch (error) {
      throw noResponse(call.origin, error);
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

/** The client's writes are POSTs. This sends the service's only DELETE with a body. */
function deleting(transport: Transport): Transport {
  return { send: (request) => transport.send({ ...request, method: "DELETE" }), close: () => transport.close() };
}
