import type { FoundResource } from "../../provider/core/estate";
import { member } from "../report/json";
import type { Connection } from "./connection";

/** Everything at one estate, with how it is reached. */
export interface Adopted {
  readonly connection: Connection;
  readonly resources: readonly FoundResource[];
}

type Arguments = Readonly<Record<string, unknown>>;

/** Forms in which the resources can be written. */
export const FORMS = ["ts", "fleet"] as const;

/** A TypeScript program that manages everything at the versions that run. */
export function programOf(system: string, estates: readonly Adopted[]): string {
  const names = new Names();
  const modules = new Set(estates.flatMap(({ resources }) => resources.map(({ type }) => partsOf(type).module)));
  const readsFiles = estates.some(({ connection }) => connection.files.size > 0);
  const blocks = estates.map(({ connection, resources }, at) => {
    const variable = estates.length === 1 ? "connection" : `connection${at + 1}`;
    const lines = resources.map(({ type, name, args }) => {
      const { module, title } = partsOf(type);
      const own = Object.entries(args).map(([key, value]) => `  ${key}: ${literal(value, 2)},\n`);
      return `new ${module}.${title}("${names.unique(name)}", {\n  ...${variable},\n${own.join("")}});\n`;
    });
    return `const ${variable} = ${connectionText(connection)};\n\n${lines.join("\n")}`;
  });
  return [
    ...(readsFiles ? [`import { readFileSync } from "node:fs";\n`] : []),
    `import { ${[...modules].sort().join(", ")} } from "pulumi-dbversion";\n\n`,
    `// Written by \`pulumi-dbversion discover ${system}\`: every version is the one that runs, so nothing is upgraded.\n`,
    ...secretsOf(estates).map((line) => `// ${line}\n`),
    `\n${blocks.join("\n")}`,
  ].join("");
}

/** The same as a file that the program in examples/fleet reads. */
export async function fleetOf(system: string, estates: readonly Adopted[]): Promise<string> {
  const names = new Names();
  const connections: Record<string, Arguments> = {};
  const databases: Record<string, Arguments> = {};
  for (const [at, { connection, resources }] of estates.entries()) {
    const key = estates.length === 1 ? system : `${system}-${at + 1}`;
    connections[key] = openArguments(connection);
    for (const { type, name, args } of resources) {
      databases[names.unique(name)] = { kind: type.replace(":", "."), connection: key, ...args };
    }
  }
  const { stringify } = await import("yaml");
  const comments = [`Written by \`pulumi-dbversion discover ${system}\`: every version is the one that runs.`];
  const lines = [...comments, ...secretsOf(estates)].map((line) => `# ${line}\n`);
  return `${lines.join("")}\n${stringify({ connections, databases }, { lineWidth: 0 })}`;
}

/** Where the credentials come from, which are not written. */
function secretsOf([first]: readonly Adopted[]): readonly string[] {
  if (first === undefined) return [];
  const { kind, args } = first.connection;
  const lines = kind.secrets.flatMap((name) => {
    const source = kind.credentials[name];
    if (member(args, name) === undefined || source === undefined) return [];
    return [`  ${[`pulumi config set --secret ${source.config}`, ...source.env.slice(0, 1)].join("  or  ")}`];
  });
  return lines.length === 0
    ? []
    : ["Credentials are not written here. Set them in the stack or in the environment:", ...lines];
}

/** Arguments of the connection that are no secrets. */
function openArguments({ kind: { secrets, filters = [] }, args }: Connection): Arguments {
  const left = new Set([...secrets, ...filters]);
  const open = Object.entries<unknown>({ ...args }).filter(([name, value]) => value !== undefined && !left.has(name));
  return Object.fromEntries(open);
}

function connectionText(connection: Connection): string {
  const { files } = connection;
  const read = [...files].map(([name, path]) => `  ${name}: readFileSync(${JSON.stringify(path)}, "utf8"),\n`);
  const open = Object.entries(openArguments(connection)).filter(([name]) => !files.has(name));
  const written = open.map(([name, value]) => `  ${name}: ${literal(value, 2)},\n`);
  return `{\n${[...written, ...read].join("")}}`;
}

function partsOf(type: string): { readonly module: string; readonly title: string } {
  const [module = "", title = ""] = type.split(":");
  return { module, title };
}

/** Longer lists have a line for each item. */
const LINE = 90;

/** A value as TypeScript writes it. */
function literal(value: unknown, indent: number): string {
  const short = inline(value);
  if (short.length + indent <= LINE || typeof value !== "object" || value === null) return short;
  const pad = " ".repeat(indent + 2);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const items = Array.isArray(value)
    ? value.map((item) => literal(item, indent + 2))
    : Object.entries(value).map(([key, item]) => `${keyOf(key)}: ${literal(item, indent + 2)}`);
  return `${open}\n${items.map((item) => `${pad}${item},\n`).join("")}${" ".repeat(indent)}${close}`;
}

function inline(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  const members = Object.entries(value).map(([key, item]) => `${keyOf(key)}: ${inline(item)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function keyOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

/** Names of resources: letters, digits, dashes and dots, each once. */
class Names {
  readonly #taken = new Set<string>();

  unique(wish: string): string {
    const plain = wish.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^-+|-+$/g, "") || "database";
    let name = plain;
    for (let count = 2; this.#taken.has(name); count++) name = `${plain}-${count}`;
    this.#taken.add(name);
    return name;
  }
}
