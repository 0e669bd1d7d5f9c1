import type { Credentials } from "./credentials";
import type { Session } from "./session";
import { canonicalRequest, type Signable, sdkDate, sign } from "./signer";
import type { Token } from "./tokens";

/** Shows the gateway who calls. */
export interface Authenticator {
  /** The headers to send: those of the request, and those that prove who calls. */
  headers(request: Signable, now: number): Readonly<Record<string, string>>;
  /**
   * After the gateway has refused it.
   * @returns whether something was learned, so that the call can be tried once more
   */
  reconsider(answered: Readonly<Record<string, string | undefined>>, now: number): boolean;
  /** After every answer, where that shows something that no refusal would. */
  answered?(answered: Readonly<Record<string, string | undefined>>, now: number): void;
  /** The text that was signed last, lines parted by `|`, without secrets. */
  readonly signed?: string | undefined;
}

/** Farther apart than this, our clock is why a signature is refused: the gateway allows 15 minutes. */
const WRONG_CLOCK = 5 * 60_000;
/** Farther apart than a century, it is no clock: by the end of time nothing could be signed any more. */
const NO_CLOCK = 100 * 365 * 24 * 60 * 60_000;

type Key = Omit<Extract<Credentials, { kind: "key" }>, "kind">;

/** A signature, by the server's clock. The gateway locks a key after five bad ones: it is never tried again unchanged. */
export class KeyAuthenticator implements Authenticator {
  readonly #session: Session;
  readonly #key: Key;
  /** The offset by which it was signed last. */
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
    // Another call may have learned it in the meantime.
    return this.#isOff(this.#session.clockOffset);
  }

  #isOff(offset: number): boolean {
    return Math.abs(offset - this.#offset) >= WRONG_CLOCK;
  }
}

/**
 * A token: it may have expired early, so another one is taken. No clock of ours is ever refused with it, but times in queries
 * are the server's.
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
