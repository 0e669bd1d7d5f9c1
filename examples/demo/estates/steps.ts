import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation, Run, RunOptions } from "../../../test/engine";
import { definedEnv } from "../../../test/engine/settings";
import type { JournalEntry } from "../../../test/simulators";
import { expect, succeeded } from "../acts";
import type { Narrator } from "../narrator";
import type { Estates } from "./systems";

const ROOT = join(__dirname, "..", "..", "..");

export interface Step {
  /** As printed: `pulumi-dbversion doctor oceanbase $ORDERS`. */
  readonly command: string;
  /** Of a command of the package. */
  readonly code?: number;
  readonly seconds: number;
  /** By system, as recorded by its simulator. */
  readonly requests: Readonly<Record<string, readonly JournalEntry[]>>;
  /** The complete output, including parts that are not shown. */
  readonly output: string;
}

/** Runs commands in a directory, prints them with their output, and counts seconds and requests. */
export class Steps {
  readonly all: Step[] = [];
  readonly #estates: Estates;
  readonly #narrator: Narrator;
  readonly #dir: string;

  constructor(estates: Estates, narrator: Narrator, dir: string) {
    this.#estates = estates;
    this.#narrator = narrator;
    this.#dir = dir;
  }

  /**
   * A command line of the package, optionally followed by `| head -4` or `| tail -9`.
   * @returns its output without line breaks
   * @throws for another exit code
   */
  async run(line: string, expected: number): Promise<string> {
    const [given = "", pipe = ""] = line.split(" | ");
    const [, end, lines] = /^(head|tail) -(\d+)$/.exec(pipe) ?? [];
    const args = given.split(" ").flatMap((word) => this.#expanded(word));
    this.#narrator.command(`npx pulumi-dbversion ${line}`);
    const most = end === "head" ? Number(lines) : Number.POSITIVE_INFINITY;
    const { ended, ...measured } = await this.#measured(() =>
      outputOf(args, { dir: this.#dir, env: this.#estates.environment, most }),
    );
    const { code, output, errors } = ended;
    this.#narrator.output(end === "tail" ? lastOf(output, Number(lines)) : output);
    this.#narrator.output(errors);
    this.#conclude({ command: `pulumi-dbversion ${line}`, code, output: `${output}${errors}`, ...measured });
    expect(code === expected, `\`${line}\` ended with exit code ${code} instead of ${expected}:\n${output}${errors}`);
    return output.replaceAll(/\s+/g, " ");
  }

  /** An operation of an engine, with its rows or with the number of what it creates. @throws when it fails */
  async operation(command: string, start: (options: RunOptions) => Operation, rows = true): Promise<Run> {
    const { ended, ...measured } = await this.#measured(() => this.#narrator.run(command, start, rows));
    if (!rows) this.#narrator.output(`  ${createdIn(ended).length} resources created`);
    this.#conclude({ command, output: ended.output, ...measured });
    return succeeded(ended);
  }

  #expanded(word: string): string[] {
    const value = Object.entries(this.#estates.variables).find(([name]) => word === `$${name}`)?.[1];
    return value === undefined ? [word] : value.split(" ");
  }

  async #measured<T>(run: () => Promise<T>): Promise<Pick<Step, "seconds" | "requests"> & { readonly ended: T }> {
    const journals = Object.entries(this.#estates.journals);
    for (const [, journal] of journals) journal.clear();
    const began = performance.now();
    const ended = await run();
    const seconds = (performance.now() - began) / 1_000;
    const requests = journals.map(([system, { entries }]) => [system, [...entries]] as const);
    return { ended, seconds, requests: Object.fromEntries(requests.filter(([, entries]) => entries.length > 0)) };
  }

  #conclude(step: Step): void {
    this.all.push(step);
    const exit = step.code === undefined ? [] : [`exit code ${step.code}`];
    const facts = [...exit, `${step.seconds.toFixed(1)} s`, countsOf([step])];
    this.#narrator.say(`  (${facts.join(" · ")})`);
    expect(writesOf([step]) === 0, `\`${step.command}\` sent requests other than reads`);
  }
}

/** Without the stack. */
export function createdIn({ steps }: Run): Run["steps"] {
  return steps.filter(({ op, type }) => op === "create" && type !== "pulumi:pulumi:Stack");
}

/** Every request except GET counts as a write, including a login. */
export function writesOf(steps: readonly Step[]): number {
  return allOf(steps).filter(({ method }) => method !== "GET").length;
}

export function readsOf(steps: readonly Step[]): number {
  return allOf(steps).length - writesOf(steps);
}

/** `1047 reads, 0 writes` */
export function countsOf(steps: readonly Step[]): string {
  return `${readsOf(steps)} reads, ${writesOf(steps)} writes`;
}

function allOf(steps: readonly Step[]): readonly JournalEntry[] {
  return steps.flatMap(({ requests }) => Object.values(requests).flat());
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the built command of the package. @param most lines after which the reader exits, as with `head` */
function outputOf(
  args: readonly string[],
  { dir, env, most }: { readonly dir: string; readonly env: Estates["environment"]; readonly most: number },
): Promise<Ended & { readonly code: number }> {
  const { bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const command = join(ROOT, String(Object.values(bin)[0]));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...args], {
      cwd: dir,
      env: definedEnv(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const lines = output.split("\n");
      if (lines.length <= most) return;
      output = `${lines.slice(0, most).join("\n")}\n`;
      child.stdout.destroy();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, output, errors }));
  });
}

function lastOf(output: string, lines: number): string {
  return output.trimEnd().split("\n").slice(-lines).join("\n");
}
