import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const ROOT = join(__dirname, "..", "..");

/** A markdown file of the repository. */
export interface Page {
  /** From the repository's root: `docs/oceanbase.md`. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly page: Page;
  /** The language of the fence: `ts`, `sh`, or empty. */
  readonly language: string;
  readonly text: string;
  /** Line of the fence, from 1. */
  readonly line: number;
}

const SKIPPED = new Set(["node_modules", "dist"]);

export function page(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** All markdown files for users and contributors. */
export function pages(): Page[] {
  const tops = readdirSync(ROOT).filter((name) => name.endsWith(".md"));
  return [...tops, ...markdownIn("docs"), ...markdownIn("examples")].map(page);
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => path.endsWith(".md") && !path.split("/").some((part) => SKIPPED.has(part)));
}

export function blocksOf(page: Page): Block[] {
  const blocks: Block[] = [];
  let open: { indent: string; language: string; line: number; lines: string[] } | undefined;
  page.text.split("\n").forEach((line, index) => {
    const fence = /^(\s*)```(\w*)/.exec(line);
    if (fence === null) {
      open?.lines.push(line.slice(open.indent.length));
    } else if (open === undefined) {
      open = { indent: fence[1] ?? "", language: fence[2] ?? "", line: index + 1, lines: [] };
    } else {
      blocks.push({ page, language: open.language, text: open.lines.join("\n"), line: open.line });
      open = undefined;
    }
  });
  if (open !== undefined) throw new Error(`${page.path}: a code block is not closed`);
  return blocks;
}

/** The text without its code blocks. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^\s*```[\s\S]*?^\s*```$/gm, "");
}

/** Targets of a page's links and images that are not on the web: `errors.md#errors`. */
export function localLinksOf(page: Page): string[] {
  const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/i.test(target));
}

/** Anchors that GitHub generates for headings, and explicit ones. */
export function anchorsOf(page: Page): string[] {
  const prose = proseOf(page);
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  const own = [...prose.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id);
  const made = headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
  return [...made, ...own];
}

/** Rows of all tables whose first heading is `heading`, cells trimmed. */
export function rowsOf(page: Page, heading: string): string[][] {
  const rows: string[][] = [];
  let table: "none" | "wanted" | "other" = "none";
  for (const line of proseOf(page).split("\n")) {
    if (!line.startsWith("|")) {
      table = "none";
      continue;
    }
    const cells = line
      .slice(1, line.lastIndexOf("|"))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    if (table === "none") table = cells[0] === heading ? "wanted" : "other";
    else if (table === "wanted" && !/^-+$/.test(cells[0] ?? "")) rows.push(cells);
  }
  return rows;
}

/** The names in backticks of a cell: "`a`, `b`" → a, b. */
export function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

/** Scripts that a command runs with npm: `npm test`, `npm run test:all`. */
export function scriptsIn(command: string): string[] {
  return [...command.matchAll(/npm (?:run )?([a-z0-9:]+)/g)]
    .map(([, script = ""]) => script)
    .filter((script) => !OF_NPM.has(script));
}

/** Commands of npm that are not scripts. */
const OF_NPM = new Set(["ci", "install", "publish"]);
