import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Encrypts the secrets of one stack; the passphrase lies beside the state, as a stack's key would in a vault. */
export class Sealer {
  readonly #key: Buffer;
  /** What the state says about its secrets, `secrets_providers`. */
  readonly description: { readonly type: string; readonly state: { readonly salt: string } };

  constructor(directory: string) {
    const path = join(directory, "passphrase");
    if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString("base64"), { mode: 0o600 });
    const saltPath = join(directory, "salt");
    if (!existsSync(saltPath)) writeFileSync(saltPath, randomBytes(8).toString("base64"));
    const salt = readFileSync(saltPath, "utf8");
    // A light cost: it protects test data, and every operation derives the key again.
    this.#key = scryptSync(readFileSync(path, "utf8"), salt, 32, { N: 1024 });
    this.description = { type: "passphrase", state: { salt: `v1:${salt}` } };
  }

  /** `v1:<nonce>:<ciphertext and tag>`, in base64, as the passphrase provider of the CLI writes it. */
  seal(plaintext: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
  }

  open(ciphertext: string): string {
    const [version, nonce, sealed] = ciphertext.split(":");
    if (version !== "v1" || !nonce || !sealed) throw new Error("malformed ciphertext in the state");
    const bytes = Buffer.from(sealed, "base64");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, Buffer.from(nonce, "base64"));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString("utf8");
  }
}

/** The same with its secrets in plain text, as `pulumi stack export --show-secrets` writes them. */
export function withPlaintext<T>(value: T, sealer: Sealer): T;
export function withPlaintext(value: unknown, sealer: Sealer): unknown {
  if (Array.isArray(value)) return value.map((member) => withPlaintext(member, sealer));
  if (typeof value !== "object" || value === null) return value;
  const { ciphertext, ...rest } = value as Readonly<Record<string, unknown>>; // any object
  if (typeof ciphertext === "string") return { ...rest, plaintext: sealer.open(ciphertext) };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withPlaintext(member, sealer)]));
}
