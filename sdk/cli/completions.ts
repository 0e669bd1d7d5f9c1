import { suggestion } from "../../provider/base/closest";
import { COMMON, type Command } from "./command";
import { UsageError } from "./failure";

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
