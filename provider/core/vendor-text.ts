import { hideCredentials } from "../base/printed-credentials";
import { printable } from "./printable";

/** Characters of one vendor's text in a message: several of them, a remedy and a code still fit in what Pulumi shows. */
const LONGEST = 1_200;
const BETWEEN_LINES = " | ";
const CUT = "…";

/**
 * What a vendor said, as a message quotes it: on one line, without the credentials that its tools print, no line twice, and of a
 * long text the end, because a log and a stack trace end with the reason. Credentials go first: cut off from its label, a password
 * is no longer recognised.
 */
export function vendorText(said: string | readonly string[], longest = LONGEST): string {
  const whole = typeof said === "string" ? said : said.join("\n");
  const lines = hideCredentials(whole)
    .split(/\r\n|[\r\n]/)
    .map((line) => printable(line).replace(/\s+/g, " ").trim())
    .filter((line) => line !== "");
  return lastLines(withoutRepetitions(lines), longest);
}

/** Each line where it stood last. */
function withoutRepetitions(lines: readonly string[]): string[] {
  return [...new Set([...lines].reverse())].reverse();
}

/** As many whole lines as fit, from the end; of a last line that is longer alone, its last words. */
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

/** From the first whole word on: what is left of a long code would say nothing, but may be a part of a secret. */
function lastWords(end: string): string {
  const start = end.search(/[\s\u0080-\uffff]/);
  return start < 0 ? "" : end.slice(start).trim().toWellFormed();
}
