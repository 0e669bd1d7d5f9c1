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
