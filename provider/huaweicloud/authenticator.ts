import { createHash, createHmac } from "node:crypto";
import type { Credentials } from "./arguments";
import type { Session } from "./connection";
import type { Token } from "./tokens";

/** Authenticates requests to the gateway. */
export interface Authenticator {
  /** The headers to send: those of the request, and those that authenticate it. */
  headers(request: Signable, now: number): Readonly<Record<string, string>>;
  /**
   * Called after the gateway has refused the request.
   * @returns whether it has new information, so that a retry may succeed
   */
  reconsider(headers: Readonly<Record<string, string | undefined>>, now: number): boolean;
  /** Called after every response, for information that no refusal would contain. */
  responded?(headers: Readonly<Record<string, string | undefined>>, now: number): void;
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

  responded({ date }: Readonly<Record<string, string | undefined>>, now: number): void {
    const offset = Date.parse(date ?? "") - now;
    if (Math.abs(offset) < NO_CLOCK) this.#session.clockOffset = Math.abs(offset) < WRONG_CLOCK ? 0 : offset;
  }

  reconsider(): boolean {
    this.#session.tokens.forget(this.#token);
    return true;
  }
}

/**
 * A request as it is signed with `SDK-HMAC-SHA256`, the signature of Huawei Cloud's API gateway. Every header given here is signed; names in lower case, `host` and `x-sdk-date` among them.
 */
export interface Signable {
  readonly method: string;
  /** Path and query exactly as sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface AccessKey {
  readonly accessKey: string;
  readonly secretKey: string;
}

const ALGORITHM = "SDK-HMAC-SHA256";

/** The `Authorization` header. The secret key signs directly: no key is derived from it. */
export function sign(request: Signable, { accessKey, secretKey }: AccessKey): string {
  const text = [ALGORITHM, request.headers["x-sdk-date"] ?? "", sha256(canonicalRequest(request))].join("\n");
  const signature = createHmac("sha256", secretKey).update(text).digest("hex");
  return `${ALGORITHM} Access=${accessKey}, SignedHeaders=${namesOf(request).join(";")}, Signature=${signature}`;
}

/**
 * The text whose hash is signed. The gateway builds the same text from what it received, and returns it when they
 * differ.
 */
export function canonicalRequest(request: Signable): string {
  const { method, target, headers, body = "" } = request;
  const [path = "", ...query] = target.split("?");
  const names = namesOf(request);
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query.join("?")),
    names.map((name) => `${name}:${(headers[name] ?? "").trim()}\n`).join(""),
    names.join(";"),
    sha256(body),
  ].join("\n");
}

/** `20260101T000000Z` */
export function sdkDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** Parameters of a request. Those that are undefined are omitted. */
export type Query = Readonly<Record<string, string | undefined>>;

/** Path and query as they are sent: the query in the canonical encoding, a space as %20 and never as `+`. */
export function targetOf(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : `${encode(name)}=${encode(value)}`,
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

/** RFC 3986: everything but `A–Z a–z 0–9 - _ . ~`. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function namesOf({ headers }: Signable): string[] {
  return Object.keys(headers).sort();
}

/** The trailing slash is only signed, never sent. */
function canonicalPath(path: string): string {
  const encoded = decode(path).split("/").map(encode).join("/");
  return encoded.endsWith("/") ? encoded : `${encoded}/`;
}

function canonicalQuery(query: string): string {
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [decode(name), decode(value.join("="))] as const;
    });
  pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Text that is not valid encoding is used unchanged. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sha256(data: string): string {
  return createHash("sha256").update(data).digest("hex");
}
