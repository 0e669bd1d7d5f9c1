import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withoutGenerated } from "./generated";
import { page, pages, proseOf, ROOT } from "./pages";

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

/** Archaic words and metaphors, which no reader should have to translate. */
const FORBIDDEN =
  /\b(whoever|anew|forsak(?:e|en|es)|forsook|mend(?:s|ed|ing)?|ears|books|comes? to light|(?:is|are|was|were|be) away|speaks?|spoken?)\b/i;

/** What is written by people: pages, and sources with their comments, names and messages. */
function written(): [path: string, text: string][] {
  const sources = ["provider", "sdk", "examples", "test"].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.[cm]?ts$/.test(file) && !file.includes("node_modules"))
      .map((file) => join(room, file)),
  );
  const texts = sources.map((path): [string, string] => [path, readFileSync(join(ROOT, path), "utf8")]);
  return [...texts, ...pages().map(({ path, text }): [string, string] => [path, text])];
}

it("no text has words that are not today's technical English", () => {
  const texts = written().filter(([path]) => path !== join("test", "docs", "prose.test.ts"));
  expect(texts.length).toBeGreaterThan(500);
  const lines = texts.flatMap(([path, text]) =>
    text.split("\n").flatMap((line, at) => (FORBIDDEN.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
  expect(lines).toEqual([]);
});
