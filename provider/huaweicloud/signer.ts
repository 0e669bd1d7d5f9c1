import { createHash, createHmac } from "node:crypto";

/** `SDK-HMAC-SHA256`: the request signature of Huawei Cloud's API gateway. Pure. */

/**
 * A request as it is sent. Every header given here is signed; names in lower case, `host` and `x-sdk-date` among them.
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

/** Path and query as they are sent: the query in the canonical encoding, a space as %20 and never as `+`. */
export function targetOf(path: string, query: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
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
