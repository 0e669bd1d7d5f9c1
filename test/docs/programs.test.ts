import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { type Block, blocksOf, pages, ROOT } from "./pages";

/**
 * Every block of TypeScript in the documentation compiles. One with an import is a whole program; any other one is a part,
 * which is given the names that parts use.
 */
const PRELUDE = `
import * as pulumi from "@pulumi/pulumi";
import { oceanbase, Provider, redisenterprise, taurusdb } from "pulumi-dbversion";
declare const config: pulumi.Config;
declare const endpoints: string[];
declare const password: string;
declare const instanceIds: string[];
declare const starRocksInstanceId: string;
declare const instanceId: string;
`;

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Preserve,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  skipLibCheck: true,
  types: ["node"],
  paths: {
    "pulumi-dbversion": ["./sdk/index.ts"],
    "pulumi-dbversion/provider": ["./provider/index.ts"],
    "pulumi-dbversion/simulators": ["./test/simulators/index.ts"],
  },
};

const blocks = pages()
  .flatMap(blocksOf)
  .filter(({ language }) => language === "ts");
const problems = compile(blocks);

describe("TypeScript in the documentation", () => {
  it.each(blocks.map((block) => [nameOf(block)] as const))("%s compiles", (name) => {
    expect(problems.get(name) ?? []).toEqual([]);
  });

  it("is compiled for real", () => {
    const [sample] = blocks;
    if (sample === undefined) throw new Error("there is no TypeScript");
    const wrong = { ...sample, text: 'new oceanbase.ClusterVersion("orders", { endpoints, version: 4 });' };
    expect([...compile([wrong]).values()].flat().join("\n")).toContain("not assignable");
    expect(blocks.length).toBeGreaterThan(8);
  });
});

function nameOf({ page, line }: Block): string {
  return `${page.path}:${line}`;
}

/** What is wrong with each block that has something wrong, by the block's name. */
function compile(parts: readonly Block[]): Map<string, string[]> {
  const texts = new Map(parts.map((block, index) => [join(ROOT, "test", "docs", `block-${index}.ts`), block] as const));
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, readFile } = host;
  host.getCurrentDirectory = () => ROOT;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => {
    const block = texts.get(path);
    return block === undefined ? readFile(path) : programOf(block);
  };
  const program = ts.createProgram([...texts.keys()], OPTIONS, host);
  const found = new Map<string, string[]>();
  for (const [path, block] of texts) {
    const source = program.getSourceFile(path);
    const told = ts
      .getPreEmitDiagnostics(program, source)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    if (told.length > 0) found.set(nameOf(block), told);
  }
  return found;
}

function programOf({ text }: Block): string {
  return /^import /m.test(text) ? text : `${PRELUDE}\n${text}\nexport {};\n`;
}
