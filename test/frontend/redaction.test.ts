import ts from "typescript";
import { describe, expect, it } from "vitest";
import { DiscoveredSecrets, inWordsOfPulumi, Redaction } from "../../provider/frontend/resource/redaction";
import { excerpt } from "../../provider/http/body";
import { sourcesIn, visit } from "../docs/sources";

describe("messages of a resource", () => {
  it("do not contain its secrets, nor those that are discovered later, in any form", () => {
    const { redact, conceal } = new Redaction(["hunter22"]);
    const text = "hunter22 told t0ken/+= (t0ken%2F%2B%3D)";
    expect(redact(text)).toBe("[secret] told t0ken/+= (t0ken%2F%2B%3D)");
    conceal("t0ken/+=");
    expect(redact(text)).toBe("[secret] told [secret] ([secret])");
  });

  it("do not contain secrets with control characters between their letters", () => {
    const { redact, conceal } = new Redaction([]);
    conceal("hun\u0007ter22");
    expect(redact("it is h\u001bunter\u202e22.")).toBe("it is [secret].");
  });

  it("do not contain secrets that an earlier run of the same resource has discovered", () => {
    const learnt = new DiscoveredSecrets();
    new Redaction([], learnt.of("orders")).conceal("t0ken/+=");
    expect(new Redaction([], learnt.of("orders")).redact("t0ken/+=")).toBe("[secret]");
    expect(new Redaction([], learnt.of("sales")).redact("t0ken/+=")).toBe("t0ken/+=");
    expect(new Redaction([], learnt.of("")).redact("t0ken/+=")).toBe("t0ken/+=");
  });

  it("may contain the oldest of very many tokens, but never a secret argument", () => {
    const { redact, conceal } = new Redaction(["hunter22"]);
    for (let number = 100; number < 200; number++) conceal(`token-${number}.`);
    conceal("token-199.");
    expect(redact("hunter22 token-100. token-168. token-199.")).toBe("[secret] token-100. [secret] [secret]");
  });

  it("do not contain secrets that a web page repeats", () => {
    const secret = "pa<b>ss</b>w&amp;rd<i";
    const page = Buffer.from(`<html><h1>Not you: ${secret}, go away</h1></html>`);
    expect(new Redaction([secret]).redact(excerpt(page))).toBe("Not you: [secret]");
    const escaped = Buffer.from("<html><p>Not you: a&lt;b&gt;c&quot;d</p></html>");
    expect(new Redaction(['a<b>c"d']).redact(excerpt(escaped))).toBe("Not you: [secret]");
  });
});

/** Folders that are independent of the front end. */
const FOLDERS = ["core", "http", "huaweicloud", "oceanbase", "redisenterprise", "taurusdb"];

/** Words of Pulumi, private words, and syntax of one programming language. */
const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["Pulumi's commands and settings", /`(pulumi )?(up|preview|refresh|destroy)\b|\bpreview\b|customTimeouts/i],
  // The command of this package has the same name in every front end.
  ["Pulumi's name", /\bpulumi(?!-dbversion\b)/i],
  ["a private word", /\b(un)?pin(s|ned|ning)?\b|\bmend(s|ed)?\b|\banew\b/i],
  ["a program", /\b[a-z]\w+: ("|true|false|\{)|=>|\bnew \w+\./],
];

/** Texts for users, with their location, except descriptions of arguments, which are documentation of programs. */
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

/** Whether a node belongs to the definition of an argument: `argument(schema, definition)`, `choice(values, definition)`. */
function isDocumentation(node: ts.Node): boolean {
  for (let at = node; at.parent !== undefined; at = at.parent) {
    const { parent } = at;
    if (!ts.isCallExpression(parent) || !ts.isObjectLiteralExpression(at)) continue;
    if (["argument", "choice"].includes(parent.expression.getText())) return true;
  }
  return false;
}

describe("texts of the core and of the vendors", { timeout: 60_000 }, () => {
  const texts = FOLDERS.flatMap(textsIn);

  it("are found", () => {
    expect(texts.length).toBeGreaterThan(500);
  });

  it.each(FORBIDDEN)("do not contain %s", (_, pattern) => {
    expect(texts.flatMap(([where, text]) => (pattern.test(text) ? [where] : []))).toEqual([]);
  });

  it("use only placeholders that the front end defines", () => {
    const words = texts.flatMap(([, text]) => [...text.matchAll(/\{(\w+)\}/g)].map(([word]) => word));
    expect(words.filter((word) => inWordsOfPulumi(word) === word)).toEqual(words.filter((word) => isPath(word)));
    expect(new Set(words)).toContain("{apply}");
  });
});

/** In paths of a vendor's API, braces denote an id. */
function isPath(word: string): boolean {
  return /^\{(uid|guid|project_id)\}$/.test(word);
}

describe("a message", () => {
  const { redact } = new Redaction(["hunter2", "{apply}"]);

  it("uses the words of Pulumi", () => {
    expect(redact("{engine} is gone ({timeLimit}). Run {apply} again.")).toBe(
      "The Pulumi engine is gone (customTimeouts). Run `pulumi up` again.".replace("`pulumi up`", "[secret]"),
    );
    expect(new Redaction([]).redact("Run {apply} again.")).toBe("Run `pulumi up` again.");
  });

  it("keeps all other braces, such as those of a vendor", () => {
    for (const text of ["POST /v1/crdbs/{guid}/upgrade", '{"apply":1}', "{}", "{constructor}", "{ apply }"]) {
      expect(redact(text)).toBe(text);
    }
  });
});
