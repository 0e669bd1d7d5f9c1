import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
} from "node:crypto";
import { decodeBase64 } from "./gobase64";

/** Bits of an agent's RSA key: 512 before 4.4.2.0, 1024 from it (OBShell facts §1.2). */
export type KeyBits = 512 | 1024 | 2048;

/**
 * Making a key costs far more than an upgrade in virtual time, so keys are made once per process and assigned by
 * number: agents of one cluster never share one, different clusters may.
 */
const pool = new Map<string, string>();

/** An agent's private key as base64 of its PKCS#1 DER: plain data, so that it can be saved with the state. */
export function pooledKey(bits: KeyBits, serial: number): string {
  const name = `${bits}/${serial}`;
  const known = pool.get(name);
  if (known !== undefined) return known;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const made = privateKey.export({ format: "der", type: "pkcs1" }).toString("base64");
  pool.set(name, made);
  return made;
}

interface OpenedKey {
  readonly key: KeyObject;
  readonly blockBytes: number;
  /** Base64 of the PKCS#1 DER public key, as in the response of `GET /api/v1/secret`. */
  readonly publicKey: string;
}

const opened = new Map<string, OpenedKey>();

function open(privateKey: string): OpenedKey {
  const known = opened.get(privateKey);
  if (known !== undefined) return known;
  const key = createPrivateKey({ key: Buffer.from(privateKey, "base64"), format: "der", type: "pkcs1" });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const publicKey = createPublicKey(key).export({ format: "der", type: "pkcs1" }).toString("base64");
  const made = { key, blockBytes: Math.ceil(bits / 8), publicKey };
  opened.set(privateKey, made);
  return made;
}

export function publicKeyOf(privateKey: string): string {
  return open(privateKey).publicKey;
}

export class RsaError extends Error {
  override readonly name = "RsaError";
  override readonly message = "crypto/rsa: decryption error";
}

/** Base64, then RSAES-PKCS1-v1_5 block by block, blocks concatenated (OBShell facts §1.3); or of one block alone. */
export function rsaDecrypt(privateKey: string, text: string, blocks: "one" | "many" = "many"): Buffer {
  const sealed = decodeBase64(text);
  const { key, blockBytes } = open(privateKey);
  if (blocks === "one" && sealed.length !== blockBytes) throw new RsaError();
  const parts: Buffer[] = [];
  for (let at = 0; at < sealed.length; at += blockBytes) {
    parts.push(unpad(decryptBlock(key, sealed.subarray(at, at + blockBytes))));
  }
  return Buffer.concat(parts);
}

/** Clients repeat a header until it expires; to decrypt it again would cost more than everything else in its request. */
const decrypted = new WeakMap<KeyObject, Map<string, Buffer>>();
const MOST_DECRYPTED = 100;

function decryptBlock(key: KeyObject, block: Buffer): Buffer {
  const known = decrypted.get(key) ?? new Map<string, Buffer>();
  decrypted.set(key, known);
  const sealed = block.toString("base64");
  const plain = known.get(sealed) ?? decryptOnce(key, block);
  if (known.size >= MOST_DECRYPTED) known.clear();
  known.set(sealed, plain);
  return plain;
}

function decryptOnce(key: KeyObject, block: Buffer): Buffer {
  try {
    return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block);
  } catch (cause) {
    throw new RsaError(undefined, { cause });
  }
}

/** Node refuses PKCS#1 v1.5 decryption, so the padding `00 02 <at least 8 non-zero> 00` is removed manually. */
function unpad(block: Buffer): Buffer {
  const end = block.indexOf(0, 2);
  if (block[0] !== 0 || block[1] !== 2 || end < 10) throw new RsaError();
  return block.subarray(end + 1);
}
