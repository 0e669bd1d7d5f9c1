import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, localLinksOf, type Page, page, pages, ROOT, rowsOf } from "./pages";

/** The problem of a link; undefined if its target exists. */
function problem(from: Page, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from.path : join(dirname(from.path), path);
  if (!existsSync(join(ROOT, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (statSync(join(ROOT, file)).isDirectory()) return `${target}: a directory has no anchors`;
  return anchorsOf(page(file)).includes(anchor) ? undefined : `${target}: ${file} has no such heading`;
}

/** The folders that paths of sources on pages are relative to. */
const FOLDERS = ["", "provider", "test"];

/** Paths of sources on a page: `core/decision/plan.ts`. */
function sourcesNamedIn({ text }: Page): string[] {
  return [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.m?ts)`/g)].map(([, name = ""]) => name);
}

function isSource(name: string): boolean {
  return FOLDERS.some((folder) => existsSync(join(ROOT, folder, name)));
}

describe("the links of the documentation", () => {
  it.each(pages().map((one) => [one.path, one] as const))("of %s lead to existing files and headings", (_, one) => {
    expect(localLinksOf(one).flatMap((target) => problem(one, target) ?? [])).toEqual([]);
  });

  it("are found, and broken links are reported", () => {
    const links = pages().flatMap(localLinksOf);
    expect(links.length).toBeGreaterThan(40);
    const from = page("README.md");
    expect(problem(from, "docs/nothing.md")).toContain("there is no docs/nothing.md");
    expect(problem(from, "docs/errors.md#nothing")).toContain("no such heading");
    expect(problem(from, "docs/errors.md#errors")).toBeUndefined();
  });

  it.each(pages().map((one) => [one.path, one] as const))("to sources in %s lead to existing files", (_, one) => {
    expect(sourcesNamedIn(one).filter((name) => !isSource(name) && !isPlanned(one.path, name))).toEqual([]);
  });

  it("to sources are found, and missing sources are reported", () => {
    expect(pages().flatMap(sourcesNamedIn).length).toBeGreaterThan(100);
    expect(
      ["core/decision/plan.ts", "core/plan.test.ts", "vitest.config.mts"].filter((name) => !isSource(name)),
    ).toEqual([]);
    expect(isSource("core/nothing.ts")).toBe(false);
  });

  it("lead from the README to every page", () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      for (const target of localLinksOf(page(path))) {
        const file = join(dirname(path), target.split("#")[0] ?? "");
        if (file.endsWith(".md")) reached.add(file);
      }
    }
    const docs = pages().filter(({ path }) => path.includes("/"));
    expect(docs.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("the table of contents", () => {
  it("lists every page, each with a description", () => {
    const rows = rowsOf(page("docs/README.md"), "page");
    const listed = rows.map(([link = ""]) => join("docs", /\]\(([^)#]+)\)/.exec(link)?.[1] ?? ""));
    const docs = pages().map(({ path }) => path);
    expect(listed.sort()).toEqual(docs.filter((path) => /^docs\/(?!README)/.test(path)).sort());
    expect(rows.filter(([, line = ""]) => line.length < 15)).toEqual([]);
  });
});

/** The page about adding a system names files of the example system. */
function isPlanned(page: string, name: string): boolean {
  return page === "docs/adding-a-system.md" && /(?:^|\/)rds[/.-]/.test(name);
}
