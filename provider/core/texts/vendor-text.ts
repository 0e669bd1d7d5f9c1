import { hideCredentials } from "../../base/printed-credentials";

/** Maximum length of one vendor text: several of them, a remedy and a code still fit in Pulumi's output. */
const LONGEST = 1_200;
const BETWEEN_LINES = " | ";
const CUT = "…";

/**
 * A vendor's text as a message quotes it: on one line, without credentials printed by the vendor's tools, and without
 * duplicate lines. Long texts keep their end, because logs and stack traces end with the reason. Credentials are
 * removed first: without its label, a password is no longer recognized.
 */
export function vendorText(text: string | readonly string[], longest = LONGEST): string {
  const whole = typeof text === "string" ? text : text.join("\n");
  const lines = hideCredentials(whole)
    .split(/\r\n|[\r\n]/)
    .map((line) => printable(line).replace(/\s+/g, " ").trim())
    .filter((line) => line !== "");
  return lastLines(withoutRepetitions(lines), longest);
}

/** Keeps the last occurrence of each line. */
function withoutRepetitions(lines: readonly string[]): string[] {
  return [...new Set([...lines].reverse())].reverse();
}

/** As many whole lines as fit, from the end; if the last line is too long, its last words. */
function lastLines(lines: readonly string[], longest: number): string {
  const kept: string[] = [];
  let room = longest;
  for (const line of [...lines].reverse()) {
    if (kept.length > 0 && line.length + BETWEEN_LINES.length > room) return `${CUT} ${kept.join(BETWEEN_LINES)}`;
    kept.unshift(line.length > room ? `${CUT} ${lastWords(line.slice(-room))}` : line);
    room -= line.length + BETWEEN_LINES.length;
  }
  return kept.join(BETWEEN_LINES);
}

/** Starts at the first whole word: a fragment of a long code has no meaning, but may be part of a secret. */
function lastWords(end: string): string {
  const start = end.search(/[\s\u0080-\uffff]/);
  return start < 0 ? "" : end.slice(start).trim().toWellFormed();
}

/** Converts a text to one line, without control characters and terminal escapes that a hostile server could send. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (/\s/.test(character) ? " " : ""));
}

/** Elements whose content is not displayed, and comments. */
const UNSEEN = /<(script|style|title)\b[^>]*>[\s\S]*?(?:<\/\1>|$)|<!--[\s\S]*?(?:-->|$)/gi;
const TAG = /<[a-z/!?][^>]*(?:>|$)/gi;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["#39", "'"],
  ["#x27", "'"],
  ["nbsp", " "],
]);

/** The visible text of a web page. */
export function withoutMarkup(page: string): string {
  return page
    .replace(UNSEEN, " ")
    .replace(TAG, " ")
    .replace(/&(#?\w{1,8});/g, (whole, name: string) => ENTITIES.get(name.toLowerCase()) ?? whole);
}
