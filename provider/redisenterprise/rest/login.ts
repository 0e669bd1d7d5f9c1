import type { Clock } from "../../core/clock";
import type { Answer } from "./answers";
import { CLIENT_CERTIFICATE_ALONE } from "./contact";
import { tokenAnswer } from "./schema";

export interface LoginOptions {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** `token`: never send the password but for a token. Default: Basic, and tokens where the cluster refuses that. */
  readonly authentication: "basic" | "token" | undefined;
  readonly clock: Clock;
  /** Told of every token. */
  readonly conceal: (secret: string) => void;
}

/** A POST to the cluster, without the credentials that a login would add by itself. */
export type Post = (target: string, body: object, authorization?: string) => Promise<Answer>;

/** No token was to be had: with what the cluster answered instead. */
export class LoginFailed extends Error {
  override readonly name = "LoginFailed";
  readonly answer: Exclude<Answer, { kind: "data" }>;

  constructor(answer: Exclude<Answer, { kind: "data" }>) {
    super(answer.text);
    this.answer = answer;
  }
}

const AUTHORIZE = "/v1/users/authorize";
const REFRESH = "/v1/users/refresh_jwt";

/**
 * Who we are to a cluster: Basic, a token, or nobody where a client certificate tells it. Clusters from 8.2.0 on can have
 * Basic switched off; then one 401 is answered by asking for a token, once.
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
   * The Authorization header that is right now; a token that is due is renewed first.
   * @throws LoginFailed
   */
  async header(post: Post): Promise<string | undefined> {
    if (!this.#tokens) return this.#basic;
    const due = this.#token === undefined || this.#options.clock.elapsed() >= this.#token.due;
    if (due) await this.#once(() => this.#renewed(post));
    return this.#current();
  }

  /** The cluster has let this header in. */
  accepted(header: string | undefined): void {
    if (this.#tokens && header === this.#current()) this.#schemeHolds = true;
  }

  /**
   * After a 401: whether the same request is worth sending again with another header.
   * @param header the one that was refused
   */
  async renew(header: string | undefined, post: Post): Promise<boolean> {
    if (header === undefined || this.#options.username === undefined) return false;
    if (header !== this.#current()) return true;
    return this.#once(() => (this.#tokens ? this.#replaced(post) : this.#leftBasic(post)));
  }

  /** Requests run side by side; what they all wait for is done once. */
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

  /** Basic is refused: a token tells whether it is switched off, or the password wrong. */
  async #leftBasic(post: Post): Promise<boolean> {
    const answer = await this.#authorize(post, ["body"]);
    if (answer.kind !== "data") return false;
    this.#tokens = true;
    return true;
  }

  /** A token is refused: it has expired or was made void, or the word before it is not this server's. */
  async #replaced(post: Post): Promise<boolean> {
    if (!this.#schemeHolds) {
      this.#scheme = (this.#scheme + 1) % SCHEMES.length;
      // With every word refused it may be the token.
      if (this.#scheme > 0) return true;
    }
    return (await this.#authorize(post, ["header", "body"])).kind === "data";
  }

  async #renewed(post: Post): Promise<boolean> {
    const known = this.#current();
    if (known !== undefined) {
      const answer = this.#keep(await post(REFRESH, { ttl: TOKEN_SECONDS }, known));
      if (answer.kind === "data") return true;
    }
    const answer = await this.#authorize(post, ["header", "body"]);
    if (answer.kind !== "data") throw new LoginFailed(answer);
    return true;
  }

  /** The password in the header is the newer form; servers without Basic take it in the body. */
  async #authorize(post: Post, forms: readonly ("header" | "body")[]): Promise<Answer> {
    const { username, password } = this.#options;
    let answer: Answer = { kind: "unauthorized", text: "there is no user to ask a token for", code: "" };
    for (const form of forms) {
      const ttl = TOKEN_SECONDS;
      answer =
        form === "header"
          ? await post(AUTHORIZE, { ttl }, this.#basic)
          : await post(AUTHORIZE, { username, password, ttl });
      answer = this.#keep(answer);
      if (answer.kind !== "unauthorized" && answer.kind !== "refused") return answer;
    }
    return answer;
  }

  /** Keeps the token of an answer; one without any counts as foreign. */
  #keep(answer: Answer): Answer {
    if (answer.kind !== "data") return answer;
    const parsed = tokenAnswer.safeParse(answer.data);
    if (!parsed.success) return { kind: "foreign", status: 200, text: "a response without access_token" };
    const text = parsed.data.access_token;
    this.#token = tokenOf(text, this.#options.clock.elapsed());
    this.#options.conceal(text);
    return answer;
  }
}

/** Requested lifetime of a token in seconds; it is renewed before it expires. The vendor's own default is 300. */
export const TOKEN_SECONDS = 900;
const VENDOR_DEFAULT = 300;
/** The share of its life after which a token is renewed. */
const DUE_AFTER = 0.7;

/** The word before a token in the Authorization header: one page says JWT, another bearer. */
export const SCHEMES = ["JWT", "Bearer"] as const;

export interface Token {
  readonly text: string;
  /** When it is to be renewed, in elapsed milliseconds of the clock. */
  readonly due: number;
}

/** Its life is what it says itself, measured by its own two times: the cluster's clock may differ from ours. */
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
