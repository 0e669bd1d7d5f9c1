import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { pathOf, type SimRequest } from "../shell/http";
import { decode, type Pair, queryPairs } from "./query";

/** SDK-HMAC-SHA256 as the gateway computes it over the received request (TaurusDB facts §1b). */

const ALGORITHM = "SDK-HMAC-SHA256";
const AUTHORIZATION = /^SDK-HMAC-SHA256 Access=([^,\s]+), SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})$/;
const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

export interface Authorization {
  readonly access: string;
  /** Lower case, sorted. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

export function parseAuthorization(text: string): Authorization | undefined {
  const [, access, headers, signature] = AUTHORIZATION.exec(text) ?? [];
  if (access === undefined || headers === undefined || signature === undefined) return undefined;
  const signedHeaders = headers.split(";").map((name) => name.toLowerCase());
  return { access, signedHeaders: signedHeaders.sort(), signature };
}

/** Milliseconds since 1970 of an `X-Sdk-Date`, or undefined if it is invalid. */
export function parseSdkDate(text: string): number | undefined {
  const parts = DATE.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const written = new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
  return written === text ? at : undefined;
}

export function canonicalRequest(
  request: SimRequest,
  signedHeaders: readonly string[],
  plus: "literal" | "space",
): string {
  return [
    request.method.toUpperCase(),
    canonicalPath(pathOf(request.target)),
    canonicalQuery(queryPairs(request.target, plus)),
    signedHeaders.map((name) => `${name}:${(request.headers[name] ?? "").trim()}\n`).join(""),
    signedHeaders.join(";"),
    request.headers["x-sdk-content-sha256"] ?? sha256(request.body),
  ].join("\n");
}

/** Decoded, split at the slashes, encoded again; it ends in a slash although the path on the wire does not. */
function canonicalPath(path: string): string {
  const encoded = decode(path).split("/").map(encode).join("/");
  return encoded.endsWith("/") ? encoded : `${encoded}/`;
}

function canonicalQuery(pairs: readonly Pair[]): string {
  const sorted = [...pairs].sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  return sorted.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** RFC 3986: all but `A–Z a–z 0–9 - _ . ~`. */
function encode(text: string): string {
  const bytes = [...Buffer.from(text)];
  return bytes.map((byte) => (UNRESERVED.has(byte) ? String.fromCharCode(byte) : hex(byte))).join("");
}

const UNRESERVED: ReadonlySet<number> = new Set(
  Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"),
);

function hex(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

export function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The secret is the signing key: no derivation, no region, no service. */
export function signatureOf(secret: string, sdkDate: string, canonical: string): string {
  const text = `${ALGORITHM}\n${sdkDate}\n${sha256(canonical)}`;
  return createHmac("sha256", secret).update(text).digest("hex");
}

export function sameSignature(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
