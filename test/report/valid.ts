import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended", "html-validate:a11y"],
  rules: {
    // Whitespace at line ends and long text matter to authors, not to readers of a drawn page.
    "no-trailing-whitespace": "off",
    "long-title": "off",
    // A file that is opened from disk has no server whose headers could say more.
    "no-inline-style": "error",
    "require-sri": "error",
  },
});

/** What the HTML standard and the accessibility rules have against a page, as `rule: message (line)`. */
export async function faultsOf(page: string): Promise<string[]> {
  const { results } = await validator.validateString(page);
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line }) => `${ruleId}: ${message} (${line})`),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'", "#96": "`" };

/** What a reader sees of a piece of HTML. */
export function textOf(html: string): string {
  return html
    .replace(/<(style|script)>.*?<\/\1>/gs, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&([a-z]+|#\d+);/g, (whole, name) => ENTITIES[name] ?? whole)
    .replace(/\s+/g, " ")
    .trim();
}

/** The rows of the table of databases, by name: the text of each cell. */
export function rowsOf(page: string): Map<string, string[]> {
  const rows = [...page.matchAll(/<tr data-index.*?<\/tr>/gs)].map(([row]) =>
    [...row.matchAll(/<t([hd])\b.*?<\/t\1>/gs)].map(([cell]) => textOf(cell)),
  );
  return new Map(rows.map(([head = "", ...cells]) => [head.split(" ")[0] ?? "", [head, ...cells]]));
}

/** The folded part about one database: its text. */
export function detailsOf(page: string, name: string): string {
  const all = [...page.matchAll(/<details.*?<\/details>/gs)].map(([each]) => each);
  return textOf(all.find((each) => each.includes(`<bdi>${name}</bdi>`)) ?? "");
}
