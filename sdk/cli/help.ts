import { suggestion } from "../../provider/base/closest";
import { COMMON, type Command, type Options } from "./command";
import { UsageError } from "./failure";
import { wrapped } from "./layout";

/** The help of one command. */
export function helpOf(command: Command, options: Options): string {
  const { name, operand = "", optional, description, examples, exits } = command;
  const words = typeof operand === "string" ? operand : operand.join("|");
  const operands = words === operand ? words : optional === true ? `[${words}]` : `<${words}>`;
  const usage = ["usage: pulumi-dbversion", name, operands, "[options]"].filter((part) => part !== "").join(" ");
  const sections = [
    usage,
    wrapped(description, 0),
    ...(examples.length === 0 ? [] : [`examples\n${examples.map((line) => `  ${line}`).join("\n")}`]),
    `options\n${optionLines({ ...options, ...COMMON })}`,
    `exit codes\n${exits.map((meaning, code) => `  ${code}  ${meaning}`).join("\n")}`,
  ];
  return `${sections.join("\n\n")}\n`;
}

/** The help of the whole program. */
export function overview(commands: readonly Command[]): string {
  const widest = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(widest)}  ${summary}`);
  return `usage: pulumi-dbversion <command> [options]
       pulumi-dbversion <command> --help

Shows and checks the databases that Pulumi programs manage with this package. No command changes a database.

commands
${lines.join("\n")}

options
${optionLines(COMMON)}
`;
}

function optionLines(options: Options): string {
  const rows = Object.entries(options).map(([name, { short, value, description }]) => {
    const left = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
    return { left, description };
  });
  const widest = Math.min(Math.max(...rows.map(({ left }) => left.length)), 34);
  return rows
    .map(({ left, description }) => {
      const text = wrapped(description, widest + 4);
      return left.length > widest ? `  ${left}\n${" ".repeat(widest + 4)}${text}` : `  ${left.padEnd(widest)}  ${text}`;
    })
    .join("\n");
}

/** Shells that completions are written for. */
const SHELLS = ["bash", "zsh", "fish"] as const;

/** @param commands all of them, this one included */
export function completions(commands: () => readonly Command[]): Command {
  return {
    name: "completions",
    summary: "print a completion script for bash, zsh or fish",
    operand: SHELLS,
    description: "Prints a script that completes commands and options. Load it in the startup file of your shell.",
    options: async () => ({}),
    examples: ["source <(npx pulumi-dbversion completions bash)"],
    exits: ["the script was printed", "the script was not printed", "invalid command line"],
    async run(given, terminal) {
      given.atMost(1);
      const [name] = given.operands;
      if (name === undefined) throw new UsageError(`specify a shell: ${SHELLS.join(", ")}`);
      const shell = SHELLS.find((each) => each === name);
      if (shell === undefined) throw new UsageError(`unknown shell "${name}"; ${suggestion(name, SHELLS)}`);
      const words = new Map<string, readonly string[]>();
      for (const command of commands()) {
        const options = Object.keys({ ...(await command.options(terminal)), ...COMMON });
        const operands = typeof command.operand === "object" ? command.operand : [];
        words.set(command.name, [...operands, ...options.map((option) => `--${option}`)]);
      }
      await terminal.print(completionScript(shell, words));
      return 0;
    },
  };
}

/** A script that completes commands, their operands and their options. */
function completionScript(shell: (typeof SHELLS)[number], words: ReadonlyMap<string, readonly string[]>): string {
  const commands = [...words.keys()].join(" ");
  if (shell === "fish") {
    const lines = [...words].map(
      ([name, own]) => `complete -c pulumi-dbversion -f -n "__fish_seen_subcommand_from ${name}" -a "${own.join(" ")}"`,
    );
    return [`complete -c pulumi-dbversion -f -n __fish_use_subcommand -a "${commands}"`, ...lines, ""].join("\n");
  }
  const cases = [...words].map(([name, own]) => `    ${name}) words="${own.join(" ")}" ;;`);
  const zsh = shell === "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
  return `${zsh}_pulumi_dbversion() {
  local words="${commands}"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="${commands}"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _pulumi_dbversion pulumi-dbversion
`;
}
