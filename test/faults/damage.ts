import type { Damage } from "./history";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A place in a JSON value: the object or list that contains it, and its key. */
interface Place {
  readonly holder: Json[] | { [key: string]: Json };
  readonly key: string;
  readonly value: Json;
}

/** The changed text. */
export interface Damaged {
  readonly text: string;
  /**
   * Texts in it that the vendor never sent, and versions near the damage: a client that cannot use one may use another,
   * such as the Redis release if the patch is missing.
   */
  readonly falseTexts: readonly string[];
}

const VERSION = /^\D{0,12}\d+(\.\d+){1,3}/;
const STATE = /stat(e|us)|operator|progress|stage/i;
const VERSIONS = ["0.0.0.1", "1.2.3.4-1", "99.99.99.99-99999999999999999", "9.9.9", "not a version", "", "4.3.5.2.1.7"];
const STATES: readonly Json[] = ["HIBERNATING", "succeeded?", "", "Running ", 77, -1];
const NUMBERS: readonly Json[] = [0, -1, 1e21, 2 ** 53, 0.5, 1e6];
const TEXTS = [
  "\u001b[2J\u001b[31mowned\u0007",
  "\u202e\u0000",
  "x".repeat(20_000),
  "null",
  "<script>alert(1)</script>",
];
const KEYS = ["__proto__", "constructor", "toString", "hasOwnProperty", "length"];
const OTHERS: readonly Json[] = [null, 7, "text", true, [], {}, [[]], [null]];

/**
 * Changes one place of a JSON text, chosen by `pick`. A text that is not JSON, or has no such place, is truncated.
 */
export function damage(text: string, how: Damage, pick: number): Damaged {
  const root = parse(text);
  if (root === undefined) return { text: text.slice(0, Math.floor(text.length / 2)), falseTexts: [] };
  const places = placesIn(root);
  const fitting = places.filter((place) => fits(place, how));
  const place = choose(fitting.length > 0 ? fitting : places, pick);
  if (place === undefined) return { text: JSON.stringify(choose(OTHERS, pick) ?? null), falseTexts: [] };
  const chance = Math.floor(pick / 1_009);
  const falseTexts = change(place, fitting.length > 0 ? how : "missing", chance);
  return { text: JSON.stringify(root), falseTexts: [...falseTexts, ...versionsOf(place.holder)] };
}

function versionsOf(holder: Place["holder"]): string[] {
  const values: readonly Json[] = Object.values(holder);
  return values.filter((value) => typeof value === "string").filter((text) => VERSION.test(text));
}

/** A body that is not from the vendor. */
export function garbage(pick: number): string {
  const texts = ["", "null", "[]", "{}", "42", '"ok"', "<html></html>", "{", "\u0000\u0001\u0002", "[".repeat(5_000)];
  return choose(texts, pick) ?? "";
}

function parse(text: string): Json | undefined {
  try {
    // JSON.parse returns JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function placesIn(root: Json, found: Place[] = []): Place[] {
  if (typeof root !== "object" || root === null) return found;
  for (const [key, value] of Object.entries(root)) {
    found.push({ holder: root, key, value });
    placesIn(value, found);
  }
  return found;
}

function fits({ key, value, holder }: Place, how: Damage): boolean {
  switch (how) {
    case "version":
      return typeof value === "string" && VERSION.test(value);
    case "state":
      return STATE.test(key) && typeof value !== "object";
    case "number":
      return typeof value === "number";
    case "text":
      return typeof value === "string";
    case "list":
      return Array.isArray(value);
    case "key":
      return !Array.isArray(holder);
    default:
      return true;
  }
}

function change({ holder, key, value }: Place, how: Damage, chance: number): string[] {
  switch (how) {
    case "missing":
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return [];
    case "key":
      Object.defineProperty(holder, choose(KEYS, chance) ?? "", { value, enumerable: true, configurable: true });
      return [];
    case "list":
      put(holder, key, Array.isArray(value) ? listFrom(value, chance) : []);
      return [];
    default: {
      const changed = invented(how, value, chance);
      put(holder, key, changed);
      // The provider accepts a number as a string, because vendors document other types than they send.
      return typeof changed === "string" || typeof changed === "number" ? [String(changed)] : [];
    }
  }
}

function invented(how: Damage, value: Json, chance: number): Json {
  switch (how) {
    case "null":
      return null;
    case "version":
      return versionFrom(String(value), chance);
    case "state":
      return choose(STATES, chance) ?? null;
    case "number":
      return choose(NUMBERS, chance) ?? null;
    case "text":
      return choose(TEXTS, chance) ?? "";
    default:
      return choose(OTHERS, chance) ?? null;
  }
}

/** Another version, or the same with one part a little or much higher or lower. */
function versionFrom(text: string, chance: number): string {
  const parts = [...text.matchAll(/\d+/g)];
  const part = choose(parts, chance);
  if (part === undefined || chance % 3 === 0) return choose(VERSIONS, chance) ?? "";
  const number = BigInt(part[0]) + (choose([-1n, 1n, 10n, -2n], Math.floor(chance / 7)) ?? 0n);
  return text.slice(0, part.index) + (number < 0n ? 0n : number) + text.slice(part.index + part[0].length);
}

/** Empty, doubled, without its first element, or with an invalid element. */
function listFrom(list: readonly Json[], chance: number): Json[] {
  const forms: readonly Json[][] = [[], [...list, ...list], list.slice(1), [...list, null], [...list, { id: "?" }]];
  return choose(forms, chance) ?? [];
}

function put(holder: Place["holder"], key: string, value: Json): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else holder[key] = value;
}

function choose<T>(list: readonly T[], pick: number): T | undefined {
  return list[Math.abs(Math.trunc(pick)) % Math.max(list.length, 1)];
}
