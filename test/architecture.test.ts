import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const ROOT = resolve(__dirname, "..");

interface Import {
  readonly file: string;
  /** A file of the project without its extension (`provider/core/unit`), or the name of a package. */
  readonly of: string;
  /** Erased at run time. */
  readonly typeOnly: boolean;
  /** Loaded when it is needed, not at start-up. */
  readonly lazy: boolean;
}

/** What a folder or file may import. The first rule whose `of` matches a file applies to it. */
interface Rule {
  readonly of: RegExp;
  readonly may: readonly RegExp[];
  /** Only as types. */
  readonly types?: readonly RegExp[];
  /** Only when needed. */
  readonly lazily?: readonly RegExp[];
}

const NODE = /^node:/;
const ZOD = /^zod$/;
const BASE = /^provider\/base\//;
const CORE = /^provider\/core\//;
const HTTP = /^provider\/http\//;
/** The lifecycle of a resource, independent of Pulumi's protocol. */
const RESOURCE = /^provider\/frontend\/resource\//;

const HUAWEI_CLOUD = /^provider\/huaweicloud\//;

interface Vendor {
  /** Its dependencies besides the core and the HTTP client. */
  readonly on?: readonly RegExp[];
  /** Packages that only it uses. */
  readonly packages?: readonly RegExp[];
}

/** A vendor imports the core, the HTTP client and itself, never another vendor or the front end. */
function vendor([name, { on = [], packages = [] }]: readonly [string, Vendor]): Rule {
  const own = new RegExp(`^provider/${name}/`);
  return { of: own, may: [NODE, ZOD, BASE, CORE, HTTP, ...on, own], lazily: packages };
}
const VENDORS: Readonly<Record<string, Vendor>> = {
  oceanbase: { packages: [/^yaml$/] },
  taurusdb: { on: [HUAWEI_CLOUD] },
  redisenterprise: {},
};

const RULES: readonly Rule[] = [
  { of: BASE, may: [BASE] },
  { of: /^sdk\/report\//, may: [NODE, BASE, /^sdk\/report\//] },
  // Never Pulumi: the commands work where it is not installed.
  {
    of: /^sdk\/cli\//,
    may: [NODE, BASE, CORE, HTTP, RESOURCE, /^provider\/systems$/, /^sdk\/report\//, /^sdk\/cli\//],
    lazily: [/^yaml$/],
  },
  { of: /^sdk\/(?!report\/|cli\/)/, may: [/^@pulumi\/pulumi$/, BASE, /^sdk\/(?!report\/|cli\/)/] },
  { of: CORE, may: [/^node:crypto$/, ZOD, BASE, CORE, /^temporal-polyfill$/] },
  { of: HTTP, may: [NODE, BASE, CORE, ZOD, /^undici$/, HTTP] },
  { of: HUAWEI_CLOUD, may: [NODE, ZOD, BASE, CORE, HTTP, HUAWEI_CLOUD] },
  ...Object.entries(VENDORS).map(vendor),
  { of: RESOURCE, may: [NODE, ZOD, BASE, CORE, RESOURCE] },
  {
    of: /^provider\/frontend\/dynamic\//,
    may: [NODE, BASE, CORE, RESOURCE, /^provider\/frontend\/dynamic\//],
    types: [/^@pulumi\/pulumi$/, /^@grpc\/grpc-js$/],
  },
  { of: /^provider\/index$/, may: [BASE, /^provider\/frontend\//, /^provider\/systems$/] },
  {
    of: /^provider\/systems$/,
    may: [],
    types: [CORE, RESOURCE],
    lazily: Object.keys(VENDORS).map((name) => new RegExp(`^provider/${name}/`)),
  },
];

/** Files that are over the limit today, with the number of lines that they may have at most. */
const LONG: Readonly<Record<string, number>> = {};
const LONGEST = 300;

/** Paths of the TypeScript files below some folders, from the root, with `/`. */
function sources(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name.split(sep).join("/")}`),
  );
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean, lazy: boolean) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    found.push({ file, of: targetOf(file, specifier.text), typeOnly, lazy });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, bringsTypesOnly(node.importClause), false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly, false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true, false);
    else if (ts.isCallExpression(node) && loads(node.expression)) add(node.arguments[0], false, true);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest));
  return found;
}

/** `import(…)` or `require(…)`. */
function loads(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require");
}

function bringsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.every((element) => element.isTypeOnly);
}

function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith(".")) {
    const path = relative(ROOT, resolve(ROOT, dirname(file), specifier))
      .split(sep)
      .join("/");
    return path.replace(/\.(js|ts)$/, "");
  }
  return builtinModules.includes(specifier) ? `node:${specifier}` : specifier;
}

function allowed({ may, types = [], lazily = [] }: Rule, { of, typeOnly, lazy }: Import): boolean {
  const fits = (patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(of));
  return fits(may) || (typeOnly && fits(types)) || (lazy && fits(lazily));
}

/** Groups of files that import each other, directly or through others. Tarjan's algorithm. */
function cyclesIn(files: readonly string[]): string[][] {
  const named = new Map(files.map((file) => [file.replace(/\.ts$/, ""), file] as const));
  const numbers = new Map<string, { readonly at: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string) => {
    const own = { at: numbers.size, low: numbers.size, open: true };
    numbers.set(file, own);
    stack.push(file);
    for (const { of } of importsOf(file)) {
      const next = named.get(of) ?? named.get(`${of}/index`);
      if (next === undefined) continue;
      const known = numbers.get(next) ?? visit(next);
      if (known.open) own.low = Math.min(own.low, known.low);
    }
    if (own.low === own.at) {
      const cycle = stack.splice(stack.indexOf(file));
      for (const member of cycle) Object.assign(numbers.get(member) ?? {}, { open: false });
      if (cycle.length > 1) cycles.push(cycle.sort());
    }
    return own;
  };
  for (const file of files) if (!numbers.has(file)) visit(file);
  return cycles;
}

function show({ file, of, typeOnly, lazy }: Import): string {
  return `${file} → ${of}${typeOnly ? " (types)" : ""}${lazy ? " (lazily)" : ""}`;
}

describe("imports between folders", () => {
  const files = sources("provider", "sdk");

  it("have a rule for every file", () => {
    const withoutRule = files.filter((file) => !RULES.some((rule) => rule.of.test(file.replace(/\.ts$/, ""))));
    expect(withoutRule).toEqual([]);
  });

  it.each(RULES.map((rule) => [String(rule.of), rule] as const))("follow the rule for %s", (_, rule) => {
    const own = files.filter((file) => rule.of.test(file.replace(/\.ts$/, "")));
    const wrong = own.flatMap(importsOf).filter((found) => !allowed(rule, found));
    expect(wrong.map(show)).toEqual([]);
  });

  it("are never circular, types included", () => {
    expect(cyclesIn(files)).toEqual([]);
  });

  it("keep the simulators independent of provider and sdk", () => {
    const wrong = sources("test/simulators")
      .flatMap(importsOf)
      .filter(({ of, file }) => /^(provider|sdk)\//.test(of) && !file.endsWith(".test.ts"));
    expect(wrong.map(show)).toEqual([]);
  });
});

describe("provider/huaweicloud", () => {
  /** Names of services and of their engines, hosts and error codes. */
  const SERVICE = /taurus|gaussdb|star-?rocks|htap|\brds\b|\bdds\b|\bdcs\b|\bDBS\./i;

  it.each(sources("provider/huaweicloud"))("%s mentions no service", (file) => {
    const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
    expect(lines.filter((line) => SERVICE.test(line))).toEqual([]);
  });
});

describe("importsOf", () => {
  it("finds imports in every form", () => {
    expect(importsOf("provider/index.ts").map(show)).toContain("provider/index.ts → provider/frontend/dynamic/bridge");
    expect(importsOf("provider/systems.ts").map(show)).toContain(
      "provider/systems.ts → provider/oceanbase/kind (lazily)",
    );
    expect(importsOf("provider/frontend/dynamic/dynamic-provider.ts").map(show)).toContain(
      "provider/frontend/dynamic/dynamic-provider.ts → @pulumi/pulumi (types)",
    );
    expect(importsOf("provider/frontend/dynamic/engine.ts").map(show)).toContain(
      "provider/frontend/dynamic/engine.ts → node:net",
    );
  });
});

describe("files of at most 300 lines", () => {
  it.each(sources("provider", "sdk"))("%s", (file) => {
    const lines = readFileSync(join(ROOT, file), "utf8").split("\n").length - 1;
    expect(lines).toBeLessThanOrEqual(LONG[file] ?? LONGEST);
  });
});
