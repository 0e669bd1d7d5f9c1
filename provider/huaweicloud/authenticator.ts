import type { Session } from "./connection";
import type { Credentials } from "./credentials";
import { canonicalRequest, type Signable, sdkDate, sign } from "./signer";
import type { Token } from "./tokens";

/** Authenticates requests to the gateway. */
export interface Authenticator {
  /** The headers to send: those of the request, and those that authenticate it. */
  headers(request: Signable, now: number): Readonly<Record<string, string>>;
  /**
   * Called after the gateway has refused the request.
   * @returns whether it has new information, so that a retry may succeed
   */
  reconsider(answered: Readonly<Record<string, string | undefined>>, now: number): boolean;
  /** Called after every response, for information that no refusal would contain. */
  answered?(answered: Readonly<Record<string, string | undefined>>, now: number): void;
  /** The text that was signed last, lines separated by `|`, without secrets. */
  readonly signed?: string | undefined;
}

/** With a larger difference, our clock is the reason why a signature is refused: the gateway allows 15 minutes. */
const WRONG_CLOCK = 5 * 60_000;
/** A difference of more than a century is not a clock: near the maximum date, nothing could be signed any more. */
const NO_CLOCK = 100 * 365 * 24 * 60 * 60_000;

type Key = Omit<Extract<Credentials, { kind: "key" }>, "kind">;

/**
 * Signs with the server's clock. The gateway locks a key after five bad signatures, so a refused one is never retried
 * unchanged.
 */
export class KeyAuthenticator implements Authenticator {
  readonly #session: Session;
  readonly #key: Key;
  /** The offset used for the last signature. */
  #offset = 0;
  signed: string | undefined;

  constructor(session: Session, key: Key) {
    this.#session = session;
    this.#key = key;
  }

  headers(request: Signable, now: number): Readonly<Record<string, string>> {
    const { securityToken } = this.#key;
    this.#offset = this.#session.clockOffset;
    const headers = {
      ...request.headers,
      "x-sdk-date": sdkDate(now + this.#offset),
      ...(securityToken === undefined ? {} : { "x-security-token": securityToken }),
    };
    const signable = { ...request, headers };
    this.signed = canonicalRequest(signable)
      .replaceAll("\n", "|")
      .replace(/(x-security-token:)[^|]*/, "$1[secret]");
    return { ...headers, authorization: sign(signable, this.#key) };
  }

  reconsider({ date }: Readonly<Record<string, string | undefined>>, now: number): boolean {
    const offset = Date.parse(date ?? "") - now;
    if (Math.abs(offset) < NO_CLOCK && this.#isOff(offset)) this.#session.clockOffset = offset;
    // A concurrent request may have updated it in the meantime.
    return this.#isOff(this.#session.clockOffset);
  }

  #isOff(offset: number): boolean {
    return Math.abs(offset - this.#offset) >= WRONG_CLOCK;
  }
}

/**
 * Uses a token. It may have expired early, so a new one is fetched after a refusal. A wrong local clock never causes a
 * refusal here, but times in queries must follow the server's clock.
 */
export class TokenAuthenticator implements Authenticator {
  readonly #session: Session;
  readonly #token: Token;

  constructor(session: Session, token: Token) {
    this.#session = session;
    this.#token = token;
  }

  headers(request: Signable): Readonly<Record<string, string>> {
    return { ...request.headers, "x-auth-token": this.#token.value };
  }

  answered({ date }: Readonly<Record<string, string | undefined>>, now: number): void {
    const offset = Date.parse(date ?? "") - now;
    if (Math.abs(offset) < NO_CLOCK) this.#session.clockOffset = Math.abs(offset) < WRONG_CLOCK ? 0 : offset;
  }

  reconsider(): boolean {
    this.#session.tokens.forget(this.#token);
    return true;
  }
}
