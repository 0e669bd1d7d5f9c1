import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { withoutGenerated } from "./generated";
import { page, pages, proseOf, ROOT } from "./pages";
import { COMMANDS, LABELS, PERMISSIONS, REQUESTS } from "./vendor-names";

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
  it("contains no paragraph twice", () => {
    const places = new Map<string, string[]>();
    for (const one of pages()) {
      for (const paragraph of paragraphsOf(proseOf({ ...one, text: withoutGenerated(one) }))) {
        places.set(paragraph, [...(places.get(paragraph) ?? []), one.path]);
      }
    }
    expect(places.size).toBeGreaterThan(100);
    expect([...places].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });

  it("is compared without tables, headings and short paragraphs", () => {
    const long = "A sentence of many words. ".repeat(10);
    expect(paragraphsOf(`# ${long}\n\n| ${long} |\n\n${long}\n\nshort\n`)).toEqual([long.trim()]);
  });

  it("has a README of fewer than 250 lines", () => {
    expect(page("README.md").text.split("\n").length).toBeLessThan(250);
  });
});

/** Archaic words and metaphors. */
const FORBIDDEN =
  /\b(whoever|anew|forsak(?:e|en|es)|forsook|mend(?:s|ed|ing)?|ears|books|comes? to light|(?:is|are|was|were|be) away|speaks?|spoken?)\b/i;

/** Everything that people write: pages, and sources with their comments, names and messages. */
function written(): [path: string, text: string][] {
  const sources = ["provider", "sdk", "examples", "test"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.[cm]?ts$/.test(file) && !file.includes("node_modules"))
      .map((file) => join(folder, file)),
  );
  const texts = sources.map((path): [string, string] => [path, readFileSync(join(ROOT, path), "utf8")]);
  return [...texts, ...pages().map(({ path, text }): [string, string] => [path, text])];
}

it("no text contains archaic words or metaphors", () => {
  const texts = written().filter(([path]) => path !== join("test", "docs", "prose.test.ts"));
  expect(texts.length).toBeGreaterThan(500);
  const lines = texts.flatMap(([path, text]) =>
    text.split("\n").flatMap((line, at) => (FORBIDDEN.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
  expect(lines).toEqual([]);
});

/**
 * Phrases that a native speaker would rephrase, with what to write instead. Names in code, in backticks or blocks of code, and the
 * anchors of pages are not prose.
 */
const REPHRASED: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/(?<!\bto )\b(?:un)?pins?\b/i, "resource, target version"],
  [/\b(?:house|rooms?)\b/i, "architecture, folder"],
  [/\bleads? over\b|\bhas no way (?:there|from)\b|\bthe way (?:there|to)\b/i, "upgrade path; requires … first"],
  [/\bgo(?:es)? on\b(?! to\b)/i, "continue, resume"],
  [
    /\bno answer\b|\bnobody answers?\b|\bdoes not answer\b|\bthat answers?\b|\ba lost (?:answer|reply)\b/i,
    "no response, does not respond",
  ],
  [/\b(?:an?|the|last|its|their|complete) answers?\b/i, "response"],
  [/\bright is\b|\bevery time is right\b/i, "Example: …"],
  [/\bcannot be (?:known|had)\b/i, "it is unknown whether; can no longer be reached"],
  [/\bwaits? for (?:its|their) (?:maintenance )?windows?\b/i, "is scheduled for its maintenance window"],
  [/\bwhat runs\b|\bwhich runs now\b|\bsomething newer runs\b/i, "current version; a newer version is running"],
  [/\b(?:is|are) not there\b(?! yet)/i, "does not exist"],
  [/\bholds? the pin\b|\bpins? that hold\b/i, "is up to date"],
  [/\bnothing was asked for\b|\basked for by\b|\bcannot be asked\b|\bis asked of\b/i, "nothing was requested"],
  [/\bcannot be told\b|\bis told\b|\bare told\b|\bthat they tell\b|\bdoes not tell\b/i, "is reported, is unknown"],
  [
    /\b(?:and|error|the preview|the message|service) says so\b|\bwhatever [a-z]+ says?\b|\bsays otherwise\b/i,
    "reports this",
  ],
  [/\bwas refused for its (?:credentials|size)\b/i, "rejected because of …"],
  [/\bis not a response of\b|\bresponse is not of\b/i, "is not from"],
  [/\btakes? no package without\b|\bas the vendor publishes it\b/i, "requires; as published by the vendor"],
  [/\bunknown shape\b/i, "unexpected format"],
  [/\bwith (?:a|the) response that cannot be read\b/i, "the response cannot be parsed"],
  [
    /\bthe (?:next|first|last) looks?\b|\blast looks\b|\blooks? (?:at it|less often|more often|again)\b|\blooking again\b/i,
    "read, poll",
  ],
  [/\bname (?:the (?:agents|nodes) themselves|their files|its file)\b/i, "list in `endpoints`, add to `packages`"],
  [/\bleft alone\b|\bleft as it (?:is|was)\b|\bstay as they are\b/i, "not changed"],
  [/\ball the same\b/i, "anyway"],
  [/\bby somebody\b|\bsomebody else\b|\bnobody but\b|\bstrangers\b/i, "name who does it"],
  [/\bcut off\b/i, "interrupted, truncated"],
  [/\blearnt\b|\brecognised\b|\bcancelled\b|\bcancelling\b|\bbehaviour\b|\bsynchronisation\b/i, "American spelling"],
];

/** Prose of the pages: without blocks, names in backticks, targets of links, and what is generated from sources. */
function proseLines(): [where: string, line: string][] {
  return pages().flatMap((one) => {
    const prose = proseOf({ ...one, text: withoutGenerated(one) })
      .replaceAll(/`[^`\n]*`/g, "``")
      .replaceAll(/\]\([^)\s]*\)/g, "]");
    return prose.split("\n").map((line): [string, string] => [one.path, line]);
  });
}

/** What people read of the sources: strings of more than one word, and templates. Not types, and not keys. */
function messages(): [where: string, text: string][] {
  return ["provider", "sdk"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .map((file) => join(folder, file))
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => textsOf(file).map((text): [string, string] => [file, text])),
  );
}

function textsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest, true);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    else if (ts.isTemplateExpression(node))
      texts.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…"));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts
    .filter((text) => /[a-z] [a-z]/i.test(text) && !text.includes("<"))
    .map((text) => text.replaceAll(/`[^`]*`/g, "``"));
}

describe("the glossary", { timeout: 60_000 }, () => {
  const texts = [...proseLines(), ...messages()];

  it("is checked in a sufficient number of texts", () => {
    expect(texts.length).toBeGreaterThan(3000);
  });

  it.each(REPHRASED)("%s is written as: %s", (pattern) => {
    expect(texts.filter(([, text]) => pattern.test(text)).map(([where, text]) => `${where}: ${text.trim()}`)).toEqual(
      [],
    );
  });

  it.each([
    "Pin a version first that both can be reached from and lead on",
    "1,000 pins that hold",
    "the package has no way there from 4.2.5.2, which runs now",
    "upgrade 11 waits for its window, 18:00 to 22:00",
    "was refused for its credentials",
    "the task goes on",
    "2.0.75.28 cannot be had any more",
    "how it has ended cannot be told",
    "A system that does not answer takes ten seconds",
    "could not be read, the state was left as it is",
    "its modules stay as they are",
    "it was cancelled.",
  ])("rejects: %s", (text) => {
    expect(REPHRASED.some(([pattern]) => pattern.test(text))).toBe(true);
  });
});

interface Text {
  readonly path: string;
  readonly text: string;
}

/** Everything that people may read: pages, docstrings, texts of the provider, of the simulators and of examples. */
function texts(): Text[] {
  const folders = ["provider", "sdk", "examples", "test/simulators"];
  return [...pages(), ...folders.flatMap(sourcesIn)].map(({ path, text }) => ({ path, text: withoutCases(text) }));
}

function sourcesIn(folder: string): Text[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("node_modules"))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** What depends on the case as `…`: `${dag.id}` in a source, `<id>` and `{uid}` on a page, `-i 11` in a transcript. */
function withoutCases(text: string): string {
  return text.replaceAll("\\`", "`").replaceAll(/\$\{[^}]*\}|<[a-z_]+>|\{[a-z_]+\}|(?<= -i )\d+/g, "…");
}

/** A tool in a code span, and a command of one anywhere. */
const IN_CODE = /`((?:obshell|obd|rladmin|rlutil|crdb-cli|python) [^`\n]+)`/g;
const ANYWHERE = [
  /\b(obshell (?:agent|cluster|task|tenant|unit|rp|recyclebin|backup|restore|admin|package|upgrade) (?:[a-z]+-)?(?:start|stop|restart|init|join|remove|show|upgrade|upload|add|list|delete|retry|rollback|cancel|pass|scale|takeover)[a-z]*)\b/g,
  /\b((?:obd|rladmin|rlutil|crdb-cli) [a-z_-]+(?: [a-z_]+(?![a-z_:=]))*)/g,
];
const REQUEST = /\b((?:GET|POST|PUT|PATCH|DELETE) \/(?:api|v[0-9.]+)[^\s`'",;)|?\]]*)/g;
const PERMISSION = /\b((?:gaussdb|gaussdbformysql|iam|taurusdb):[a-z]+:[a-zA-Z]+)\b/g;
const LABEL = /(?:\((\\?"[^"]+")\)|("[A-Z][^"]+")) in the console|in the console \(("[^"]+")\)/g;

interface Naming {
  readonly name: string;
  readonly path: string;
}

function named(pattern: RegExp, among: readonly Text[]): Naming[] {
  return among.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map((match) => {
      const name = match.slice(1).find((group) => group !== undefined) ?? "";
      return { name: name.replace(/[.:]+$/, "").trim(), path };
    }),
  );
}

/** Whether a command is listed, whole or as the beginning of one that is. */
function isCommand({ name }: Naming): boolean {
  return Object.keys(COMMANDS).some((known) => known === name || known.startsWith(`${name} `));
}

/** The scripts that obshell runs; what a text shows of them is not advice. */
const SCRIPT = /^python …\//;
/** A sentence that begins with the name of the tool. */
const PROSE = /^obshell simulator/;

describe("a name from the vendors' tools", () => {
  const all = texts();

  it("is a listed command", () => {
    const found = [IN_CODE, ...ANYWHERE].flatMap((pattern) => named(pattern, all));
    const commands = found.filter(({ name }) => !SCRIPT.test(name) && !PROSE.test(name));
    expect(commands.length).toBeGreaterThan(20);
    expect(commands.filter((one) => !isCommand(one))).toEqual([]);
  });

  it.each([
    ["requests", REQUEST, REQUESTS, 40],
    ["permissions", PERMISSION, PERMISSIONS, 10],
    ["labels of consoles", LABEL, LABELS, 1],
  ] as const)("is listed: %s", (_, pattern, known, least) => {
    const found = named(pattern, all);
    expect(found.length).toBeGreaterThanOrEqual(least);
    expect(found.filter(({ name }) => !Object.hasOwn(known, name))).toEqual([]);
  });

  it("is found in code spans and in prose", () => {
    const invented = [
      "Upload them with `obshell package upload`.",
      "Run obshell package upload.",
      "`rladmin retry bdb db:<uid>` on a node",
      "crdb-cli crdb heal",
    ].map((text) => ({ path: "a.ts", text: withoutCases(text) }));
    for (const text of invented) {
      const found = [IN_CODE, ...ANYWHERE].flatMap((pattern) => named(pattern, [text]));
      expect(
        found.filter((one) => !isCommand(one)),
        text.text,
      ).not.toEqual([]);
    }
  });
});
