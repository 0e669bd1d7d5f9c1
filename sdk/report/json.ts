/** A JSON object from an untrusted source. */
export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Its own member of that name: nothing that every object inherits. */
export function member(object: unknown, name: string): unknown {
  return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
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
