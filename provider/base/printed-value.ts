/** Replaces a secret in a text. */
export const MASK = "[secret]";

/** A value as programs print it: in quotes of any kind and depth, or as a bare word. */
export interface PrintedValue {
  /** Where it begins and ends, without its quotes. */
  readonly from: number;
  readonly to: number;
  /** Where the text continues after its quotes. */
  readonly next: number;
}

/** Includes the escaped forms in JSON (`\"`, `\\\"`), in URLs (`%22`), in HTML, in Go and in Java. */
export const QUOTE = String.raw`(?:\\{0,8}["'${"`"}]|%(?:25){0,3}2[27]|&quot;|&#3[49];|\\{1,8}u002[27])`;
const OPENING = new RegExp(`[ubr]{0,2}(${QUOTE})`, "iy");
/** Characters that can follow a closing quote: `'it's'` is one value, as obshell writes it. */
const AFTER = /[\s,;:.!)\]}>|&+\\"'`%<…/]/;
/** The end of a nested bare word: before a closing quote, or before the next pair of a list. */
const BARE =
  /(?:(?!\\{0,8}["'`](?:[\s,)\]};:]|$))(?![&;,]\\{0,8}["']?[\w.-]{1,64}\\{0,8}["']?[=:])(?!&amp;)(?!(?<=\[secret\])\|)[^\s])+/y;
const BARE_IN_URL = /(?:(?!%(?:25){0,3}(?:2[0267aAcC]|0[aAdD]|7[dD]))[^\s&"'])+/y;
const BARE_IN_TAG = /[^<]+(?=<\/)/y;
const CLOSERS = ")]}>,;.:'\"`";

/** @returns undefined if no value begins here */
export function printedValue(text: string, at: number, inside?: "url" | "tag"): PrintedValue | undefined {
  OPENING.lastIndex = at;
  const [prefixed = "", quote] = OPENING.exec(text) ?? [];
  if (quote !== undefined) return quoted(text, at + prefixed.length, quote);
  const opening = text[at];
  if (opening === "{") return undefined;
  if (opening === "[" && /["']/.test(text[at + 1] ?? "")) return listed(text, at);
  return bare(text, at, inside);
}

function quoted(text: string, from: number, quote: string): PrintedValue {
  const sign = quote.slice(-1);
  const depth = quote.length - 1;
  const written = quote.startsWith("%") || quote.startsWith("&") || (quote.length > 1 && !/["'`]$/.test(quote));
  const to = written ? text.indexOf(quote, from) : closing(text, from, sign, depth);
  // The value was truncated, so its end is unknown.
  if (to < 0) return { from: from - quote.length, to: text.length, next: text.length };
  return { from, to, next: to + quote.length };
}

/** @param depth number of backslashes before the quotes: 0, 1, 3, 7 */
function closing(text: string, from: number, sign: string, depth: number): number {
  for (let at = text.indexOf(sign, from); at >= 0; at = text.indexOf(sign, at + 1)) {
    let slashes = 0;
    while (at - slashes > from && text[at - slashes - 1] === "\\") slashes += 1;
    const after = text[at + 1];
    const doubled = depth === 0 && sign === "'" && after === sign && /[^\s,;)\]}]/.test(text[at + 2] ?? " ");
    if (doubled) at += 1;
    else if ((slashes - depth) % (2 * (depth + 1)) === 0 && (after === undefined || AFTER.test(after))) {
      return at - depth;
    }
  }
  return -1;
}

function listed(text: string, at: number): PrintedValue {
  const end = text.indexOf("]", at);
  const to = end < 0 ? text.length : end + 1;
  return { from: at, to, next: to };
}

function bare(text: string, at: number, inside: "url" | "tag" | undefined): PrintedValue | undefined {
  const pattern = inside === "url" ? BARE_IN_URL : inside === "tag" ? BARE_IN_TAG : BARE;
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0] ?? "";
  let length = found.length;
  // The mask of an earlier redaction also ends with a bracket.
  while (length > 0 && CLOSERS.includes(found[length - 1] ?? "") && !found.slice(0, length).endsWith(MASK)) length -= 1;
  return length === 0 ? undefined : { from: at, to: at + length, next: at + length };
}
