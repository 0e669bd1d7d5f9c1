import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { EngineEvent } from "./events";
import { descendants, isAlive, isDynamicProvider, kill, killAll, type ProcessInfo } from "./processes";
import { summarize } from "./record";
import type { Operation, Run, RunOptions } from "./types";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: Pick<SpawnOptions, "cwd" | "env">;
  /** Where the engine writes its events, one JSON object a line. */
  readonly eventLog: string;
  /** Whether the events are kept after they have been read. */
  readonly keepEvents?: boolean | undefined;
  /** Written to the standard input, which is then closed. */
  readonly input?: string;
}

/** The number of output lines in an error about a missing line. */
const TAIL = 40;

/** One engine operation, which is one process of the engine: it is started, monitored, interrupted, and its events are read. */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #command: Command;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  readonly #known = new Map<number, ProcessInfo>();
  readonly #ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly result: Promise<Run>;

  constructor(command: Command, { onLine }: RunOptions) {
    const started = performance.now();
    this.#command = command;
    if (onLine) this.#listeners.add(onLine);
    // Its own process group: a ^C in the terminal of the tests reaches the tests alone, which then close the engines.
    this.#child = spawn(command.file, command.args, { ...command.options, stdio: "pipe", detached: true });
    this.#child.stdin?.on("error", () => {}); // it may end before it has read its input
    this.#child.stdin?.end(command.input ?? "");
    const drained = Promise.all([this.#read("stdout"), this.#read("stderr")]);
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    this.result = this.#finish(drained, started);
    this.result.catch(() => {}); // the caller that awaits it sees it
    // The engine has its own process group and would continue after the tests are stopped.
    const interrupt = () => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) this.#child.kill(signal);
    };
    process.once("exit", interrupt);
    this.#child.once("exit", () => process.off("exit", interrupt));
  }

  /** The promise of the result, with the means to interrupt the operation on it. */
  operation(): Operation {
    return Object.assign(this.result, {
      cancel: () => void this.#child.kill("SIGINT"),
      kill: () => this.kill(),
      killPlugin: async () => {
        const plugins = await this.plugins();
        for (const pid of plugins) kill(pid, "SIGKILL");
        return plugins.length;
      },
      plugins: () => this.plugins(),
      seen: (pattern: RegExp | string) => this.#seen(pattern),
    });
  }

  async kill(): Promise<void> {
    await this.#readEvents();
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async plugins(): Promise<number[]> {
    await this.#readEvents();
    return [...this.#known.values()]
      .filter((info) => isDynamicProvider(info) && isAlive(info.pid))
      .map(({ pid }) => pid);
  }

  /** Ends the engine if it is running, and the processes that it left. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
    await killAll([...this.#known.values()]);
    await this.result.catch(() => {});
  }

  async #readEvents(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    for (const info of await descendants(pid)) this.#known.set(info.pid, info);
  }

  async #read(stream: "stdout" | "stderr"): Promise<void> {
    const input = this.#child[stream];
    if (!input) return;
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      this.#lines.push(line);
      for (const listener of this.#listeners) listener(line);
    }
  }

  #seen(pattern: RegExp | string): Promise<string> {
    const matches = (line: string) => (typeof pattern === "string" ? line.includes(pattern) : pattern.test(line));
    const past = this.#lines.find(matches);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const listener = (line: string) => {
        if (!matches(line)) return;
        this.#listeners.delete(listener);
        resolve(line);
      };
      this.#listeners.add(listener);
      const absent = () => reject(new Error(`No line matched ${pattern}; the last lines were\n${this.#tail()}`));
      this.result.then(absent, reject);
    });
  }

  #tail(): string {
    return this.#lines.slice(-TAIL).join("\n");
  }

  async #finish(drained: Promise<unknown>, started: number): Promise<Run> {
    const { code, signal } = await this.#ended;
    // A killed engine leaves providers that keep the pipe open; their output is not waited for.
    if (signal === null) await drained;
    else this.#child.stdout?.destroy();
    const events = await readEvents(this.#command.eventLog);
    if (!this.#command.keepEvents) await rm(this.#command.eventLog, { force: true });
    const output = this.#lines.join("\n");
    return summarize(events, { ok: code === 0, output, durationMs: performance.now() - started });
  }
}

/** The last line of a killed engine may be incomplete and is left out. */
async function readEvents(path: string): Promise<EngineEvent[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter(Boolean)
    .map((line): EngineEvent => JSON.parse(line));
}
