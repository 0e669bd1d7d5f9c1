/** The query of a request target, decoded as the gateway decodes it. */

export type Pair = readonly [name: string, value: string];

/** Percent-decodes; invalid encodings are kept literally. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Names and values in their original order. */
export function queryPairs(target: string, plus: "literal" | "space"): readonly Pair[] {
  const start = target.indexOf("?");
  if (start < 0) return [];
  const text = target.slice(start + 1);
  const parts = text.split("&").filter((part) => part !== "");
  return parts.map((part) => {
    const [name = "", ...rest] = part.split("=");
    return [read(name, plus), read(rest.join("="), plus)];
  });
}

function read(text: string, plus: "literal" | "space"): string {
  return decode(plus === "space" ? text.replaceAll("+", " ") : text);
}
