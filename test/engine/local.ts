import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundledEngine } from "./bundle";
import type { OperationKind, OperationRequest } from "./local/request";
import { Sealer, withPlaintext } from "./local/seal";
import { LOCK_FILE, STATE_FILE } from "./local/store";
import { type Command, EngineProcess } from "./operation";
import { definedEnv, fullConfig, type Project, readProject } from "./settings";
import type { Deployment, Engine, EngineOptions, ExportOptions, Operation, RunOptions } from "./types";

/** The CLI's default: four operations at once for each processor. */
const PARALLEL = 4 * availableParallelism();
const EMPTY: Deployment = { version: 3, deployment: { manifest: {} } };

/** The stand-in for the Pulumi CLI: each operation is a process of `local/main.ts`, bundled. */
export class LocalEngine implements Engine {
  readonly name = "local engine";
  readonly dir: string;
  readonly #options: EngineOptions;
  readonly #configured: Map<string, string>;
  readonly #home: string;
  readonly #project: Project;
  readonly #running = new Set<EngineProcess>();
  #operations = 0;

  static async open(options: EngineOptions): Promise<LocalEngine> {
    const project = await readProject(options.dir);
    const home = await mkdtemp(join(tmpdir(), "local-engine-"));
    return new LocalEngine(options, home, { ...project, name: options.project ?? project.name });
  }

  private constructor(options: EngineOptions, home: string, project: Project) {
    this.dir = options.dir;
    this.#options = options;
    this.#configured = new Map(Object.entries(options.config ?? {}));
    this.#home = home;
    this.#project = project;
  }

  preview(options: RunOptions = {}): Operation {
    return this.#start("preview", options);
  }

  up(options: RunOptions = {}): Operation {
    return this.#start("up", options);
  }

  refresh(options: RunOptions = {}): Operation {
    return this.#start("refresh", options);
  }

  destroy(options: RunOptions = {}): Operation {
    return this.#start("destroy", options);
  }

  async exportState({ showSecrets = false }: ExportOptions = {}): Promise<Deployment> {
    const text = await readFile(join(this.#home, STATE_FILE), "utf8").catch(() => undefined);
    const deployment = text === undefined ? EMPTY : JSON.parse(text);
    return showSecrets ? withPlaintext(deployment, new Sealer(this.#home)) : deployment;
  }

  async importState(deployment: Deployment): Promise<void> {
    await writeFile(join(this.#home, STATE_FILE), JSON.stringify(deployment));
  }

  async configure(key: string, value: string | undefined): Promise<void> {
    if (value === undefined) this.#configured.delete(key);
    else this.#configured.set(key, value);
  }

  async unlock(): Promise<void> {
    await rm(join(this.#home, LOCK_FILE), { force: true });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((process) => process.close()));
    await rm(this.#home, { recursive: true, force: true });
  }

  #start(kind: OperationKind, options: RunOptions): Operation {
    this.#operations += 1;
    const process = new EngineProcess(this.#command(kind, options), options);
    this.#running.add(process);
    return process.operation();
  }

  #command(kind: OperationKind, options: RunOptions): Command {
    const { dir, stack = "dev", secrets = {}, env } = this.#options;
    const config = Object.fromEntries(this.#configured);
    const eventLog = join(this.#home, `events-${this.#operations}.jsonl`);
    const full = fullConfig({ ...config, ...secrets }, this.#project.name);
    const request: OperationRequest = {
      kind,
      dir,
      project: this.#project.name,
      typescript: this.#project.typescript,
      stack,
      config: full,
      secretKeys: Object.keys(fullConfig(secrets, this.#project.name)),
      stateDir: this.#home,
      eventLog,
      parallel: options.parallel ?? PARALLEL,
      clearPendingCreates: options.clearPendingCreates ?? false,
      env: definedEnv({ ...env, ...options.env }),
    };
    return {
      file: process.execPath,
      args: [bundledEngine()],
      // The engine replaces its environment by the one of the request; this one is only for Node.
      options: { cwd: dirname(__dirname), env: definedEnv({}) },
      eventLog,
      keepEvents: this.#options.keepEvents,
      input: JSON.stringify(request),
    };
  }
}
