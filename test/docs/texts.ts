import ts from "typescript";
import { bindingsFor, type Names, NONE, read, sourcesIn, visit } from "./sources";
import { code, table } from "./tables";

/** What people read when something went wrong, as it stands in the sources of the provider; what depends on the case is `…`. */

/** One text of an error or of a finding. */
export interface Told {
  /** The code in backticks; of a finding that fails a check, with its argument: "a failed check of `version`". */
  readonly ends: string;
  readonly message: string;
  readonly remedy: string;
}

/** Rooms of the provider whose texts stand together, by the name of their table. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "every-type": ["core", "frontend", "http"],
  oceanbase: ["oceanbase"],
  taurusdb: ["huaweicloud", "taurusdb"],
  redisenterprise: ["redisenterprise"],
};

/** Errors that have their code by their class. */
const CLASSES: Readonly<Record<string, string>> = {
  Forbidden: "`unauthorized`",
  Missing: "`blocked`",
  Refused: "`refused`",
  Unreachable: "`unreachable`",
};

/** Where the code of an error is not written beside its text. */
const HANDED: Readonly<Record<string, string>> = {
  "error.code": "`interrupted`, `deadline` or `engine-gone`",
  code: "the worst of its problems",
};

/** Where a text says nothing itself, or something else each time. */
const BY_CODE = "[by its code](#codes)";

/** What is left of a text that depends on the case altogether cannot be searched for. */
const FEWEST_LETTERS = 14;

export function textsTable(of: string): string {
  const rows = textsOf(of).map(({ ends, message, remedy }) => {
    return [quoted(message), ends, remedy === "" || remedy === "…" ? BY_CODE : quoted(remedy)];
  });
  return table(["text", "ends as", "what to do"], rows);
}

const tables = new Map<string, readonly Told[]>();

/** The texts of a table, in the order of the alphabet, each once. */
export function textsOf(of: string): readonly Told[] {
  const known = tables.get(of) ?? collected(of);
  tables.set(of, known);
  return known;
}

function collected(of: string): readonly Told[] {
  const rooms = ROOMS[of];
  if (rooms === undefined) throw new Error(`no texts are called ${of}`);
  const all = rooms.flatMap(erringIn).flatMap(toldIn);
  const long = all.filter(({ message }) => message.replaceAll(/[^a-z]/gi, "").length >= FEWEST_LETTERS);
  const unique = new Map(long.map((one) => [`${one.ends} ${one.message}`, one]));
  return [...unique.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Without what the command line alone tells of an estate: no run ends with it. */
function erringIn(room: string) {
  return sourcesIn(room).filter(({ fileName }) => !fileName.endsWith("estate.ts"));
}

function key({ message, ends }: Told): string {
  return `${message.replace(/^[^a-z]+/i, "").toLowerCase()} ${ends}`;
}

/** The vendor's own codes for which a room has a remedy: its constant `REMEDIES`. */
export function vendorsCodes(room: string): string {
  const rows = sourcesIn(room).flatMap((file) => {
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

function toldIn(file: ts.SourceFile): Told[] {
  const told: Told[] = [];
  visit(file, (node) => {
    if (findingOf(node, NONE) === undefined && errorOf(node, NONE) === undefined) return;
    for (const names of bindingsFor(node, file)) {
      const one = findingOf(node, names) ?? errorOf(node, names);
      if (one !== undefined) told.push(one);
    }
  });
  visit(file, (node) => void told.push(...insecureIn(node)));
  return told;
}

/** `transportProblem(origin, error, remedies, plain)`: the texts are in `http/connection-errors.ts`, the remedies here. */
function insecureIn(node: ts.Node): Told[] {
  if (!ts.isCallExpression(node) || node.expression.getText() !== "transportProblem") return [];
  const [, , remedies] = node.arguments;
  if (remedies === undefined || !ts.isObjectLiteralExpression(remedies)) return [];
  return Object.entries(INSECURE).flatMap(([name, message]) => {
    const remedy = memberOf(remedies, name);
    return remedy === undefined ? [] : [{ ends: "`unauthorized`", message, remedy: read(remedy, NONE) }];
  });
}

const INSECURE = {
  clientCertificate: "… requires a client certificate and closed the connection …",
  untrusted: "The certificate of … is not trusted: … (…).",
};

/** `new UpgradeError("blocked", …, { remedy })`, or the problem of one member: `problem("blocked", …)`. */
function errorOf(node: ts.Node, names: Names): Told | undefined {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return undefined;
  const { arguments: args = [] } = node;
  const name = node.expression.getText();
  const coded = ts.isNewExpression(node) ? name === "UpgradeError" : name === "problem";
  const ends = coded ? codeIn(args[0]) : ts.isNewExpression(node) ? CLASSES[name] : undefined;
  const [message, options] = coded ? args.slice(1) : args;
  if (ends === undefined || message === undefined) return undefined;
  return { ends, message: read(message, names), remedy: remedyIn(options, names) };
}

function codeIn(argument: ts.Expression | undefined): string | undefined {
  if (argument === undefined) return undefined;
  return ts.isStringLiteral(argument) ? code(argument.text) : HANDED[argument.getText()];
}

/** `{ code, message, remedy, property? }` */
function findingOf(node: ts.Node, names: Names): Told | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const [kind, message, remedy] = ["code", "message", "remedy"].map((name) => memberOf(node, name));
  if (kind === undefined || message === undefined || remedy === undefined) return undefined;
  const property = memberOf(node, "property");
  const argument = property && read(property, names).replaceAll(/[^\w…]/g, "");
  const ends = argument === undefined ? "`blocked`" : `a failed check${argument === "…" ? "" : ` of \`${argument}\``}`;
  return { ends, message: read(message, names), remedy: read(remedy, names) };
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

/** A text in a cell, where it may have backticks and bars of its own. */
function quoted(text: string): string {
  return text.trim().replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
