import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Argument, argumentsOf, type Setting, secretsOf, settings, settingsOf } from "./definitions";
import { ROOT } from "./pages";

/** The parts of `sdk/` that `npm run docs` writes: the arguments in TypeScript, with docstrings. */

/** Everything between `// generated: name of file` and `// end`, which have the same indentation. */
const PART = /^( *)\/\/ generated: (\w+)(?: of (\S+))?\n([\s\S]*?)^ *\/\/ end\n/gm;

/** The files of the SDK. */
export function sdkSources(): { readonly path: string; readonly text: string }[] {
  const names = readdirSync(join(ROOT, "sdk")).filter((name) => name.endsWith(".ts"));
  return names.map((name) => ({ path: `sdk/${name}`, text: readFileSync(join(ROOT, "sdk", name), "utf8") }));
}

/** A source with its generated parts up to date. */
export function regeneratedSource(source: string): string {
  return source.replaceAll(PART, (_, indent: string, name: string, of: string | undefined) => {
    const origin = of === undefined ? "" : ` of ${of}`;
    const lines = part(name, of, LONGEST - indent.length).map((line) => `${indent}${line}`);
    return [`${indent}// generated: ${name}${origin}`, ...lines, `${indent}// end`, ""].join("\n");
  });
}

/** A source without its generated parts. */
export function withoutGeneratedSource(source: string): string {
  return source.replaceAll(PART, "");
}

/** The number of generated parts of a source. */
export function partsOfSource(source: string): number {
  return [...source.matchAll(PART)].length;
}

const LONGEST = 120;

function part(name: string, of: string | undefined, width: number): string[] {
  if (of === undefined) {
    if (name !== "settings") throw new Error(`nothing is called ${name}`);
    return [...settings()].flatMap(([vendor, own]) =>
      list(
        `${vendor}: `,
        own.map((one) => one.name),
        ",",
        width,
      ),
    );
  }
  if (name === "secrets") return list("const SECRETS = ", secretsOf(of), ";", width);
  if (name === "settings") return settingsOf(of).flatMap((one) => settingLines(one, width));
  return argumentsOf(of, name).flatMap((one) => argumentLines(one, width));
}

/** Formatted as biome does: on one line if it fits. */
function list(before: string, names: readonly string[], after: string, width: number): string[] {
  const quoted = names.map((name) => JSON.stringify(name));
  const line = `${before}[${quoted.join(", ")}]${after}`;
  return line.length <= width ? [line] : [`${before}[`, ...quoted.map((name) => `  ${name},`), `]${after}`];
}

function argumentLines(one: Argument, width: number): string[] {
  const mark = isOptional(one) ? "?" : "";
  return [
    ...docstring([...meaning(one), ...tags(one)], width),
    `readonly ${one.name}${mark}: pulumi.Input<${typeOf(one, one.schema)}>;`,
  ];
}

/** Settings are strings, so the docstring of another type describes its format as a string. */
function settingLines(one: Setting, width: number): string[] {
  const [first = ""] = sentences(one);
  const type = one.schema === undefined ? "string" : typeOf(one, one.schema);
  const end = first.replace(/\.$/, "");
  const texts: Readonly<Record<string, string>> = { boolean: `${end}: \`"true"\` or \`"false"\`.` };
  const text = type.endsWith("[]") ? `${end}, ${AS_STRING}.` : (texts[type] ?? first);
  return [...docstring([text], width), `readonly ${one.name}?: pulumi.Input<string>;`];
}

const AS_STRING = "with commas between them";

function sentences({ description }: Pick<Argument, "description">): readonly string[] {
  return typeof description === "string" ? [description] : description;
}

function meaning(one: Argument): string[] {
  const secret = one.secret ? ["Kept encrypted in the state."] : [];
  const values = Object.entries(one.values ?? {}).map(([value, meant]) => `- \`${value}\`: ${meant}`);
  return [[...sentences(one), ...secret].join(" "), ...values];
}

function tags(one: Argument): string[] {
  const fallback = fallbackOf(one);
  return [
    ...(one.deprecated === undefined ? [] : [`@deprecated ${one.deprecated}`]),
    ...(fallback === undefined ? [] : [`@default ${fallback}`]),
    ...(one.example === undefined ? [] : [`@example ${literal(one.example)}`]),
  ];
}

/** The value without the argument: the other places where it is read from, then the default. */
function fallbackOf(one: Argument): string | undefined {
  const value = one.default === undefined ? undefined : literal(one.default);
  if (one.source === undefined) return value ?? one.otherwise;
  const variables = [
    ...one.source.env.map((name) => `\`${name}\``),
    ...(one.variable === undefined ? [] : [one.variable]),
  ];
  const places = [
    `the config value \`${one.source.config}\``,
    ...(variables.length === 0 ? [] : [`the environment variable ${variables.join(" or ")}`]),
    ...(one.otherwise === undefined ? [] : [one.otherwise]),
  ];
  const all = `${places.slice(0, -1).join(", ")}, or ${places.at(-1)}`;
  const written = typeOf(one, one.schema).endsWith("[]") ? `, ${AS_STRING}` : "";
  const needed = isGiven(one) ? "; required in one of these places" : "";
  return `${all}${written}${needed}${value === undefined ? "" : `; else \`${value}\``}`;
}

/** Whether a value is required, from any place. */
function isGiven({ schema }: Argument): boolean {
  return !(schema instanceof z.ZodOptional);
}

/** Whether a program may omit it. */
function isOptional(one: Argument): boolean {
  return !isGiven(one) || one.source !== undefined;
}

function typeOf({ type, name }: Pick<Argument, "type" | "name">, schema: unknown): string {
  if (type !== undefined) return type;
  if (schema instanceof z.ZodOptional) return typeOf({ name }, schema.unwrap());
  if (schema instanceof z.ZodString) return "string";
  if (schema instanceof z.ZodBoolean) return "boolean";
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodEnum) return schema.options.map((value) => JSON.stringify(value)).join(" | ");
  if (schema instanceof z.ZodArray) return `pulumi.Input<${typeOf({ name }, schema.element)}>[]`;
  throw new Error(`the definition of ${name} must have a type`);
}

/** A value as a program writes it. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${literal(inner)}`)
    .join(", ")} }`;
}

/** @param paragraphs each begins a line; further lines of a list item are indented */
function docstring(paragraphs: readonly string[], width: number): string[] {
  const [only = "", ...others] = paragraphs;
  const short = `/** ${only} */`;
  if (others.length === 0 && short.length <= width) return [short];
  const lines = paragraphs.flatMap((text) => wrapped(text, width - " * ".length, text.startsWith("- ") ? "  " : ""));
  return ["/**", ...lines.map((line) => ` * ${line}`), " */"];
}

function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `${indent}${word}`);
  }
  return lines;
}
