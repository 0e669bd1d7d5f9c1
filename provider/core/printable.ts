/**
 * On one line, without control characters and terminal escapes, which a hostile server could send to a person's screen.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (/\s/.test(character) ? " " : ""));
}

/** The same for every text of a value, the names of its members too. */
export function harmless<T>(value: T): T;
export function harmless(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map((item) => harmless(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [printable(name), harmless(member)]));
}
