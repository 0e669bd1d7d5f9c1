import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "./pages";

/** What a class of the SDK declares, read by the compiler. */
export interface Declared {
  /** Names of the arguments, inherited ones included, with the `@default` of their docstrings. */
  readonly args: ReadonlyMap<string, string | undefined>;
  readonly outputs: readonly string[];
}

let program: ts.Program | undefined;

/** @param vendor file in `sdk/` @param name of the class; its arguments are `<name>Args` */
export function declared(vendor: string, name: string): Declared {
  const path = join(ROOT, "sdk", `${vendor}.ts`);
  program ??= ts.createProgram([join(ROOT, "sdk", "index.ts")], {
    strict: true,
    noEmit: true,
    module: ts.ModuleKind.Node20,
    target: ts.ScriptTarget.ES2023,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path);
  if (file === undefined) throw new Error(`there is no ${path}`);
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(file) ?? never(path));
  const typeOf = (wanted: string) => {
    const symbol = exported.find((one) => one.name === wanted) ?? never(`${wanted} in ${path}`);
    return checker.getDeclaredTypeOfSymbol(symbol);
  };
  const args = checker.getPropertiesOfType(typeOf(`${name}Args`)).map((property) => {
    const tag = property.getJsDocTags(checker).find((one) => one.name === "default");
    return [property.name, tag && ts.displayPartsToString(tag.text)] as const;
  });
  const own = checker.getPropertiesOfType(typeOf(name)).filter((property) => {
    const [declaration] = property.declarations ?? [];
    return declaration?.getSourceFile().fileName.startsWith(join(ROOT, "sdk")) === true;
  });
  return { args: new Map(args), outputs: own.map((property) => property.name) };
}

function never(what: string): never {
  throw new Error(`there is no ${what}`);
}
