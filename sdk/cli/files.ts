import { readFileSync, writeFileSync } from "node:fs";
import { openSecrets } from "../report/secrets";
import { decodeText, HOW, parseInput } from "../report/stack-export";
import type { Given } from "./command";
import { CommandError, messageOf, UsageError } from "./failure";
import type { Terminal } from "./terminal";

/** The JSON input of a command. */
export interface Input {
  /** For messages, at the beginning of a sentence: `stack.json`, `Standard input`. */
  readonly name: string;
  readonly content: unknown;
}

/** What an input should be. */
export interface Expected {
  /** For messages: `stack export`. */
  readonly what: string;
  /** What to do if it is something else, as a sentence. */
  readonly how: string;
}

export const EXPORT: Expected = { what: "stack export", how: HOW };

/** The input that the only operand names. @throws UsageError where it is missing; else as `readInput` */
export function readOperand(given: Given, expected: Expected, terminal: Terminal): Promise<Input> {
  given.atMost(1);
  const [source] = given.operands;
  if (source === undefined) throw new UsageError(`missing ${expected.what}: specify a file, or - for standard input`);
  return readInput(source, expected, terminal);
}

/**
 * @param source a file, or `-` for the standard input
 * @throws CommandError if it cannot be read, ReportError if it is not JSON
 */
export async function readInput(source: string, expected: Expected, terminal: Terminal): Promise<Input> {
  const name = source === "-" ? "Standard input" : source;
  let bytes: Uint8Array;
  try {
    bytes = source === "-" ? await terminal.read() : readFileSync(source);
  } catch (error) {
    throw new CommandError(`The ${expected.what} could not be read: ${messageOf(error)}.`);
  }
  return inputIn(decodeText(bytes), name, expected, terminal);
}

/** A text as an input. Plaintext secrets in it are removed from all output of the command. @throws ReportError */
export function inputIn(text: string, name: string, { how }: Expected, terminal: Terminal): Input {
  const content = parseInput(text, name, how);
  for (const secret of openSecrets(content)) terminal.conceal(secret);
  return { name, content };
}

/** Writes to a file or to standard output. @throws CommandError */
export async function writeResult(
  text: string,
  file: string | undefined,
  what: string,
  terminal: Terminal,
): Promise<void> {
  if (file === undefined) {
    await terminal.print(text);
    return;
  }
  try {
    writeFileSync(file, terminal.hide(text));
  } catch (error) {
    throw new CommandError(`The ${what} could not be written: ${messageOf(error)}.`);
  }
}
