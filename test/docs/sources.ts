import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { inWordsOfPulumi } from "../../provider/frontend/resource/redaction";
import { ROOT } from "./pages";

/** Reads texts from TypeScript sources without running them. */

const parsed = new Map<string, readonly ts.SourceFile[]>();

/** The parsed files of a folder in `provider/`. */
export function sourcesIn(name: string): readonly ts.SourceFile[] {
  const known = parsed.get(name) ?? parse(name);
  parsed.set(name, known);
  return known;
}

function parse(name: string): ts.SourceFile[] {
  const folder = join(ROOT, "provider", name);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .map((file) => join(folder, file))
    .map((path) => ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true));
}

/** Names of texts: constants, and parameters with the arguments of a call in the same file. */
export type Names = ReadonlyMap<string, ts.Expression>;
export const NONE: Names = new Map();

/** The texts that names have at a node: one map for each call of the enclosing function, if it passes texts. */
export function bindingsFor(node: ts.Node, file: ts.SourceFile): Names[] {
  const around = ts.findAncestor(node, ts.isFunctionDeclaration);
  const own = constantsAt(node, file);
  const calls = around?.name === undefined ? [] : callsOf(around.name.text, file);
  const parameters = (around?.parameters ?? []).map(({ name }) => name.getText());
  const bound = calls
    .filter((call) => call.arguments.some(isText))
    .map((call) => {
      const given = parameters.flatMap((name, at) => entry(name, call.arguments[at]));
      return new Map([...constantsAt(call, file), ...own, ...given]);
    });
  return bound.length === 0 ? [own] : bound;
}

/** Constants of the file and of the function that contains a node. */
function constantsAt(node: ts.Node, file: ts.SourceFile): Map<string, ts.Expression> {
  const constants = new Map<string, ts.Expression>();
  for (const scope of [file, ts.findAncestor(node, ts.isFunctionDeclaration)?.body]) {
    for (const statement of scope?.statements ?? []) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (initializer !== undefined) constants.set(name.getText(), initializer);
      }
    }
  }
  return constants;
}

function entry(name: string, value: ts.Expression | undefined): [string, ts.Expression][] {
  return value === undefined || (ts.isIdentifier(value) && value.text === name) ? [] : [[name, value]];
}

function callsOf(name: string, file: ts.SourceFile): ts.CallExpression[] {
  const calls: ts.CallExpression[] = [];
  visit(file, (node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === name) calls.push(node);
  });
  return calls;
}

function isText(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

export function visit(node: ts.Node, each: (node: ts.Node) => void): void {
  each(node);
  ts.forEachChild(node, (child) => visit(child, each));
}

/** The text of an expression: parts that depend on the case are `…`, two alternatives are `one / other`. */
export function read(node: ts.Expression, names: Names): string {
  if (ts.isStringLiteralLike(node)) return inWordsOfPulumi(node.text);
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.map(({ expression, literal }) => `${read(expression, names)}${literal.text}`);
    return inWordsOfPulumi([node.head.text, ...spans].join("")).replaceAll(/…(?:[\s:,]*…)+/g, "…");
  }
  if (ts.isConditionalExpression(node)) {
    const alternatives = [read(node.whenTrue, names), read(node.whenFalse, names)];
    return alternatives.includes("…") || alternatives.includes("") ? "…" : alternatives.join(" / ");
  }
  if (ts.isIdentifier(node)) {
    const value = names.get(node.text);
    return value === undefined ? "…" : read(value, new Map([...names].filter(([name]) => name !== node.text)));
  }
  return ts.isCallExpression(node) ? returnedBy(node, names) : "…";
}

/** The texts that a function of the same file returns; `…` if one of them is unknown. */
function returnedBy({ expression, arguments: given }: ts.CallExpression, names: Names): string {
  const file = expression.getSourceFile();
  const called = file.statements.find(
    (one) => ts.isFunctionDeclaration(one) && one.name?.text === expression.getText(),
  );
  if (called === undefined || !ts.isFunctionDeclaration(called) || called.body === undefined) return "…";
  const bound = called.parameters.flatMap(({ name }, at) => entry(name.getText(), given[at]));
  const known = new Map([...names, ...constantsAt(called.body, file), ...bound]);
  const returned: string[] = [];
  visit(called.body, (node) => {
    if (ts.isReturnStatement(node) && node.expression !== undefined) returned.push(read(node.expression, known));
  });
  return returned.length === 0 || returned.some((one) => one === "…" || one === "") ? "…" : returned.join(" / ");
}
