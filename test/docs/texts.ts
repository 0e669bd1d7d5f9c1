import ts from "typescript";
import { bindingsFor, type Names, NONE, read, sourcesIn, visit } from "./sources";
import { code, table } from "./tables";

/** The texts of errors, read from the sources of the provider. Parts that depend on the case are `…`. */

/** One text of an error or of a finding. */
export interface ErrorText {
  /** The code in backticks, or the argument of a finding that fails a check: "a failed check of `version`". */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The folders of the provider whose texts are in one table, by the name of the table. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  "every-type": ["core", "frontend", "http"],
  oceanbase: ["oceanbase"],
  taurusdb: ["huaweicloud", "taurusdb"],
  redisenterprise: ["redisenterprise"],
};

/** Error classes with a fixed code. */
const CLASSES: Readonly<Record<string, string>> = {
  Forbidden: "`unauthorized`",
  Missing: "`blocked`",
  Refused: "`refused`",
  Unreachable: "`unreachable`",
};

/** Codes that are passed as a variable. */
const PASSED_CODES: Readonly<Record<string, string>> = {
  "error.code": "`interrupted`, `deadline` or `engine-gone`",
  code: "the worst of its problems",
};

/** The remedy of texts without one, or with one that depends on the case. */
const BY_CODE = "[by its code](#codes)";

/** Texts with fewer letters cannot be searched for. */
const FEWEST_LETTERS = 14;

export function textsTable(of: string): string {
  const rows = textsOf(of).map(({ code, message, remedy }) => {
    return [quoted(message), code, remedy === "" || remedy === "…" ? BY_CODE : quoted(remedy)];
  });
  return table(["text", "ends as", "what to do"], rows);
}

const tables = new Map<string, readonly ErrorText[]>();

/** The texts of a table, in alphabetical order, without duplicates. */
export function textsOf(of: string): readonly ErrorText[] {
  const known = tables.get(of) ?? collected(of);
  tables.set(of, known);
  return known;
}

function collected(of: string): readonly ErrorText[] {
  const folders = FOLDERS[of];
  if (folders === undefined) throw new Error(`no texts are called ${of}`);
  const all = folders.flatMap(sourcesWithErrors).flatMap(textsIn);
  const long = all.filter(({ message }) => message.replaceAll(/[^a-z]/gi, "").length >= FEWEST_LETTERS);
  const unique = new Map(long.map((one) => [`${one.code} ${one.message}`, one]));
  return [...unique.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Without texts that only the command line shows, because no run code with them. */
function sourcesWithErrors(folder: string) {
  return sourcesIn(folder).filter(({ fileName }) => !fileName.endsWith("estate.ts"));
}

function key({ message, code }: ErrorText): string {
  return `${message.replace(/^[^a-z]+/i, "").toLowerCase()} ${code}`;
}

/** The vendor's codes with a remedy in the constant `REMEDIES` of a folder. */
export function vendorsCodes(folder: string): string {
  const rows = sourcesIn(folder).flatMap((file) => {
    const found: string[][] = [];
    visit(file, (node) => {
      if (!ts.isVariableDeclaration(node) || node.name.getText() !== "REMEDIES") return;
      if (node.initializer === undefined || !ts.isObjectLiteralExpression(node.initializer)) return;
      for (const property of node.initializer.properties) {
        if (!ts.isPropertyAssignment(property)) continue;
        const { name } = property;
        found.push([code(ts.isStringLiteral(name) ? name.text : name.getText()), read(property.initializer, NONE)]);
      }
    });
    return found;
  });
  return table(["code", "what to do"], rows).replace("| code |", "| the vendor's code |");
}

function textsIn(file: ts.SourceFile): ErrorText[] {
  const texts: ErrorText[] = [];
  visit(file, (node) => {
    if (findingOf(node, NONE) === undefined && errorOf(node, NONE) === undefined) return;
    for (const names of bindingsFor(node, file)) {
      const one = findingOf(node, names) ?? errorOf(node, names);
      if (one !== undefined) texts.push(one);
    }
  });
  visit(file, (node) => void texts.push(...insecureIn(node)));
  return texts;
}

/** `transportProblem(origin, error, remedies, plain)`: the texts are in `http/connection-errors.ts`, the remedies here. */
function insecureIn(node: ts.Node): ErrorText[] {
  if (!ts.isCallExpression(node) || node.expression.getText() !== "transportProblem") return [];
  const [, , remedies] = node.arguments;
  if (remedies === undefined || !ts.isObjectLiteralExpression(remedies)) return [];
  return Object.entries(INSECURE).flatMap(([name, message]) => {
    const remedy = memberOf(remedies, name);
    return remedy === undefined ? [] : [{ code: "`unauthorized`", message, remedy: read(remedy, NONE) }];
  });
}

const INSECURE = {
  clientCertificate: "… requires a client certificate and closed the connection …",
  untrusted: "The certificate of … is not trusted: … (…).",
};

/** `new UpgradeError("blocked", …, { remedy })`, or the problem of one member: `problem("blocked", …)`. */
function errorOf(node: ts.Node, names: Names): ErrorText | undefined {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return undefined;
  const { arguments: args = [] } = node;
  const name = node.expression.getText();
  const coded = ts.isNewExpression(node) ? name === "UpgradeError" : name === "problem";
  const code = coded ? codeIn(args[0]) : ts.isNewExpression(node) ? CLASSES[name] : undefined;
  const [message, options] = coded ? args.slice(1) : args;
  if (code === undefined || message === undefined) return undefined;
  return { code, message: read(message, names), remedy: remedyIn(options, names) };
}

function codeIn(argument: ts.Expression | undefined): string | undefined {
  if (argument === undefined) return undefined;
  return ts.isStringLiteral(argument) ? code(argument.text) : PASSED_CODES[argument.getText()];
}

/** `{ code, message, remedy, property? }` */
function findingOf(node: ts.Node, names: Names): ErrorText | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const [kind, message, remedy] = ["code", "message", "remedy"].map((name) => memberOf(node, name));
  if (kind === undefined || message === undefined || remedy === undefined) return undefined;
  const property = memberOf(node, "property");
  const argument = property && read(property, names).replaceAll(/[^\w…]/g, "");
  const code = argument === undefined ? "`blocked`" : `a failed check${argument === "…" ? "" : ` of \`${argument}\``}`;
  return { code, message: read(message, names), remedy: read(remedy, names) };
}

function remedyIn(options: ts.Expression | undefined, names: Names): string {
  const remedy = options && ts.isObjectLiteralExpression(options) ? memberOf(options, "remedy") : undefined;
  return remedy === undefined ? "" : read(remedy, names);
}

function memberOf(object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const property of object.properties) {
    if (property.name?.getText() !== name) continue;
    if (ts.isPropertyAssignment(property)) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property)) return property.name;
  }
  return undefined;
}

/** Escapes a text for a cell. */
function quoted(text: string): string {
  return text.trim().replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
