/**
 * Values that can be returned to the engine. One `undefined`, bigint or function in a result makes the SDK fail after
 * the work is done, and in a partial failure it makes it hang forever. All results are therefore converted here.
 */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/**
 * Converts a value to plain JSON: undefined members are removed, bigints become strings, numbers that JSON does not
 * support become null.
 * @throws TypeError for functions and symbols, which indicate a bug in this package
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

/** How much of the end of a long text is kept, because it contains the remedy and the code. */
const LAST_WORDS = 1_000;
const LEFT_OUT = " … ";

/** Removes the middle of a text that is too long. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - LAST_WORDS - LEFT_OUT.length)}${LEFT_OUT}${text.slice(-LAST_WORDS)}`;
}
