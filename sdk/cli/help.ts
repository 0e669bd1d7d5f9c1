import { COMMON, type Command, type Options } from "./command";

const WIDTH = 100;

/** The help of one command. */
export function helpOf(command: Command, options: Options): string {
  const { name, operand = "", optional, description, examples, exits } = command;
  const words = typeof operand === "string" ? operand : operand.join("|");
  const operands = words === operand ? words : optional === true ? `[${words}]` : `<${words}>`;
  const usage = ["usage: pulumi-dbversion", name, operands, "[options]"].filter((part) => part !== "").join(" ");
  return [
    usage,
    wrapped(description, 0),
    ...(examples.length === 0 ? [] : [`examples\n${examples.map((line) => `  ${line}`).join("\n")}`]),
    `options\n${optionLines({ ...options, ...COMMON })}`,
    `exit codes\n${exits.map((meaning, code) => `  ${code}  ${meaning}`).join("\n")}`,
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
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

/** Wraps a text, with a hanging indent of that many columns. */
export function wrapped(text: string, indent: number, width = WIDTH): string {
  return text
    .split("\n")
    .map((paragraph) => {
      const lines: string[] = [];
      let line = "";
      for (const word of paragraph.split(" ")) {
        if (line !== "" && line.length + 1 + word.length > width - indent) {
          lines.push(line);
          line = word;
        } else line = line === "" ? word : `${line} ${word}`;
      }
      return [...lines, line].join(`\n${" ".repeat(indent)}`);
    })
    .join("\n");
}
