import { describe, expect, it } from "vitest";
import { withoutGenerated } from "./generated";
import { page, pages, proseOf } from "./pages";

/** Shorter ones are sentences that a page needs to be complete. */
const LONG = 150;

/** Paragraphs of a text, tables and headings left out, as one line each. */
function paragraphsOf(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .filter((one) => !/^\s*[|#<]/.test(one))
    .map((one) => one.trim().replaceAll(/\s+/g, " "))
    .filter((one) => one.length > LONG);
}

describe("the documentation", () => {
  it("says nothing twice", () => {
    const places = new Map<string, string[]>();
    for (const one of pages()) {
      for (const paragraph of paragraphsOf(proseOf({ ...one, text: withoutGenerated(one) }))) {
        places.set(paragraph, [...(places.get(paragraph) ?? []), one.path]);
      }
    }
    expect(places.size).toBeGreaterThan(100);
    expect([...places].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });

  it("shows no paragraph where there is none", () => {
    const long = "A sentence of many words. ".repeat(10);
    expect(paragraphsOf(`# ${long}\n\n| ${long} |\n\n${long}\n\nshort\n`)).toEqual([long.trim()]);
  });

  it("has a README of fewer than 250 lines", () => {
    expect(page("README.md").text.split("\n").length).toBeLessThan(250);
  });
});
