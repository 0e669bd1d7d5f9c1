import { readFileSync } from "node:fs";
import { suggestion } from "../../provider/base/closest";
import type { Command } from "./command";
import { UsageError } from "./failure";
import { wrapped } from "./layout";
import { ownFile } from "./package";

export const explain: Command = {
  name: "explain",
  summary: "print what an error code means and what to do",
  operand: "<CODE>",
  description:
    "Prints the entry of docs/errors.md for an error code: the word in brackets at the end of an error message, such as `unreachable`. Without a code, it lists all codes.",
  options: async () => ({}),
  examples: ["npx pulumi-dbversion explain unreachable"],
  exits: ["the entry was printed", "the entry was not printed", "unknown error code"],
  async run(given, terminal) {
    given.atMost(1);
    const entries = readEntries();
    const [written] = given.operands;
    if (written === undefined) {
      const widest = Math.max(...entries.map(({ code }) => code.length));
      const lines = entries.map(({ code, meaning }) => `${code.padEnd(widest)}  ${wrapped(meaning, widest + 2)}\n`);
      await terminal.print(lines.join(""));
      return 0;
    }
    // As printed in a message: `[unreachable]`.
    const code = written.replace(/^\[(.*)\]$/, "$1");
    const entry = entries.find((each) => each.code === code);
    if (entry === undefined) {
      const known = entries.map((each) => each.code);
      throw new UsageError(`unknown error code "${code}"; ${suggestion(code, known)}`);
    }
    await terminal.print(
      `${code}\n\n  meaning     ${wrapped(entry.meaning, 14)}\n  what to do  ${wrapped(entry.remedy, 14)}\n\nAll error messages: docs/errors.md in the package.\n`,
    );
    return 0;
  },
};

interface Entry {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** `| <a id="blocked"></a>`blocked` | meaning | what to do |` */
const ROW = /^\| <a id="([a-z-]+)"><\/a>`\1` \| (.*) \| (.*) \|$/gm;

/** The codes of docs/errors.md, which is in the package. */
function readEntries(): Entry[] {
  const page = readFileSync(ownFile("docs", "errors.md"), "utf8");
  return [...page.matchAll(ROW)].map(([, code = "", meaning = "", remedy = ""]) => ({
    code,
    meaning: plain(meaning),
    remedy: plain(remedy),
  }));
}

/** Markdown as text: a link as its text and its page. */
function plain(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, "$1 (docs/$2)");
}
