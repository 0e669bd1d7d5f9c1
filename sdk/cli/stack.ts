import type { ConfigReader } from "../../provider/frontend/resource/credentials";
import { member } from "../report/stack-export";
import type { Given, Options } from "./command";
import { CommandError, messageOf, ProgramMissing } from "./failure";
import { EXPORT, type Input, inputIn, readInput } from "./files";
import type { Terminal } from "./terminal";

/** Options that select a stack. */
export const STACK: Options = {
  stack: { value: "NAME", description: "the stack, read with the Pulumi CLI in the current directory" },
  file: { value: "FILE", description: "output of `pulumi stack export`; - for standard input" },
};

/** What to do without the Pulumi CLI, as the end of a sentence. */
const WITHOUT_STACK = "omit --stack and set the credentials as environment variables";
const WITH_FILE = "pass the output of `pulumi stack export` with --file";

/** The configuration of the stack that `--stack` names, secrets included; without `--stack` none. @throws CommandError */
export async function configOf(given: Given, terminal: Terminal): Promise<ConfigReader> {
  if (!given.has("stack")) return () => undefined;
  const instead = given.operands.length > 0 || given.has("file") ? WITHOUT_STACK : WITH_FILE;
  const text = await pulumi(["config"], ["--json", "--show-secrets", ...named(given)], terminal, instead);
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which contains secrets.
    throw new CommandError("`pulumi config --json` did not print JSON.");
  }
  for (const value of Object.values(Object(config))) {
    const text = member(value, "secret") === true ? member(value, "value") : undefined;
    if (typeof text === "string") terminal.conceal(text);
  }
  return (key) => {
    const value = member(member(config, key), "value");
    return typeof value === "string" ? value : undefined;
  };
}

/**
 * What `pulumi stack export` prints.
 * @param secrets whether to include secret values
 * @throws CommandError or ReportError
 */
export async function readExport(given: Given, terminal: Terminal, secrets: boolean): Promise<Input> {
  const file = given.text("file");
  if (file !== undefined) return readInput(file, EXPORT, terminal);
  const stack = given.text("stack");
  const shown = secrets ? ["--show-secrets"] : [];
  const text = await pulumi(["stack", "export"], [...shown, ...named(given)], terminal, WITH_FILE);
  return inputIn(text, stack === undefined ? "The selected stack" : `The stack ${stack}`, EXPORT, terminal);
}

function named(given: Given): readonly string[] {
  const stack = given.text("stack");
  return stack === undefined ? [] : ["--stack", stack];
}

/** @param instead what to do without the Pulumi CLI, as the end of a sentence */
async function pulumi(
  command: readonly string[],
  options: readonly string[],
  terminal: Terminal,
  instead: string,
): Promise<string> {
  try {
    return await terminal.run("pulumi", [...command, ...options]);
  } catch (error) {
    if (error instanceof ProgramMissing) {
      throw new CommandError(`The Pulumi CLI was not found. Install it, or ${instead}.`);
    }
    throw new CommandError(`\`pulumi ${command.join(" ")}\` failed: ${messageOf(error)}`);
  }
}
