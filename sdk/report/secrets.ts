import { isTable } from "../../provider/base/json";
import { hideCredentials } from "../../provider/base/printed-credentials";
import { MASK } from "../../provider/base/printed-value";
import { type Json, member } from "./stack-export";

/** How the state marks special values, and which of them are secrets. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** Redacting shorter ones would make texts unreadable. */
const SHORTEST = 3;
/** The page shows no deeper values. */
const DEEPEST = 12;

/**
 * Removes the secrets of a stack export: encrypted ones, those that `--show-secrets` has decrypted, also where they
 * occur inside other texts, and credentials in the vendor's reasons.
 * @returns a function that copies a value without secrets
 */
export function unsecret(deployment: unknown): (value: unknown) => unknown {
  const mask = maskOf(openSecrets(deployment));
  return (value) => copyOf(value, { text: mask, secret: () => MASK });
}

/** A value with its decrypted secrets; an encrypted one is undefined. Only for callers that log in. */
export function withSecrets(value: unknown): unknown {
  return copyOf(value, { text: (text) => text, secret: plainOf });
}

interface Changes {
  readonly text: (text: string) => string;
  /** Any marked value counts: values with another mark (an asset, a reference) are never shown either. */
  readonly secret: (marked: Json) => unknown;
}

function copyOf(value: unknown, changes: Changes, depth = 0): unknown {
  if (typeof value === "string") return changes.text(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) return undefined;
  if (Array.isArray(value)) return value.map((each) => copyOf(each, changes, depth + 1));
  if (isTable(value) && Object.hasOwn(value, SIGNATURE)) return changes.secret(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [changes.text(key), copyOf(each, changes, depth + 1)]),
  );
}

/** The texts of all decrypted secrets in a stack export. */
export function openSecrets(root: unknown): Set<string> {
  const found = new Set<string>();
  for (const value of valuesIn(root)) {
    for (const inside of valuesIn(plainOf(value))) if (typeof inside === "string") found.add(inside);
  }
  return found;
}

/** The value of a decrypted secret; undefined for anything else. */
function plainOf(value: unknown): unknown {
  const plaintext = member(value, "plaintext");
  if (member(value, SIGNATURE) !== SECRET_SIGNATURE || typeof plaintext !== "string") return undefined;
  try {
    return JSON.parse(plaintext);
  } catch {
    return plaintext;
  }
}

/** A value and all values inside. Not recursive: a hostile file may be nested deeply. */
function* valuesIn(root: unknown): Generator<unknown> {
  const pending = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    yield value;
    if (typeof value === "object" && value !== null) for (const each of Object.values(value)) pending.push(each);
  }
}

function maskOf(secrets: ReadonlySet<string>): (text: string) => string {
  const longestFirst = [...secrets].filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return hideCredentials;
  const any = new RegExp(longestFirst.map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
  return (text) => hideCredentials(text.replace(any, MASK));
}
