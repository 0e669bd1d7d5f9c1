import type { Clock } from "../../core/runtime";
import { CLIENT_CERTIFICATE_ALONE } from "./connection-errors";
import type { ParsedResponse } from "./responses";
import { tokenResponse } from "./schema";

export interface LoginOptions {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** `token`: send the password only to obtain a token. Default: Basic, and tokens where the cluster refuses that. */
  readonly authentication: "basic" | "token" | undefined;
  readonly clock: Clock;
  /** Called with every token, to redact it. */
  readonly conceal: (secret: string) => void;
}

/** A POST to the cluster, without the credentials that a login would add automatically. */
export type Post = (target: string, body: object, authorization?: string) => Promise<ParsedResponse>;

/** No token could be obtained; contains the cluster's response instead. */
export class LoginFailed extends Error {
  override readonly name = "LoginFailed";
  readonly parsed: Exclude<ParsedResponse, { kind: "data" }>;

  constructor(parsed: Exclude<ParsedResponse, { kind: "data" }>) {
    super(parsed.text);
    this.parsed = parsed;
  }
}

const AUTHORIZE = "/v1/users/authorize";
const REFRESH = "/v1/users/refresh_jwt";

/**
 * Authentication to a cluster: Basic, a token, or none if a client certificate is enough. Since 8.2.0, clusters can
 * have Basic disabled. In that case, the first 401 leads to one request for a token.
 */
export class Login {
  readonly #options: LoginOptions;
  readonly #basic: string | undefined;
  #tokens: boolean;
  #token: Token | undefined;
  /** Index into SCHEMES, and whether a token was accepted with it. */
  #scheme = 0;
  #schemeHolds = false;
  #work: Promise<boolean> | undefined;

  constructor(options: LoginOptions) {
    const { username, password = "", authentication } = options;
    this.#options = options;
    const pair = username === undefined ? undefined : Buffer.from(`${username}:${password}`).toString("base64");
    this.#basic = pair === undefined ? undefined : `Basic ${pair}`;
    this.#tokens = authentication === "token";
  }

  /** For messages. */
  get user(): string {
    return this.#options.username ?? CLIENT_CERTIFICATE_ALONE;
  }

  /**
   * The current Authorization header; a token that is due is renewed first.
   * @throws LoginFailed
   */
  async header(post: Post): Promise<string | undefined> {
    if (!this.#tokens) return this.#basic;
    const due = this.#token === undefined || this.#options.clock.elapsed() >= this.#token.due;
    if (due) await this.#once(() => this.#renewed(post));
    return this.#current();
  }

  /** The cluster has accepted this header. */
  accepted(header: string | undefined): void {
    if (this.#tokens && header === this.#current()) this.#schemeHolds = true;
  }

  /**
   * After a 401: whether a retry with another header may succeed.
   * @param header the one that was refused
   */
  async renew(header: string | undefined, post: Post): Promise<boolean> {
    if (header === undefined || this.#options.username === undefined) return false;
    if (header !== this.#current()) return true;
    return this.#once(() => (this.#tokens ? this.#replaced(post) : this.#leftBasic(post)));
  }

  /** Concurrent requests share one renewal. */
  #once(work: () => Promise<boolean>): Promise<boolean> {
    this.#work ??= work().finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  }

  #current(): string | undefined {
    if (!this.#tokens) return this.#basic;
    return this.#token && `${SCHEMES[this.#scheme]} ${this.#token.text}`;
  }

  /** Basic is refused: requesting a token shows whether it is disabled, or the password is wrong. */
  async #leftBasic(post: Post): Promise<boolean> {
    const parsed = await this.#authorize(post, ["body"]);
    if (parsed.kind !== "data") return false;
    this.#tokens = true;
    return true;
  }

  /** A token is refused: it has expired or was revoked, or this server expects another scheme. */
  async #replaced(post: Post): Promise<boolean> {
    if (!this.#schemeHolds) {
      this.#scheme = (this.#scheme + 1) % SCHEMES.length;
      // If every scheme is refused, the token may be the cause.
      if (this.#scheme > 0) return true;
    }
    return (await this.#authorize(post, ["header", "body"])).kind === "data";
  }

  async #renewed(post: Post): Promise<boolean> {
    const known = this.#current();
    if (known !== undefined) {
      const parsed = this.#keep(await post(REFRESH, { ttl: TOKEN_SECONDS }, known));
      if (parsed.kind === "data") return true;
    }
    const parsed = await this.#authorize(post, ["header", "body"]);
    if (parsed.kind !== "data") throw new LoginFailed(parsed);
    return true;
  }

  /** Newer servers accept the password in the header; servers without Basic accept it in the body. */
  async #authorize(post: Post, forms: readonly ("header" | "body")[]): Promise<ParsedResponse> {
    const { username, password } = this.#options;
    let parsed: ParsedResponse = { kind: "unauthorized", text: "there is no user to ask a token for", code: "" };
    for (const form of forms) {
      const ttl = TOKEN_SECONDS;
      parsed =
        form === "header"
          ? await post(AUTHORIZE, { ttl }, this.#basic)
          : await post(AUTHORIZE, { username, password, ttl });
      parsed = this.#keep(parsed);
      if (parsed.kind !== "unauthorized" && parsed.kind !== "refused") return parsed;
    }
    return parsed;
  }

  /** Stores the token of a response; a response without one counts as foreign. */
  #keep(parsed: ParsedResponse): ParsedResponse {
    if (parsed.kind !== "data") return parsed;
    const token = tokenResponse.safeParse(parsed.data);
    if (!token.success) return { kind: "foreign", status: 200, text: "a response without access_token" };
    const text = token.data.access_token;
    this.#token = tokenOf(text, this.#options.clock.elapsed());
    this.#options.conceal(text);
    return parsed;
  }
}

/** Requested lifetime of a token in seconds; it is renewed before it expires. The vendor's own default is 300. */
const TOKEN_SECONDS = 900;
const VENDOR_DEFAULT = 300;
/** The fraction of its lifetime after which a token is renewed. */
const DUE_AFTER = 0.7;

/** The scheme of a token in the Authorization header: one page of the documentation has JWT, another bearer. */
export const SCHEMES = ["JWT", "Bearer"] as const;

export interface Token {
  readonly text: string;
  /** When to renew it, in elapsed milliseconds of the clock. */
  readonly due: number;
}

/** The lifetime is computed from the token's own two timestamps, because the cluster's clock may differ from ours. */
export function tokenOf(text: string, now: number): Token {
  return { text, due: now + lifeOf(text) * 1_000 * DUE_AFTER };
}

/** Seconds. */
function lifeOf(text: string): number {
  const { iat, exp } = claimsOf(text);
  return typeof iat === "number" && typeof exp === "number" && exp > iat ? exp - iat : VENDOR_DEFAULT;
}

function claimsOf(text: string): { readonly iat?: unknown; readonly exp?: unknown } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}
