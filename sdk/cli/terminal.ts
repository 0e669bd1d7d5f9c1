import { execFile } from "node:child_process";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { UpgradeError } from "../../provider/core/errors";
import { type Clock, wallClock } from "../../provider/core/runtime";
import { Redaction } from "../../provider/frontend/resource/redaction";
import type { Kinds } from "../../provider/frontend/resource/session";
import { type Estates, estates, kinds } from "../../provider/systems";
import { CommandError, ProgramMissing } from "./failure";

/** The process that a command runs in. Tests replace it. */
export interface Streams {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Aborted at ^C. */
  readonly signal: AbortSignal;
  /** Width of standard output; undefined if it is not a terminal. */
  readonly columns: number | undefined;
  readonly systems: { readonly estates: Estates; readonly kinds: Kinds };
  /**
   * Writes to standard output, and resolves when everything is written.
   * @returns whether the reader still reads it
   * @throws CommandError when it cannot be written for another reason
   */
  print(text: string): Promise<boolean>;
  /** Writes a line to standard error. */
  note(line: string): void;
  /** A line on standard error that the next one replaces. No effect if it is not a terminal. */
  progress(line: string): void;
  /** Prompts for a line, without echo. Undefined without a terminal. */
  readonly prompt: ((question: string) => Promise<string>) | undefined;
  /** All of standard input. @throws Error if it is a terminal */
  read(): Promise<Uint8Array>;
  /** The output of a program. @throws ProgramMissing, or Error with its standard error */
  run(program: string, args: readonly string[]): Promise<string>;
}

/** The same for a command: no output contains a secret that the command knows. */
export interface Terminal extends Streams {
  /** Registers a secret. */
  conceal(secret: string): void;
  /** A line without known secrets, control characters and credentials that vendors print. */
  redact(text: string): string;
  /** A text of any format, such as JSON or HTML, without known secrets. */
  hide(text: string): string;
}

export function withoutSecrets(streams: Streams): Terminal {
  const { conceal, redact, hide } = new Redaction([], new Set(), Number.POSITIVE_INFINITY);
  const lines = (text: string) => hide(text).split("\n").map(redact).join("\n");
  return {
    ...streams,
    print: (text) => streams.print(hide(text)),
    note: (text) => streams.note(lines(text)),
    progress: (line) => streams.progress(redact(line)),
    conceal,
    redact,
    hide,
  };
}

/** Erases the line that the cursor is in. */
const ERASE = "\r\u001b[K";
const LARGEST_OUTPUT = 512 * 1024 * 1024;

export function processStreams(): Streams {
  const { stdin, stdout, stderr, env } = process;
  const signal = interruption();
  // A failed write is reported to its caller.
  for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
  let shown = "";
  const progress = (line: string) => {
    if (stderr.isTTY !== true || line === shown) return;
    shown = line;
    stderr.write(`${ERASE}${line.slice(0, (stderr.columns ?? 80) - 1)}`);
  };
  return {
    env,
    clock: wallClock,
    signal,
    columns: stdout.isTTY === true ? stdout.columns : undefined,
    systems: { estates, kinds },
    print: (text) => {
      progress("");
      return written(text);
    },
    note: (line) => {
      progress("");
      stderr.write(`${line}\n`);
    },
    progress,
    prompt: stdin.isTTY === true && stderr.isTTY === true ? promptWithoutEcho : undefined,
    read: async () => {
      if (stdin.isTTY === true) throw new Error("nothing is piped into standard input");
      return buffer(stdin);
    },
    run: (program, args) => outputOf(program, args, signal),
  };
}

/** The second ^C ends the process in any case. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort(new UpgradeError("interrupted", "Interrupted.")));
  return controller.signal;
}

/** Codes of a pipe whose reader has exited, such as `head`: on Linux and macOS, on Windows, and of every later write. */
const UNREAD: ReadonlySet<unknown> = new Set(["EPIPE", "EOF", "ERR_STREAM_DESTROYED"]);

function written(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error?: (Error & { readonly code?: string }) | null) => {
      if (error === undefined || error === null) resolve(true);
      else if (UNREAD.has(error.code)) resolve(false);
      else reject(new CommandError(`The output could not be written: ${error.message}.`));
    });
  });
}

/** readline edits the line; its echo is discarded. */
function promptWithoutEcho(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(`${question}: `);
  return new Promise((resolve, reject) => {
    reader.once("SIGINT", () => {
      reader.close();
      reject(new UpgradeError("interrupted", "Interrupted."));
    });
    reader.question("", (line) => {
      reader.close();
      process.stderr.write("\n");
      resolve(line);
    });
  });
}

function outputOf(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { maxBuffer: LARGEST_OUTPUT, signal }, (error, output, errors) => {
      if (error === null) resolve(output);
      else if (error.code === "ENOENT") reject(new ProgramMissing(`${program} was not found`, { cause: error }));
      else reject(new Error(errors.trim() || error.message, { cause: error }));
    });
  });
}
