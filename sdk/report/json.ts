import { isTable } from "../../provider/base/json";

/** A JSON object from an untrusted source. */
export type Json = Readonly<Record<string, unknown>>;

/** Its own member of that name: nothing that every object inherits. */
export function member(object: unknown, name: string): unknown {
  return isTable(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The members of a list; anything else has none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text or number as text, as short as `longest`; undefined for anything else, and for an empty text. */
export function textOf(value: unknown, longest = 200): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string" || value === "") return undefined;
  return value.length <= longest ? value : `${value.slice(0, longest).toWellFormed()}…`;
}
