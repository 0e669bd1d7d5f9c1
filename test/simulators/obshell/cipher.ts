import { createDecipheriv } from "node:crypto";
import { Panic, Refusal } from "./errors";
import { Base64Error, decodeBase64, decodeBase64Leniently } from "./gobase64";
import { decodeStruct, GoJsonError, type StructShape, stringField } from "./gojson";
import { RsaError, rsaDecrypt } from "./keys";

/** The decrypted X-OCS-Header (OBShell facts §1.3). */
export interface OcsHeader {
  readonly auth: string;
  /** Expiry, Unix seconds, as text. */
  readonly ts: string;
  readonly uri: string;
  /** AES key and iv, 32 bytes when there is a body. */
  readonly keys: Buffer;
  readonly sessionId: string;
}

const HEADER: StructShape = {
  name: "secure.HttpHeader",
  fields: {
    session_id: "string",
    Auth: "string",
    Ts: "string",
    Token: "string",
    ssotoken: "string",
    Uri: "string",
    Keys: "bytes",
    Sha256: "string",
    ForwardType: "int",
    ForwardAgent: "struct",
  },
};

const FIRST_HEADER: StructShape = { name: "secure.Auth", fields: { Password: "string", Ts: "int" } };

/** Decrypts an X-OCS-Auth: password and expiry, not bound to a request. */
export function decryptFirstHeader(privateKey: string, text: string, blocks: "one" | "many"): OcsHeader {
  return refusing(() => {
    const values = decodeStruct(rsaDecrypt(privateKey, text, blocks).toString("utf8"), FIRST_HEADER);
    const { Ts: ts = 0 } = values;
    return { auth: stringField(values, "Password"), ts: String(ts), uri: "", keys: Buffer.alloc(0), sessionId: "" };
  });
}

/** Every failure is one error with Go's reason. */
function refusing<T>(decrypt: () => T): T {
  try {
    return decrypt();
  } catch (error) {
    if (!(error instanceof GoJsonError || error instanceof RsaError || error instanceof Base64Error)) throw error;
    throw new Refusal("Security.Authentication.Header.DecryptFailed", { args: [error.message], early: true });
  }
}

const KEY_BYTES = 16;
const BLOCK = 16;

/** Decrypts RSA and parses JSON. */
export function decryptHeader(privateKey: string, text: string): OcsHeader {
  return refusing(() => {
    const values = decodeStruct(rsaDecrypt(privateKey, text).toString("utf8"), HEADER);
    return {
      auth: stringField(values, "Auth"),
      ts: stringField(values, "Ts"),
      uri: stringField(values, "Uri"),
      keys: decodeBase64(stringField(values, "Keys")),
      sessionId: stringField(values, "session_id"),
    };
  });
}

/**
 * Undoes base64 and AES-128-CBC. obshell ignores a base64 error, panics on an iv that is not 16 bytes, on an empty
 * plaintext and on a padding byte beyond the text, and checks nothing else about the padding (OBShell live facts §2.1).
 */
export function decryptBody(body: Buffer, keys: Buffer): Buffer {
  if (keys.length < KEY_BYTES) throw new Refusal("Request.Body.Decrypt.AES.KeyAndIv.Invalid", { early: true });
  const iv = keys.subarray(KEY_BYTES);
  const sealed = decodeBase64Leniently(body.toString("latin1"));
  if (iv.length !== BLOCK) throw new Panic("IV length must equal block size", true);
  if (sealed.length % BLOCK !== 0) throw new Refusal("Request.Body.Decrypt.AES.ContentLength.Invalid", { early: true });
  const decipher = createDecipheriv("aes-128-cbc", keys.subarray(0, KEY_BYTES), iv).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(sealed), decipher.final()]);
  const padding = padded.at(-1);
  if (padding === undefined || padding > padded.length) throw new Panic("slice bounds out of range", true);
  return padded.subarray(0, padded.length - padding);
}
