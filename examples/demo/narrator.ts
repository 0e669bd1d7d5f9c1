import { appendFileSync } from "node:fs";
import { styleText } from "node:util";
import type { Operation, Run, RunOptions } from "../../test/engine";

const WIDTH = 100;
/** Progress is shown in steps of this many percent. */
const STEP = 25;

/** A line of the engine about a resource: sign, name, status, seconds, message. */
const ROW = /^ {1,2}([+~-]) {1,2}pulumi-nodejs:\S+ (\S+) ([a-z]+)(?: \(([\d.]+)s\))?(?: \[diff: [^\]]*\];?)? ?(.*)$/;
/** Summary lines, which are printed at the end of the operation. */
const COUNTED = /^(\d+ (message|warning|error)|error:)/;
/** The next line repeats it, with the id of the task. */
const ANNOUNCED = /^(starting the upgrade|asking for) /;

/** Prints the demo, and writes the engine's output to a file. */
export class Narrator {
  readonly #log: string;
  readonly #print: (line: string) => void;
  readonly #colour: boolean;

  constructor(log: string, print: (line: string) => void, colour = false) {
    this.#log = log;
    this.#print = print;
    this.#colour = colour;
  }

  heading(text: string): void {
    this.#print("");
    this.#print(this.#style("bold", text));
  }

  say(text: string): void {
    for (const line of wrap(text, 0)) this.#print(line);
  }

  /** Prints a command line. */
  command(line: string): void {
    for (const part of wrap(`$ ${line}`, 0, 4)) this.#print(this.#style("cyan", part));
  }

  /** Prints the output of a program unchanged. */
  output(text: string): void {
    const lines = text === "" ? [] : text.trimEnd().split("\n");
    for (const part of lines.flatMap((line) => wrap(line, 0, 4))) this.#print(part);
  }

  /** Runs an operation, shows its rows as they come and its errors at the end. */
  async run(command: string, start: (options: RunOptions) => Operation, rows = true): Promise<Run> {
    const operation = this.begin(command, start, rows);
    return this.end(await operation);
  }

  /** The same for an operation that is interrupted: `end` shows its errors. */
  begin(command: string, start: (options: RunOptions) => Operation, rows = true): Operation {
    this.command(command);
    appendFileSync(this.#log, `\n$ ${command}\n`);
    const shown = new Map<string, number>();
    return start({
      onLine: (line) => {
        appendFileSync(this.#log, `${line}\n`);
        const row = rows ? rowOf(line, shown) : undefined;
        if (row !== undefined) this.#indented(row, row.startsWith("+") ? "green" : "yellow");
      },
    });
  }

  end(run: Run): Run {
    const errors = run.diagnostics.filter(
      ({ severity, urn }) => severity === "error" && urn.includes("pulumi-nodejs:"),
    );
    for (const { message } of errors) this.#indented(message.replace(/^.*\n\s*\* /, "").trim(), "red");
    if (run.steps.length > 0 && run.steps.every(({ op }) => op === "same")) this.#indented("no changes", "green");
    return run;
  }

  #indented(text: string, colour: "green" | "yellow" | "red"): void {
    for (const line of wrap(text, 2)) this.#print(this.#style(colour, line));
  }

  #style(format: "bold" | "cyan" | "green" | "yellow" | "red", text: string): string {
    return this.#colour ? styleText(format, text, { validateStream: false }) : text;
  }
}

/** The shown part of a line: each message of a resource once, and progress in steps. */
function rowOf(line: string, shown: Map<string, number>): string | undefined {
  const [, sign, name = "", status = "", seconds, message = ""] = ROW.exec(line) ?? [];
  if (sign === undefined) return undefined;
  const isEnd = seconds !== undefined && /ed$/.test(status);
  if (ANNOUNCED.test(message)) return undefined;
  if (COUNTED.test(message) ? !isEnd : message === "" && !isEnd) return undefined;
  const text = isEnd ? `${status} in ${Math.round(Number(seconds))} s` : message;
  const percent = /^(\d+)%/.exec(text)?.[1];
  const key = percent === undefined ? `${name} ${text.replace(/ · \d+ s$/, "")}` : name;
  const before = shown.get(key);
  if (before !== undefined && (percent === undefined || Number(percent) < before + STEP)) return undefined;
  shown.set(key, Number(percent ?? 0));
  return `${sign} ${name.padEnd(14)} ${text}`;
}

/** Lines of at most `WIDTH` characters. @param further the indentation of all but the first; default: two more */
export function wrap(text: string, indent: number, further = indent === 0 ? 0 : indent + 2): string[] {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  for (const [at, word] of text.split(/(?<=\S) /).entries()) {
    const next = at === 0 ? line + word : `${line} ${word}`;
    if (next.length <= WIDTH) line = next;
    else {
      lines.push(line);
      line = `${" ".repeat(further)}${word.trimStart()}`;
    }
  }
  return [...lines, line];
}
