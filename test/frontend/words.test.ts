import ts from "typescript";
import { describe, expect, it } from "vitest";
import { inWordsOfPulumi, Redaction } from "../../provider/frontend/resource/redaction";
import { sourcesIn, visit } from "../docs/sources";

/** Rooms that know no front end. */
const ROOMS = ["core", "http", "huaweicloud", "oceanbase", "redisenterprise", "taurusdb"];

/** Words of Pulumi, a target version as a "pin", and what reads as a program in one language. */
const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["Pulumi's commands and settings", /`(pulumi )?(up|preview|refresh|destroy)\b|\bpreview\b|customTimeouts/i],
  // The command of this package is called the same everywhere.
  ["Pulumi's name", /\bpulumi(?!-dbversion\b)/i],
  ["a private word", /\b(un)?pin(s|ned|ning)?\b|\bmend(s|ed)?\b|\banew\b/i],
  ["a program", /\b[a-z]\w+: ("|true|false|\{)|=>|\bnew \w+\./],
];

/** Texts for people, with where they stand. Descriptions of arguments are documentation of programs, and not among them. */
function textsIn(room: string): (readonly [where: string, text: string])[] {
  return sourcesIn(room).flatMap((file) => {
    const texts: (readonly [string, string])[] = [];
    visit(file, (node) => {
      const text = textOf(node);
      if (text === undefined || !text.includes(" ") || isDocumentation(node)) return;
      texts.push([`${file.fileName.split("/provider/")[1]}: ${text}`, text]);
    });
    return texts;
  });
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…");
}

/** Whether it belongs to the definition of an argument: `argument(schema, definition)`, `choice(values, definition)`. */
function isDocumentation(node: ts.Node): boolean {
  for (let at = node; at.parent !== undefined; at = at.parent) {
    const { parent } = at;
    if (!ts.isCallExpression(parent) || !ts.isObjectLiteralExpression(at)) continue;
    if (["argument", "choice"].includes(parent.expression.getText())) return true;
  }
  return false;
}

describe("texts of the core and of the vendors", { timeout: 60_000 }, () => {
  const texts = ROOMS.flatMap(textsIn);

  it("are many", () => {
    expect(texts.length).toBeGreaterThan(500);
  });

  it.each(FORBIDDEN)("have nothing of %s", (_, pattern) => {
    expect(texts.flatMap(([where, text]) => (pattern.test(text) ? [where] : []))).toEqual([]);
  });

  it("name what front ends call differently by words that this one knows", () => {
    const words = texts.flatMap(([, text]) => [...text.matchAll(/\{(\w+)\}/g)].map(([word]) => word));
    expect(words.filter((word) => inWordsOfPulumi(word) === word)).toEqual(words.filter((word) => isPath(word)));
    expect(new Set(words)).toContain("{apply}");
  });
});

/** In paths of a vendor's API, braces stand for an id. */
function isPath(word: string): boolean {
  return /^\{(uid|guid|project_id)\}$/.test(word);
}

describe("what is told", () => {
  const { redact } = new Redaction(["hunter2", "{apply}"]);

  it("is told in the words of Pulumi", () => {
    expect(redact("{engine} is gone ({timeLimit}). Run {apply} again.")).toBe(
      "The Pulumi engine is gone (customTimeouts). Run `pulumi up` again.".replace("`pulumi up`", "[secret]"),
    );
    expect(new Redaction([]).redact("Run {apply} again.")).toBe("Run `pulumi up` again.");
  });

  it("keeps every other brace, such as those of a vendor", () => {
    for (const text of ["POST /v1/crdbs/{guid}/upgrade", '{"apply":1}', "{}", "{constructor}", "{ apply }"]) {
      expect(redact(text)).toBe(text);
    }
  });
});
