import { z } from "zod";
import { UpgradeError } from "../core/errors";
import { validate } from "../http/body";
import { type ClientOptions, HttpClient } from "../http/client";
import type { Credentials } from "./arguments";
import { noResponse, notHuaweiCloud, vendorProblem } from "./errors";
import { readResponse } from "./responses";
import { note, text } from "./schema";

/** A token of an IAM user, valid for one project. */
export interface Token {
  readonly value: string;
  /** Elapsed milliseconds of the clock after which a new token is fetched. */
  readonly renewAt: number;
}

/** The project of a requested token: by its id, or by the region whose main project it is. */
export interface Scope {
  readonly projectId?: string | undefined;
  readonly region?: string | undefined;
}

/** How many tokens of a user a process may issue before the oldest counts as expired. */
const MOST_ISSUED = 16;

/** The tokens of one user, by project. Concurrent callers share one request. */
export class Tokens {
  readonly #known = new Map<string, Token>();
  readonly #requests = new Map<string, Promise<Token>>();
  /** The values of the last tokens, including forgotten ones. */
  #issued: readonly string[] = [];
  readonly #listeners = new Set<(value: string) => void>();

  /** @param now elapsed milliseconds */
  async get(scope: Scope, now: number, fetch: () => Promise<Token>): Promise<Token> {
    const key = keyOf(scope);
    const known = this.#known.get(key);
    if (known !== undefined && now < known.renewAt) return known;
    return this.#requests.get(key) ?? this.#fetch(key, fetch);
  }

  /** The service does not accept it any more. A newer token is kept. */
  forget(token: Token): void {
    for (const [key, known] of this.#known) if (known === token) this.#known.delete(key);
  }

  /**
   * Reports every token that was or will be issued, so that all of them can be redacted.
   * @returns a function that stops the reports
   */
  report(listener: (value: string) => void): () => void {
    for (const value of this.#issued) listener(value);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #fetch(key: string, fetch: () => Promise<Token>): Promise<Token> {
    const request = fetch()
      .then((token) => {
        this.#known.set(key, token);
        this.#issued = [...this.#issued, token.value].slice(-MOST_ISSUED);
        for (const listener of this.#listeners) listener(token.value);
        return token;
      })
      .finally(() => this.#requests.delete(key));
    this.#requests.set(key, request);
    return request;
  }
}

function keyOf({ projectId, region }: Scope): string {
  return projectId === undefined ? `region ${region ?? ""}` : `project ${projectId}`;
}

const TARGET = "/v3/auth/tokens?nocatalog=true";
/** A token is valid for 24 hours and is renewed this long before its end; a short-lived one after three quarters. */
const MARGIN = 30 * 60_000;
const DAY = 24 * 60 * 60_000;

export interface TokenRequest {
  readonly credentials: Credentials;
  /** Origin of IAM. */
  readonly iam: string;
  readonly scope: Scope;
  /**
   * The transport options. The signal is not that of a single resource, because other callers may be waiting for the
   * token.
   */
  readonly through: ClientOptions;
}

const issuedToken = z.object({
  token: z.object({
    expires_at: text,
    issued_at: note,
  }),
});

/** A token by password. */
export async function fetchToken({ credentials, iam, scope, through }: TokenRequest): Promise<Token> {
  if (credentials.kind !== "user") throw new Error("only users take tokens");
  const what = `POST /v3/auth/tokens at ${iam} for ${credentials.userName} of ${credentials.domainName}`;
  const now = through.clock.elapsed();
  const body = JSON.stringify({ auth: { identity: identityOf(credentials), scope: { project: projectOf(scope) } } });
  const headers = { "content-type": "application/json;charset=utf8" };
  const http = new HttpClient(through);
  const response = await http.write({ origin: iam, target: TARGET, headers, body }).catch((error: unknown) => {
    throw noResponse(iam, error);
  });
  const parsed = readResponse(response);
  if (parsed.kind !== "data") throw vendorProblem(what, parsed, { credentials });
  const value = response.headers["x-subject-token"];
  if (value === undefined || value === "") throw notHuaweiCloud(what, "a response without X-Subject-Token");
  const { token } = validate(issuedToken, parsed.data, what);
  const lifetime = Date.parse(token.expires_at) - Date.parse(token.issued_at);
  const lives = Number.isFinite(lifetime) && lifetime > 0 ? lifetime : DAY;
  return { value, renewAt: now + lives - Math.min(MARGIN, lives / 4) };
}

function identityOf({ userName, password, domainName }: Extract<Credentials, { kind: "user" }>) {
  return {
    methods: ["password"],
    password: { user: { name: userName, password, domain: { name: domainName } } },
  };
}

function projectOf({ projectId, region }: Scope) {
  if (projectId !== undefined) return { id: projectId };
  if (region !== undefined) return { name: region };
  throw new UpgradeError(
    "blocked",
    "A token cannot be requested, because neither the project nor its region is known.",
  );
}
