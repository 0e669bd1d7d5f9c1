import { parseArgs } from "node:util";
import { UsageError } from "./failure";

export const USAGE = `usage: pulumi-dbversion report <stack-export.json | -> [-o FILE]

Draws one self-contained HTML page of the databases that a stack pins: every pin, what runs, drift, problems and the
last upgrades. It reads what \`pulumi stack export\` prints and calls nothing.

  pulumi stack export | npx pulumi-dbversion report - -o databases.html
  npx pulumi-dbversion report stack-export.json > databases.html

options
  -o, --output FILE   write the page to this file; without it, to the standard output
  -h, --help          this text
  -v, --version       the version of the package

exit codes
  0  the page was written
  1  it was not: the input cannot be read, is no stack export or has no databases, or the output cannot be written
  2  the command was not understood
`;

/** What a command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  /** `input` is a path, or `-` for the standard input; without an `output` the page goes to the standard output. */
  | { readonly kind: "report"; readonly input: string; readonly output?: string };

/** @throws UsageError */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  const [name, input, ...rest] = positionals;
  if (name === undefined) throw new UsageError("a command is missing");
  if (name !== "report") throw new UsageError(`there is no command "${name}"`);
  if (input === undefined)
    throw new UsageError("report: a stack export is missing: name a file, or - to read it from a pipe");
  if (rest.length > 0) throw new UsageError(`report: one stack export at a time, not also "${rest.join(" ")}"`);
  if (values.output === "") throw new UsageError("report: --output has no file name");
  return { kind: "report", input, ...(values.output === undefined ? {} : { output: values.output }) };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
