import crypto, { type KeyObject } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/**
 * Ideal RSA: what was encrypted for a key can be decrypted with that key only. Real RSA would take most of the time of a
 * history. `publicEncrypt` returns a number as the ciphertext, and `privateDecrypt` returns its padded block. Formats,
 * lengths and errors are those of RSA. Other ciphertexts are decrypted with real RSA.
 */
interface Sealed {
  readonly modulus: string;
  readonly block: Buffer;
}

const real = { publicEncrypt: crypto.publicEncrypt, privateDecrypt: crypto.privateDecrypt };
const moduli = new WeakMap<KeyObject, { readonly modulus: string; readonly bytes: number }>();
/** PKCS#1 v1.5: 00 02, eight bytes of padding, 00. */
const OVERHEAD = 11;
/** Identifies a number. A real ciphertext begins with this text with a probability of 2^-80. */
const MARK = Buffer.from("ideal rsa.");

let sealed: Sealed[] = [];
/** The number of the first of them; no number is used twice. */
let first = 0;
let ideal = true;

/** Replaces RSA in this process. @returns a function that restores real RSA */
export function installIdealRsa(): () => void {
  Object.assign(crypto, { publicEncrypt: encrypt, privateDecrypt: decrypt });
  syncBuiltinESMExports();
  return () => {
    Object.assign(crypto, real);
    syncBuiltinESMExports();
  };
}

/** Discards the ciphertexts of earlier histories. @param really whether to use real RSA */
export function resetRsa(really: boolean): void {
  first += sealed.length;
  sealed = [];
  ideal = !really;
}

interface Options {
  readonly key: KeyObject;
  readonly padding?: number;
}

function encrypt(options: Options, block: Buffer): Buffer {
  if (!ideal) return real.publicEncrypt(options, block);
  const { modulus, bytes } = modulusOf(options.key);
  if (block.length > bytes - OVERHEAD) throw new Error("error:0200006E:rsa routines::data too large for key size");
  const padded = Buffer.alloc(bytes, 0xff);
  padded[0] = 0;
  padded[1] = 2;
  padded[bytes - block.length - 1] = 0;
  padded.set(block, bytes - block.length);
  const ciphertext = Buffer.alloc(bytes);
  ciphertext.set(MARK);
  ciphertext.writeUInt32BE(first + sealed.push({ modulus, block: padded }) - 1, bytes - 4);
  return ciphertext;
}

function decrypt(options: Options, ciphertext: Buffer): Buffer {
  const { modulus, bytes } = modulusOf(options.key);
  if (ciphertext.length < bytes || !ciphertext.subarray(0, MARK.length).equals(MARK)) {
    return real.privateDecrypt(options, ciphertext);
  }
  const found = sealed[ciphertext.readUInt32BE(ciphertext.length - 4) - first];
  // With another key the result is noise.
  return found?.modulus === modulus ? found.block : Buffer.alloc(bytes, 0x5a);
}

function modulusOf(key: KeyObject): { readonly modulus: string; readonly bytes: number } {
  const known = moduli.get(key);
  if (known !== undefined) return known;
  const { n = "" } = (key.type === "private" ? crypto.createPublicKey(key) : key).export({ format: "jwk" });
  const made = { modulus: n, bytes: Buffer.from(n, "base64url").length };
  moduli.set(key, made);
  return made;
}
