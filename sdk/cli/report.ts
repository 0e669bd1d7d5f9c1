import { readFileSync, writeFileSync } from "node:fs";
import { decodeText } from "../report/encoding";
import { report as pageOf } from "../report/report";
import { type Command, CommandError, UsageError } from "./command";
import type { Terminal } from "./terminal";

export const report: Command = {
  name: "report",
  summary: "draw an HTML page of the databases that a stack manages",
  operands: "<stack-export.json | ->",
  description:
    "Draws one self-contained HTML page of the databases that a stack manages: target and current versions, drift, problems and the last upgrades. It reads what `pulumi stack export` prints, from a file or, with -, from the standard input, and makes no requests.",
  options: async () => ({
    output: { short: "o", value: "FILE", description: "write the page to this file instead of the standard output" },
  }),
  examples: [
    "pulumi stack export | npx pulumi-dbversion report - -o databases.html",
    "npx pulumi-dbversion report stack-export.json > databases.html",
  ],
  exits: [
    "the page was written",
    "it was not: the input cannot be read, is no stack export or has no databases, or the output cannot be written",
    "the command line was not understood",
  ],
  async run(given, terminal) {
    given.atMost(1);
    const [input] = given.operands;
    if (input === undefined) throw new UsageError("a stack export is missing: name a file, or - to read a pipe");
    const text = pageOf(decodeText(await bytesOf(input, terminal)), input === "-" ? "The standard input" : input);
    await writeResult(text, given.text("output"), "page", terminal);
    return 0;
  },
};

/** To a file, or the standard output. @throws CommandError */
export async function writeResult(
  text: string,
  file: string | undefined,
  what: string,
  terminal: Terminal,
): Promise<void> {
  if (file === undefined) return terminal.print(text);
  try {
    writeFileSync(file, terminal.hide(text));
  } catch (error) {
    throw new CommandError(`The ${what} could not be written: ${messageOf(error)}.`);
  }
}

/** The bytes of a file, or of the standard input for `-`. @throws CommandError */
export async function bytesOf(input: string, terminal: Terminal): Promise<Uint8Array> {
  try {
    return input === "-" ? await terminal.read() : readFileSync(input);
  } catch (error) {
    throw new CommandError(`The stack export could not be read: ${messageOf(error)}.`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
