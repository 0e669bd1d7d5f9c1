import { constants, createCipheriv, createPublicKey, type KeyObject, publicEncrypt, randomBytes } from "node:crypto";
import type { Clock } from "../../core/runtime";
import { compareVersions, formatParts, parseVersion, type Version } from "../../core/version";
import type { AgentInfo } from "./schema";

/**
 * How requests to an agent are sealed.
 * - v2 (agents from 4.2.3.0): the header carries password, expiry, request target and an AES key, encrypted with the
 *   agent's RSA key; the body is encrypted with that AES key. `X-OCS-Header` takes root@sys's password,
 *   `X-OCS-Agent-Header` that of the agent.
 * - v1 (4.2.2.0 only): the header carries password and expiry; the body stays plain.
 */

export type Generation = "v1" | "v2";

/**
 * The generation of requests to an agent, chosen as the official clients do: the first supported one that the agent
 * lists, else by its version.
 */
export function generationOf(info: { version: string; supportedAuth?: readonly string[] | null | undefined }) {
  if (info.supportedAuth) return KNOWN.find((generation) => info.supportedAuth?.includes(generation));
  const version = parseVersion(info.version);
  if (version === undefined) return undefined;
  if (formatParts(version) === V1_VERSION) return "v1";
  return compareVersions(version, FIRST_V2) >= 0 ? "v2" : undefined;
}

const KNOWN: readonly Generation[] = ["v2", "v1"];
const V1_VERSION = "4.2.2.0";
const FIRST_V2: Version = { parts: [4n, 2n, 3n, 0n] };

/** One agent's key. Each agent has its own, and it changes when an upgrade makes keys longer. */
export interface AgentKey {
  readonly key: KeyObject;
  /** Base64 of PKCS#1 DER, as returned by the agent. */
  readonly text: string;
  /** The agent's clock minus ours, in milliseconds. */
  readonly clockOffset: number;
}

export interface Sealed {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SealOptions {
  readonly agent: AgentKey;
  /** In plain text. */
  readonly password: string;
  /** The password is the agent's own, not root@sys's. */
  readonly agentPassword?: boolean;
  /** Default v2. */
  readonly generation?: Generation;
  /** Path and query exactly as sent; the agent compares it byte for byte. */
  readonly target: string;
  readonly body?: string;
  /** Our clock, milliseconds. */
  readonly now: number;
  /** 32 bytes: AES key and IV. Fresh for every request; given only by tests. */
  readonly keys?: Buffer;
}

/** How long a header stays valid, in seconds. The agent checks it only against its own clock. */
const LIFETIME = 900;
const AES = "aes-128-cbc";
const KEY_BYTES = 16;
const PKCS1_PADDING_BYTES = 11;

/** @throws Error when the text is not an RSA key */
export function readAgentKey(publicKey: string, clockOffset: number): AgentKey {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "pkcs1" });
  return { key, text: publicKey, clockOffset };
}

/** Header and body of one request in an agent's generation. */
export function seal(options: SealOptions): Sealed {
  return options.generation === "v1" ? sealV1(options) : sealV2(options);
}

function expiryOf({ now, agent }: SealOptions): number {
  return Math.floor((now + agent.clockOffset) / 1_000) + LIFETIME;
}

function sealV1(options: SealOptions): Sealed {
  const header = JSON.stringify({ password: options.password, ts: expiryOf(options) });
  const headers = {
    "content-type": "application/json",
    "x-ocs-auth": encryptHeader(options.agent.key, header),
  };
  return options.body === undefined ? { headers } : { headers, body: options.body };
}

function sealV2(options: SealOptions): Sealed {
  const keys = options.keys ?? randomBytes(2 * KEY_BYTES);
  const expiry = expiryOf(options);
  const header = JSON.stringify({
    auth: options.password,
    ts: String(expiry),
    uri: options.target,
    keys: keys.toString("base64"),
  });
  const headers = {
    "content-type": "application/json",
    [options.agentPassword === true ? "x-ocs-agent-header" : "x-ocs-header"]: encryptHeader(options.agent.key, header),
  };
  return options.body === undefined ? { headers } : { headers, body: encryptBody(keys, options.body) };
}

/** RSAES-PKCS1-v1_5 over chunks that fit the key; the agent decrypts block by block. */
export function encryptHeader(key: KeyObject, header: string): string {
  const size = (key.asymmetricKeyDetails?.modulusLength ?? 512) / 8 - PKCS1_PADDING_BYTES;
  const bytes = Buffer.from(header, "utf8");
  const blocks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    const chunk = bytes.subarray(start, start + size);
    blocks.push(publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, chunk));
  }
  return Buffer.concat(blocks).toString("base64");
}

/** AES-128-CBC with PKCS#7, as base64 text: that text, unquoted, is the HTTP body. */
export function encryptBody(keys: Buffer, body: string): string {
  const cipher = createCipheriv(AES, keys.subarray(0, KEY_BYTES), keys.subarray(KEY_BYTES));
  return Buffer.concat([cipher.update(body, "utf8"), cipher.final()]).toString("base64");
}

/** How long the header of a read is reused, in milliseconds: far less than its validity. */
const REUSED = 60_000;

type Headers = Sealed["headers"];

/**
 * Cached headers of an agent's reads, by target. A header is valid for any number of reads of its target until it
 * expires. Sealing costs more than the rest of the read, and polling a task repeats the same read.
 */
export class AuthHeaders {
  readonly #clock: Pick<Clock, "elapsed">;
  readonly #make: (target: string) => Headers;
  readonly #made = new Map<string, { readonly headers: Headers; readonly at: number }>();

  constructor(clock: Pick<Clock, "elapsed">, make: (target: string) => Headers) {
    this.#clock = clock;
    this.#make = make;
  }

  to(target: string): Headers {
    const now = this.#clock.elapsed();
    for (const [known, { at }] of this.#made) if (now - at >= REUSED) this.#made.delete(known);
    const cached = this.#made.get(target) ?? { headers: this.#make(target), at: now };
    this.#made.set(target, cached);
    return cached.headers;
  }
}

/** How to seal an upload for an agent. */
export interface Recipient {
  readonly info: AgentInfo;
  readonly generation: Generation;
  /** Base64 of a text encrypted with the agent's RSA key. */
  encrypt(text: string): string;
  /**
   * The headers of a request whose body is encrypted with `keys` (AES key and IV, 32 bytes).
   * @param validFor milliseconds beyond a request's usual validity
   */
  authorize(target: string, validFor: number, keys: Buffer): Readonly<Record<string, string>>;
}
