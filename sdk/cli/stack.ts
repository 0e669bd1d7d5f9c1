import type { ConfigReader } from "../../provider/frontend/resource/credentials";
import { member } from "../report/json";
import type { Given, Options } from "./command";
import { CommandError } from "./failure";
import { EXPORT, type Input, inputIn, readInput } from "./files";
import type { Terminal } from "./terminal";

/** Where a command finds a stack. */
export const STACK: Options = {
  stack: { value: "NAME", description: "the stack, read with the Pulumi CLI in the current directory" },
  file: { value: "FILE", description: "what `pulumi stack export` printed; - for the standard input" },
};

/** No configuration. */
export const UNCONFIGURED: ConfigReader = () => undefined;

/** The configuration of a stack, secrets included. @throws CommandError */
export async function stackConfig(stack: string | undefined, terminal: Terminal): Promise<ConfigReader> {
  const text = await pulumi(["config", "--json", "--show-secrets", ...named(stack)], terminal);
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which holds secrets.
    throw new CommandError("`pulumi config --json` printed something else than JSON.");
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
 * @param secrets whether values that are secret are wanted, too
 * @throws CommandError or ReportError
 */
export async function readExport(given: Given, terminal: Terminal, secrets: boolean): Promise<Input> {
  const file = given.text("file");
  if (file !== undefined) return readInput(file, EXPORT, terminal);
  const stack = given.text("stack");
  const shown = secrets ? ["--show-secrets"] : [];
  const text = await pulumi(["stack", "export", ...shown, ...named(stack)], terminal);
  return inputIn(text, stack === undefined ? "The selected stack" : `The stack ${stack}`, EXPORT, terminal);
}

function named(stack: string | undefined): readonly string[] {
  return stack === undefined ? [] : ["--stack", stack];
}

async function pulumi(args: readonly string[], terminal: Terminal): Promise<string> {
  try {
    return await terminal.run("pulumi", args);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const [verb, noun] = args;
    const missing = /ENOENT/.test(reason);
    throw new CommandError(
      missing
        ? "The Pulumi CLI was not found. Install it, or name a file that `pulumi stack export` has written with --file."
        : `\`pulumi ${verb} ${noun?.startsWith("-") === false ? noun : ""}`.trimEnd().concat(`\` failed: ${reason}`),
    );
  }
}
