import { dirname, join } from "node:path";
import ts from "typescript";
import { ROOT } from "./pages";

/** An argument, an output or a field, with its docstring. */
export interface Property {
  readonly name: string;
  /** Without Pulumi's types: `string[]` for `pulumi.Input<pulumi.Input<string>[]>`. */
  readonly type: string;
  readonly required: boolean;
  /** The docstring with its line breaks. */
  readonly text: string;
  readonly fallback: string | undefined;
  readonly example: string | undefined;
}

/** The arguments and outputs of a class of the SDK. */
export interface Declared {
  /** Including inherited ones, which are last. */
  readonly args: readonly Property[];
  readonly outputs: readonly Property[];
}

let program: ts.Program | undefined;

/** @param vendor file in `sdk/` @param name of the class; its arguments are `<name>Args` */
export function declared(vendor: string, name: string): Declared {
  const own = propertiesOf(vendor, name).filter(({ file }) => file.startsWith(join(ROOT, "sdk")));
  return {
    args: propertiesOf(vendor, `${name}Args`),
    outputs: [...own.filter(isNew), ...own.filter((one) => !isNew(one))],
  };
}

/** Outputs that every resource has are listed last. */
function isNew({ file }: Located): boolean {
  return !file.endsWith("/resource.ts");
}

/** @param file in `sdk/` @param name of an interface or class that it exports */
export function propertiesOf(file: string, name: string): Located[] {
  const checker = compiled().getTypeChecker();
  const type = checker.getDeclaredTypeOfSymbol(exported(file, name));
  return checker.getPropertiesOfType(type).map((property) => located(property, checker));
}

/** The docstring of a type that a file in `sdk/` exports. */
export function textOf(file: string, name: string): string {
  return ts.displayPartsToString(exported(file, name).getDocumentationComment(compiled().getTypeChecker()));
}

interface Located extends Property {
  readonly file: string;
}

function located(property: ts.Symbol, checker: ts.TypeChecker): Located {
  const [declaration] = property.declarations ?? [];
  if (declaration === undefined) throw new Error(`${property.name} is declared nowhere`);
  const tags = property.getJsDocTags(checker);
  const tag = (name: string) => {
    const found = tags.find((one) => one.name === name);
    return found && ts.displayPartsToString(found.text);
  };
  const signed = ts.isPropertySignature(declaration) || ts.isPropertyDeclaration(declaration);
  return {
    name: property.name,
    file: declaration.getSourceFile().fileName,
    type: signed && declaration.type !== undefined ? shown(declaration.type) : "",
    required: (property.flags & ts.SymbolFlags.Optional) === 0,
    text: ts.displayPartsToString(property.getDocumentationComment(checker)),
    fallback: tag("default"),
    example: tag("example"),
  };
}

/** A type without `pulumi.Input`, `pulumi.Output` and `readonly`. */
function shown(type: ts.TypeNode): string {
  if (ts.isArrayTypeNode(type)) return `${shown(type.elementType)}[]`;
  if (ts.isUnionTypeNode(type))
    return type.types
      .map(shown)
      .filter((one) => one !== "undefined")
      .join(" | ");
  if (!ts.isTypeReferenceNode(type)) return type.getText().replaceAll("readonly ", "").replaceAll(/\s+/g, " ");
  const args = (type.typeArguments ?? []).map(shown);
  const name = type.typeName.getText();
  if (/^pulumi\.(Input|Output)$/.test(name)) return args.join(", ");
  return args.length === 0 ? (fieldsOf(type, name) ?? name) : `${name}<${args.join(", ")}>`;
}

/** The fields of a small interface of the same file: `{ version: string; args?: string }`. */
function fieldsOf(type: ts.TypeNode, name: string): string | undefined {
  const found = type.getSourceFile().statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name);
  if (found === undefined || !ts.isInterfaceDeclaration(found) || found.members.length > MOST_FIELDS) return undefined;
  const fields = found.members.filter(ts.isPropertySignature).map((field) => {
    const mark = field.questionToken === undefined ? "" : "?";
    return `${field.name.getText()}${mark}: ${field.type === undefined ? "unknown" : shown(field.type)}`;
  });
  return `{ ${fields.join("; ")} }`;
}

const MOST_FIELDS = 3;

/** The SDK without Pulumi's types and without libraries, because only its own declarations are read. */
function compiled(): ts.Program {
  if (program !== undefined) return program;
  const options: ts.CompilerOptions = { noEmit: true, noLib: true, types: [], target: ts.ScriptTarget.ES2023 };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const resolvedFileName = join(dirname(from), `${text}.ts`);
      if (!text.startsWith(".")) return { resolvedModule: undefined };
      return { resolvedModule: { resolvedFileName, extension: ts.Extension.Ts, isExternalLibraryImport: false } };
    });
  program = ts.createProgram([join(ROOT, "sdk", "index.ts")], options, host);
  return program;
}

function exported(file: string, name: string): ts.Symbol {
  const path = join(ROOT, "sdk", `${file}.ts`);
  const checker = compiled().getTypeChecker();
  const source = compiled().getSourceFile(path);
  const symbol = source && checker.getSymbolAtLocation(source);
  const found = symbol && checker.getExportsOfModule(symbol).find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name} in ${path}`);
  return found;
}
