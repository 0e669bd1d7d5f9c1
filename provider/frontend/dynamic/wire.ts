/**
 * What may travel back to the engine. One `undefined`, bigint or function in a result makes the SDK fail after the work
 * is done, in a partial failure it makes it hang for ever; so nothing leaves without passing here.
 */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/**
 * A value as plain JSON: undefined members are dropped, bigints become texts, numbers that JSON has not become null.
 * @throws TypeError for functions and symbols: a fault of this package, not of its user
 */
export function toWire(value: unknown): Wire {
  switch (typeof value) {
    case "boolean":
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "bigint":
      return value.toString();
    case "undefined":
      return null;
    case "object":
      return objectToWire(value);
    default:
      throw new TypeError(`a ${typeof value} cannot be sent to the engine`);
  }
}

function objectToWire(value: object | null): Wire {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(toWire);
  if (value instanceof Date) return value.toISOString();
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, toWire(member)]));
}

/** A partial failure travels in an HTTP/2 header; beyond 64 KiB it is silently lost and the engine waits for ever. */
const PARTIAL_FAILURE_BYTES = 48 * 1024;

/** Characters of a reason that travel. */
const LONGEST_REASON = 4_000;
/** What is kept of the end of a text that is too long: there stand the remedy and the code. */
const LAST_WORDS = 1_000;
const LEFT_OUT = " … ";

/** A text without its middle, if it is too long. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - LAST_WORDS - LEFT_OUT.length)}${LEFT_OUT}${text.slice(-LAST_WORDS)}`;
}

/** The last to go: what the next run needs to go on. */
const NEEDED = new Set(["status", "version", "redisVersion", "modules", "lastUpgrade"]);

/** What can be left out, the most expendable first: the members, then the largest arguments, the task last. */
function expendable(properties: Record<string, unknown>): string[] {
  const rest = Object.keys(properties).filter((key) => !key.startsWith("__") && key !== "members" && !NEEDED.has(key));
  const size = (key: string) => sizeOf(properties[key], []);
  return ["members", ...rest.sort((a, b) => size(b) - size(a)), "lastUpgrade"];
}

/** Properties and reasons of a partial failure, cut to what fits. */
export function fitPartialFailure(
  properties: Record<string, unknown>,
  reasons: readonly string[],
): { properties: Record<string, Wire>; reasons: string[] } {
  const fitting = reasons.map((reason) => shortened(reason, LONGEST_REASON));
  const kept = { ...properties };
  for (const key of expendable(kept)) {
    if (fits(kept, fitting)) break;
    if (key === "problems") kept[key] = shrunk(kept[key], (rest) => fits({ ...kept, [key]: rest }, fitting));
    else delete kept[key];
  }
  const wire = toWire(kept);
  return { properties: isRecord(wire) ? wire : {}, reasons: fitting };
}

/** The first half of a table, a quarter of it, and so on, until it is small enough: every one of its reasons is of use. */
function shrunk(table: unknown, isSmall: (rest: object) => boolean): object {
  let rest = Object.entries(Object(table));
  while (rest.length > 0 && !isSmall(Object.fromEntries(rest))) rest = rest.slice(0, rest.length >> 1);
  return Object.fromEntries(rest);
}

function fits(properties: Record<string, unknown>, reasons: readonly string[]): boolean {
  return sizeOf(properties, reasons) <= PARTIAL_FAILURE_BYTES;
}

function sizeOf(properties: unknown, reasons: readonly string[]): number {
  return Buffer.byteLength(JSON.stringify(toWire(properties))) + Buffer.byteLength(JSON.stringify(reasons));
}

function isRecord(value: Wire): value is { [key: string]: Wire } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
