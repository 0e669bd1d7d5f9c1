import { parseArgs } from "node:util";
import { suggestion } from "../../provider/base/closest";
import { UsageError } from "./failure";
import type { Terminal } from "./terminal";

export interface Option {
  /** The placeholder of its value in the help: `FILE`. Without one, it is a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly multiple?: true;
  readonly description: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Command {
  readonly name: string;
  /** For the list of commands. */
  readonly summary: string;
  /** The operand after the name: its possible values, or its placeholder in the usage (`<CODE>`). */
  readonly operand?: readonly string[] | string;
  /** Whether it is optional. */
  readonly optional?: true;
  readonly description: string;
  options(terminal: Terminal): Promise<Options>;
  readonly examples: readonly string[];
  /** The meaning of each exit code. */
  readonly exits: readonly string[];
  /** Whether it receives its arguments unparsed, including `--help`. */
  readonly passes?: true;
  /** Whether it runs until ^C, which then counts as success. */
  readonly lasts?: (given: Given) => boolean;
  /** @returns the exit code. @throws UsageError, CommandError or UpgradeError */
  run(given: Given, terminal: Terminal): Promise<number>;
}

/** Options of every command. */
export const COMMON: Options = {
  help: { short: "h", description: "print this help" },
  version: { short: "v", description: "print the version of the package" },
};

export const JSON_OUTPUT: Options = { json: { description: "print JSON" } };

export const OUTPUT_FILE: Options = {
  output: { short: "o", value: "FILE", description: "write to this file instead of standard output" },
};

/** The operands and options of a command line. */
export class Given {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** Options that would have no effect here. @throws UsageError for the first that is given: `--json ${reason}` */
  refuse(names: readonly string[], reason: string): void {
    const [name] = names.filter((each) => this.has(each));
    if (name !== undefined) throw new UsageError(`--${name} ${reason}`);
  }

  /** At most so many operands. @throws UsageError for the first one too many */
  atMost(count: number): void {
    const extra = this.operands[count];
    if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`);
  }
}

/** @throws UsageError */
export function parse(args: readonly string[], options: Options): Given {
  const table = Object.entries(options).map(([name, { value, short, multiple = false }]) => [
    name,
    { type: value === undefined ? "boolean" : "string", multiple, ...(short === undefined ? {} : { short }) } as const,
  ]);
  // Not strict: its messages neither suggest an option nor name the value.
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(table),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const operands: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw unknown(rawName, options);
    const known = values.get(name) ?? [];
    if (option.multiple !== true && known.length > 0) throw new UsageError(`${rawName} was given more than once`);
    values.set(name, [...known, givenTo(rawName, option, value, inlineValue)]);
  }
  return new Given(operands, values);
}

function givenTo(name: string, option: Option, value: string | undefined, inline: boolean | undefined): string {
  if (option.value === undefined) {
    if (inline === true) throw new UsageError(`${name} takes no value`);
    return "";
  }
  const missing = value === undefined || value === "" || (inline !== true && /^-./.test(value));
  if (missing) throw new UsageError(`${name} requires a value: ${name} ${option.value}`);
  return value;
}

function unknown(name: string, options: Options): UsageError {
  const known = Object.keys(options).map((each) => `--${each}`);
  return new UsageError(`unknown option ${name}; ${suggestion(name, known)}`);
}
