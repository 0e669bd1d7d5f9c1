import { reportOf } from "../report/page";
import { type Command, OUTPUT_FILE } from "./command";
import { EXPORT, readOperand, writeResult } from "./files";

export const report: Command = {
  name: "report",
  summary: "create an HTML page about the databases that a stack manages",
  operand: "<stack-export.json | ->",
  description:
    "Creates one self-contained HTML page about the databases that a stack manages: target and current versions, drift, problems and the last upgrades. It reads the output of `pulumi stack export` from a file or from standard input (-), and makes no requests.",
  options: async () => OUTPUT_FILE,
  examples: [
    "pulumi stack export | npx pulumi-dbversion report - -o databases.html",
    "npx pulumi-dbversion report stack-export.json > databases.html",
  ],
  exits: [
    "the page was written",
    "the page was not written: unreadable input, no stack export, no databases, or unwritable output",
    "invalid command line",
  ],
  async run(given, terminal) {
    const { content, name } = await readOperand(given, EXPORT, terminal);
    await writeResult(reportOf(content, name), given.text("output"), "page", terminal);
    return 0;
  },
};
