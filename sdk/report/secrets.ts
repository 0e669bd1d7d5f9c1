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
  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return mask(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > DEEPEST) return undefined;
    if (Array.isArray(value)) return value.map((each) => copy(each, depth + 1));
    if (isSecret(value)) return MASK;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [mask(key), copy(each, depth + 1)]));
  };
  return (value) => copy(value, 0);
}

/** A value with its decrypted secrets; an encrypted one is undefined. Only for callers that log in. */
export function withSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) return undefined;
  if (Array.isArray(value)) return value.map((each) => withSecrets(each, depth + 1));
  if (isSecret(value)) return plainOf(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withSecrets(each, depth + 1)]));
}

function plainOf(value: object): unknown {
  const plaintext = member(value, "plaintext");
  if (member(value, SIGNATURE) !== SECRET_SIGNATURE || typeof plaintext !== "string") return undefined;
  try {
    return JSON.parse(plaintext);
  } catch {
    return plaintext;
  }
}

/** Any marked value counts: values with another mark (an asset, a reference) are never shown either. */
function isSecret(value: object): boolean {
  return Object.hasOwn(value, SIGNATURE);
}

/** The texts of all decrypted secrets in a stack export. Not recursive: a hostile file may be nested deeply. */
export function openSecrets(root: unknown): Set<string> {
  const found = new Set<string>();
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) for (const each of value) pending.push(each);
    else if (isTable(value)) {
      for (const text of textsInside(value)) found.add(text);
      for (const each of Object.values(value)) pending.push(each);
    }
  }
  return found;
}

function textsInside(value: Json): string[] {
  if (member(value, SIGNATURE) !== SECRET_SIGNATURE) return [];
  const plaintext = member(value, "plaintext");
  if (typeof plaintext !== "string") return [];
  try {
    return leavesOf(JSON.parse(plaintext));
  } catch {
    return [plaintext];
  }
}

function leavesOf(root: unknown): string[] {
  const leaves: string[] = [];
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === "string") leaves.push(value);
    else if (typeof value === "object" && value !== null) for (const each of Object.values(value)) pending.push(each);
  }
  return leaves;
}

function maskOf(secrets: ReadonlySet<string>): (text: string) => string {
  const longestFirst = [...secrets].filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return hideCredentials;
  const any = new RegExp(longestFirst.map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
  return (text) => hideCredentials(text.replace(any, MASK));
}
