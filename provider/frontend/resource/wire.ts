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

/** What is kept of the end of a text that is too long: there stand the remedy and the code. */
const LAST_WORDS = 1_000;
const LEFT_OUT = " … ";

/** A text without its middle, if it is too long. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - LAST_WORDS - LEFT_OUT.length)}${LEFT_OUT}${text.slice(-LAST_WORDS)}`;
}
