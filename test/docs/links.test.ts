import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, type Page, page, pages, proseOf, ROOT } from "./pages";

/** Targets of a page's links, images included, that lie in the repository. */
function localLinks(of: Page): string[] {
  const targets = [...proseOf(of).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/i.test(target));
}

/** What is wrong with a link; undefined when it leads somewhere. */
function problem(from: Page, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from.path : join(dirname(from.path), path);
  if (!existsSync(join(ROOT, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (statSync(join(ROOT, file)).isDirectory()) return `${target}: a directory has no anchors`;
  return anchorsOf(page(file)).includes(anchor) ? undefined : `${target}: ${file} has no such heading`;
}

describe("links of the documentation", () => {
  it.each(pages().map((one) => [one.path, one] as const))("%s leads to files and headings that exist", (_, one) => {
    expect(localLinks(one).flatMap((target) => problem(one, target) ?? [])).toEqual([]);
  });

  it("are found, and broken ones are told", () => {
    const links = pages().flatMap(localLinks);
    expect(links.length).toBeGreaterThan(40);
    const from = page("README.md");
    expect(problem(from, "docs/nothing.md")).toContain("there is no docs/nothing.md");
    expect(problem(from, "docs/errors.md#nothing")).toContain("no such heading");
    expect(problem(from, "docs/errors.md#errors")).toBeUndefined();
  });

  it("reach every page from the README", () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      for (const target of localLinks(page(path))) {
        const file = join(dirname(path), target.split("#")[0] ?? "");
        if (file.endsWith(".md")) reached.add(file);
      }
    }
    const docs = pages().filter(({ path }) => path.includes("/"));
    expect(docs.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("README", () => {
  it("is short", () => {
    expect(page("README.md").text.split("\n").length).toBeLessThan(250);
  });
});
