import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Command, EngineProcess } from "./operation";
import { definedEnv, fullConfig, readProject } from "./settings";
import type { Deployment, Engine, EngineOptions, ExportOptions, Operation, RunOptions } from "./types";

export interface Cli {
  /** The directory that holds `pulumi` and `pulumi-language-nodejs`. */
  readonly bin: string;
  /** As `pulumi version` prints it, "v3.260.0". */
  readonly version: string;
}

/** Searches for a Pulumi CLI that can run Node programs: on the PATH, then in the Pulumi home. */
export function findCli(env: NodeJS.ProcessEnv = process.env): Cli | undefined {
  const home = env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const versions = existsSync(join(home, "versions")) ? readdirSync(join(home, "versions")).sort().reverse() : [];
  const candidates = [
    ...(env["PATH"] ?? "").split(delimiter),
    ...versions.map((version) => join(home, "versions", version, "bin")),
    join(home, "bin"),
  ];
  const isComplete = (bin: string) => ["pulumi", "pulumi-language-nodejs"].every((file) => existsSync(join(bin, file)));
  for (const bin of candidates) {
    if (!bin || !isComplete(bin)) continue;
    const { status, stdout } = spawnSync(join(bin, "pulumi"), ["version"], {
      env: cliEnv({}, tmpdir()),
      encoding: "utf8",
    });
    if (status === 0) return { bin, version: stdout.trim() };
  }
  return undefined;
}

/** Without an account, prompts and network access, and with the flags that debug commands need. */
function cliEnv(changes: Readonly<Record<string, string | undefined>>, home: string): Record<string, string> {
  return definedEnv({
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "trial",
    PULUMI_SKIP_UPDATE_CHECK: "1",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
    PULUMI_SKIP_CONFIRMATIONS: "true",
    PULUMI_DEBUG_COMMANDS: "1", // `--event-log` is one of them
    ...changes,
  });
}

const DEPLOY = ["--yes", "--skip-preview"];

/** The real CLI, with its state in files. */
export class CliEngine implements Engine {
  readonly name: string;
  readonly dir: string;
  readonly #cli: Cli;
  readonly #options: EngineOptions;
  readonly #home: string;
  readonly #running = new Set<EngineProcess>();
  #operations = 0;

  static async open(cli: Cli, options: EngineOptions): Promise<CliEngine> {
    const home = await mkdtemp(join(tmpdir(), "pulumi-home-"));
    const engine = new CliEngine(cli, options, home);
    try {
      await engine.#prepare();
    } catch (error) {
      await engine.close();
      throw error;
    }
    return engine;
  }

  private constructor(cli: Cli, options: EngineOptions, home: string) {
    this.name = `pulumi ${cli.version}`;
    this.dir = options.dir;
    this.#cli = cli;
    this.#options = options;
    this.#home = home;
  }

  preview(options: RunOptions = {}): Operation {
    return this.#start("preview", [], options);
  }

  up(options: RunOptions = {}): Operation {
    return this.#start("up", DEPLOY, options);
  }

  refresh(options: RunOptions = {}): Operation {
    const clear = options.clearPendingCreates ? ["--clear-pending-creates"] : [];
    return this.#start("refresh", [...DEPLOY, ...clear], options);
  }

  destroy(options: RunOptions = {}): Operation {
    return this.#start("destroy", DEPLOY, options);
  }

  async exportState({ showSecrets = false }: ExportOptions = {}): Promise<Deployment> {
    return JSON.parse(await this.#pulumi("stack", "export", ...(showSecrets ? ["--show-secrets"] : [])));
  }

  async importState(deployment: Deployment): Promise<void> {
    const file = join(this.#home, "import.json");
    await writeFile(file, JSON.stringify(deployment));
    await this.#pulumi("stack", "import", "--file", file);
  }

  async configure(key: string, value: string | undefined): Promise<void> {
    if (value === undefined) await this.#pulumi("config", "rm", key);
    else await this.#pulumi("config", "set", "--plaintext", key, "--", value);
  }

  async unlock(): Promise<void> {
    await this.#pulumi("cancel", "--yes");
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((process) => process.close()));
    // The stack's configuration is in the folder of the program.
    await rm(join(this.dir, `Pulumi.${this.#stack}.yaml`), { force: true });
    await rm(this.#home, { recursive: true, force: true });
  }

  get #stack(): string {
    return this.#options.stack ?? "dev";
  }

  async #prepare(): Promise<void> {
    await mkdir(join(this.#home, "backend"), { recursive: true });
    const { name: project } = await readProject(this.dir);
    if (this.#options.project !== undefined && this.#options.project !== project)
      throw new Error(`the CLI takes the project's name from Pulumi.yaml: ${project}, not ${this.#options.project}`);
    await this.#pulumi("stack", "init", this.#stack);
    const { config = {}, secrets = {} } = this.#options;
    for (const [key, value] of Object.entries(fullConfig(config, project)))
      await this.#pulumi("config", "set", "--plaintext", key, "--", value);
    for (const [key, value] of Object.entries(fullConfig(secrets, project)))
      await this.#pulumi("config", "set", "--secret", key, "--", value);
  }

  async #pulumi(...args: string[]): Promise<string> {
    const options = { cwd: this.dir, env: this.#env({}), maxBuffer: 1 << 26 };
    const { stdout } = await promisify(execFile)(
      join(this.#cli.bin, "pulumi"),
      ["--non-interactive", ...args],
      options,
    );
    return stdout;
  }

  #start(command: string, flags: readonly string[], options: RunOptions): Operation {
    this.#operations += 1;
    const process = new EngineProcess(this.#command(command, flags, options), options);
    this.#running.add(process);
    return process.operation();
  }

  #command(command: string, flags: readonly string[], options: RunOptions): Command {
    const eventLog = join(this.#home, `events-${this.#operations}.jsonl`);
    const common = ["--non-interactive", "--color", "never", "--stack", this.#stack, "--event-log", eventLog];
    const parallel = options.parallel === undefined ? [] : ["--parallel", String(options.parallel)];
    return {
      file: join(this.#cli.bin, "pulumi"),
      args: [command, ...common, ...parallel, ...flags],
      options: { cwd: this.dir, env: this.#env(options.env ?? {}) },
      eventLog,
      keepEvents: this.#options.keepEvents,
    };
  }

  #env(changes: NonNullable<RunOptions["env"]>): Record<string, string> {
    const env = cliEnv({ ...this.#options.env, ...changes }, this.#home);
    // The CLI's own directory comes after Node, because it may contain the provider's start script.
    return { ...env, PATH: `${env["PATH"]}${delimiter}${this.#cli.bin}` };
  }
}
