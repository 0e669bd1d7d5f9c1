import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";

export interface Project {
  readonly name: string;
  /** Whether the SDK compiles TypeScript as it loads the program; `runtime.options.typescript`, on unless switched off. */
  readonly typescript: boolean;
}

/** Members of Pulumi.yaml that change how a program is run and that the local engine does not follow. */
const UNSUPPORTED = ["main", "nodeargs", "plugins", "packages", "stackConfigDir"];

/** Reads the required parts of Pulumi.yaml without a YAML parser: a name and a few scalars. */
export async function readProject(dir: string): Promise<Project> {
  const path = join(dir, "Pulumi.yaml");
  const text = await readFile(path, "utf8");
  const scalar = (key: string) => new RegExp(`^\\s*${key}:[ \\t]*["']?([^\\s"'#]*)`, "m").exec(text)?.[1];
  const name = scalar("name");
  if (!name) throw new Error(`no name in ${path}`);
  const found = UNSUPPORTED.filter((key) => scalar(key) !== undefined);
  if (found.length > 0) throw new Error(`the local engine does not support ${found.join(", ")} in ${path}`);
  return { name, typescript: scalar("typescript") !== "false" };
}

/** A key without a namespace belongs to the project. */
export function fullConfig(config: Readonly<Record<string, string>>, project: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.includes(":") ? key : `${project}:${key}`, value]),
  );
}

/** Node keeps compiled code here: an operation starts three processes that each load the SDK. */
const COMPILE_CACHE = join(__dirname, "..", "..", "node_modules", ".cache", "engine");

/**
 * The environment that an engine gets: ours, with the changes, and with the Node that runs the tests found first. What
 * belongs to the test runner is left out, and so is what a surrounding Pulumi or CI would bring in.
 */
export function definedEnv(changes: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([key]) => !/^(PULUMI_|VITEST|NODE_OPTIONS$|NODE_ENV$)/.test(key),
  );
  const PATH = [dirname(process.execPath), ...(changes["PATH"] ?? process.env["PATH"] ?? "").split(delimiter)];
  const NODE_COMPILE_CACHE = process.env["NODE_COMPILE_CACHE"] ?? COMPILE_CACHE;
  const merged = {
    ...Object.fromEntries(inherited),
    NODE_COMPILE_CACHE,
    ...changes,
    PATH: [...new Set(PATH)].join(delimiter),
  };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
