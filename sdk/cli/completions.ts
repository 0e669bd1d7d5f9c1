import { suggestion } from "../../provider/base/closest";
import { COMMON, type Command, UsageError } from "./command";
import { completionScript, SHELLS } from "./help";

/** @param commands all of them, this one included */
export function completions(commands: () => readonly Command[]): Command {
  return {
    name: "completions",
    summary: "print a completion script for bash, zsh or fish",
    operands: `<${SHELLS.join("|")}>`,
    words: SHELLS,
    description: "Prints a script that completes commands and options. Load it where your shell starts.",
    options: async () => ({}),
    examples: ["source <(npx pulumi-dbversion completions bash)"],
    exits: ["the script was printed", "it was not", "the command line was not understood"],
    async run(given, terminal) {
      given.atMost(1);
      const [name] = given.operands;
      if (name === undefined) throw new UsageError(`name a shell: ${SHELLS.join(", ")}`);
      const shell = SHELLS.find((each) => each === name);
      if (shell === undefined) throw new UsageError(`unknown shell "${name}"; ${suggestion(name, SHELLS)}`);
      const words = new Map<string, readonly string[]>();
      for (const command of commands()) {
        const options = Object.keys({ ...(await command.options(terminal)), ...COMMON });
        words.set(command.name, [...(command.words ?? []), ...options.map((option) => `--${option}`)]);
      }
      await terminal.print(completionScript(shell, words));
      return 0;
    },
  };
}
