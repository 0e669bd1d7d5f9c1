import { suggestion } from "../../provider/base/closest";
import { UpgradeError } from "../../provider/core/errors";
import { ReportError } from "../report/stack-export";
import { approve } from "./approve";
import { COMMON, type Command, type Given, parse } from "./command";
import { discover } from "./discover";
import { doctor } from "./doctor";
import { explain } from "./explain";
import { CommandError, UsageError } from "./failure";
import { completions, helpOf, overview } from "./help";
import { ownVersion } from "./package";
import { report } from "./report";
import { simulate } from "./simulate";
import { status } from "./status";
import type { Terminal } from "./terminal";

/** In the order of the help. */
const COMMANDS: readonly Command[] = [
  discover,
  doctor,
  status,
  report,
  approve,
  explain,
  simulate,
  completions(() => COMMANDS),
];

/** The exit code in shells for a command that ^C ended. */
const INTERRUPTED = 130;

/** @returns the exit code */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const at = args.findIndex((arg) => !arg.startsWith("-"));
  const name = args[at];
  const command = COMMANDS.find((each) => each.name === name);
  try {
    if (command !== undefined) return await ran(command, args.toSpliced(at, 1), terminal);
    if (name !== undefined) {
      const known = COMMANDS.map((each) => each.name);
      throw new UsageError(`unknown command "${name}"; ${suggestion(name, known)}`);
    }
    const given = parse(args, COMMON);
    if (given.has("version")) await terminal.print(`${ownVersion()}\n`);
    else if (given.has("help")) await terminal.print(overview(COMMANDS));
    else throw new UsageError("missing command");
    return 0;
  } catch (error) {
    return ended(error, command, terminal);
  }
}

async function ran(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  if (command.passes === true) return command.run(parse(["--", ...args], {}), terminal);
  const options = await command.options(terminal);
  const given = parse(args, { ...options, ...COMMON });
  if (given.has("help")) await terminal.print(helpOf(command, options));
  else if (given.has("version")) await terminal.print(`${ownVersion()}\n`);
  else return untilInterrupted(command, given, terminal);
  return 0;
}

/** After ^C the command is not awaited: a server may respond late or never. @throws UpgradeError `interrupted` */
async function untilInterrupted(command: Command, given: Given, terminal: Terminal): Promise<number> {
  const { signal } = terminal;
  const interrupted = new Promise<"interrupted">((resolve) => {
    if (signal.aborted) resolve("interrupted");
    signal.addEventListener("abort", () => resolve("interrupted"), { once: true });
  });
  const code = await Promise.race([interrupted, command.run(given, terminal)]);
  if (code !== "interrupted") return code;
  if (command.lasts?.(given) === true) return 0;
  throw new UpgradeError("interrupted", "Interrupted.");
}

/** Reports the error that ended a command. @returns the exit code */
export function ended(error: unknown, command: Pick<Command, "name"> | undefined, terminal: Terminal): number {
  const prefix = `pulumi-dbversion${command === undefined ? "" : ` ${command.name}`}`;
  if (error instanceof UsageError) {
    const help = command === undefined ? "pulumi-dbversion --help" : `pulumi-dbversion ${command.name} --help`;
    terminal.note(`${prefix}: ${error.message}\nRun \`${help}\` for usage.`);
    return 2;
  }
  if (error instanceof UpgradeError) {
    terminal.note(`${prefix}: ${terminal.redact(error.text)}`);
    return error.code === "interrupted" ? INTERRUPTED : 1;
  }
  if (error instanceof CommandError || error instanceof ReportError) {
    terminal.note(`${prefix}: ${terminal.redact(error.message)}`);
    return 1;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  terminal.note(`${prefix}: internal error; please report it with these lines [unexpected]\n${stack ?? error}`);
  return 1;
}
