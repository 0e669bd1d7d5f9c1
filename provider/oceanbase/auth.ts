import { constants, createCipheriv, createPublicKey, type KeyObject, publicEncrypt, randomBytes } from "node:crypto";

/**
 * obshell's hybrid encryption, generation v2 (agents from 4.2.3.0): the header `X-OCS-Header` carries password, expiry,
 * request target and an AES key, encrypted with the agent's RSA key; the body is encrypted with that AES key.
 */

/** What is known of one agent's key. Each agent has its own, and it changes when an upgrade makes keys longer. */
export interface AgentKey {
  readonly key: KeyObject;
  /** Base64 of PKCS#1 DER, as the agent gave it. */
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
  /** root@sys password, in plain text. */
  readonly password: string;
  /** Path and query exactly as sent; the agent compares it byte for byte. */
  readonly target: string;
  readonly body?: string;
  /** Our clock, milliseconds. */
  readonly now: number;
  /** 32 bytes: AES key and IV. Fresh for every request; given only by tests. */
  readonly keys?: Buffer;
}

/** How long a header stays valid, in seconds. The agent bounds it only by its own clock. */
const LIFETIME = 900;
const AES = "aes-128-cbc";
const KEY_BYTES = 16;
const PKCS1_PADDING_BYTES = 11;

/** @throws Error when the text is not an RSA key */
export function readAgentKey(publicKey: string, clockOffset: number): AgentKey {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "pkcs1" });
  return { key, text: publicKey, clockOffset };
}

/** Header and encrypted body of one request. */
export function seal(options: SealOptions): Sealed {
  const keys = options.keys ?? randomBytes(2 * KEY_BYTES);
  const expiry = Math.floor((options.now + options.agent.clockOffset) / 1_000) + LIFETIME;
  const header = JSON.stringify({
    auth: options.password,
    ts: String(expiry),
    uri: options.target,
    keys: keys.toString("base64"),
  });
  const headers = {
    "content-type": "application/json",
    "x-ocs-header": encryptHeader(options.agent.key, header),
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
