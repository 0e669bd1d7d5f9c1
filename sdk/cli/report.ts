import { reportOf } from "../report/report";
import { type Command, OUTPUT_FILE } from "./command";
import { EXPORT, readOperand, writeResult } from "./files";

export const report: Command = {
  name: "report",
  summary: "draw an HTML page of the databases that a stack manages",
  operand: "<stack-export.json | ->",
  description:
    "Draws one self-contained HTML page of the databases that a stack manages: target and current versions, drift, problems and the last upgrades. It reads what `pulumi stack export` prints, from a file or, with -, from the standard input, and makes no requests.",
  options: async () => OUTPUT_FILE,
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
    const { content, name } = await readOperand(given, EXPORT, terminal);
    await writeResult(reportOf(content, name), given.text("output"), "page", terminal);
    return 0;
  },
};
