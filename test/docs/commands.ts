import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { text } from "node:stream/consumers";
import { type Engine, openEngine, type Run } from "../engine";
import { definedEnv } from "../engine/settings";
import { blocksOf, page } from "./pages";
import { type StandIn, standIns } from "./stand-ins";

/** The result of a documented block of commands. */
export interface BlockResult {
  readonly code: number | null;
  readonly output: string;
  readonly runs: readonly Run[];
}

export interface Setting {
  readonly dir: string;
  /** Documented values of the configuration → those of a simulated system. */
  readonly values: Readonly<Record<string, string>>;
  /** The input for each secret that the block prompts for. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Configuration that the block does not set. */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * Runs the commands of a page unchanged, in a copy of its example with installed packages. `pulumi` is a stand-in that
 * collects the configuration and runs the program on the local engine, with the addresses of a simulated system.
 */
export async function runCommands(path: string, setting: Setting): Promise<BlockResult> {
  const [block] = blocksOf(page(path)).filter(({ language }) => language === "sh");
  const runs: Run[] = [];
  const engines: Engine[] = [];
  const npm: StandIn = async ({ args }) => {
    if (args.join(" ") !== "install") throw new Error(`npm ${args.join(" ")} is not expected`);
    return "";
  };
  const stands = await standIns({ npm, pulumi: pulumi(setting, runs, engines) });
  const { PATH = "", ...env } = definedEnv({});
  try {
    const shell = spawn("bash", ["-e", "-c", block?.text ?? ""], {
      cwd: setting.dir,
      env: { ...env, PATH: `${stands.bin}${delimiter}${PATH}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise<number | null>((resolve) => shell.once("close", resolve));
    const [out, err, code] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
    return { code, output: out + err, runs };
  } finally {
    for (const engine of engines) await engine.close();
    await stands.close();
  }
}

function pulumi({ dir, values, secrets: typed, config: given }: Setting, runs: Run[], engines: Engine[]): StandIn {
  const config = new Map<string, unknown>(Object.entries(given ?? {}));
  const secrets: Record<string, string> = {};
  return async ({ args, input }) => {
    const [verb = "", second = "", ...rest] = args;
    if (verb === "stack" && second === "init") return "";
    if (verb === "config" && second === "set") {
      const names = rest.filter((arg) => !arg.startsWith("--"));
      const [key = "", value = input] = names;
      if (rest.includes("--secret")) secrets[key] = inputFor(typed, key);
      else set(config, key, values[value.trim()] ?? value, rest.includes("--path"));
      return "";
    }
    if ((verb !== "preview" && verb !== "up") || second !== "")
      throw new Error(`pulumi ${args.join(" ")} is not expected`);
    if (engines.length === 0) {
      const texts = [...config].map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
      engines.push(await openEngine({ dir, prefer: "local", config: Object.fromEntries(texts), secrets }));
    }
    const run = await engines[0]?.[verb]();
    if (run === undefined || !run.ok) throw new Error(run?.output);
    runs.push(run);
    return run.output;
  };
}

function inputFor(typed: Readonly<Record<string, string>>, key: string): string {
  const value = typed[key];
  if (value === undefined) throw new Error(`there is no input for ${key}`);
  return value;
}

/** `--path 'endpoints[0]'` sets a member of a list. */
function set(config: Map<string, unknown>, key: string, value: string, isPath: boolean): void {
  const [, name = key, index] = (isPath && /^(\w+)\[(\d+)\]$/.exec(key)) || [];
  if (index === undefined) config.set(name, value);
  else {
    const list = config.get(name);
    config.set(name, Object.assign(Array.isArray(list) ? list : [], { [index]: value }));
  }
}
