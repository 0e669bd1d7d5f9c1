import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandsIn, normalized, openTranscripts, type Transcripts } from "./command-line";
import { blocksOf, page } from "./pages";
import { rowsShown } from "./previews";

const PATH = "docs/guides/command-line.md";
const COMMANDS = commandsIn(page(PATH));

/** On a busy machine each process is slow. */
const TIMEOUT = 240_000;

let transcripts: Transcripts;
let previewed: readonly string[];
beforeAll(async () => {
  transcripts = await openTranscripts();
  previewed = await transcripts.preview();
}, TIMEOUT);
afterAll(() => transcripts?.close());

describe("the guide to the command line", { timeout: TIMEOUT }, () => {
  it("shows all commands", () => {
    const names = COMMANDS.map(({ command }) => command.split(" ")[0]);
    expect(new Set(names)).toEqual(new Set(["--help", "discover", "doctor", "status", "explain"]));
  });

  it.each(COMMANDS)("shows the output of `$command`", async ({ command, output }) => {
    expect(normalized(output)).toBe(normalized(await transcripts.outputOf(command)));
  });

  it("contains the program that discover writes", async () => {
    const [program] = blocksOf(page(PATH)).filter(({ language }) => language === "ts");
    const [, agents = ""] =
      /--endpoint (\S+)/.exec(COMMANDS.find(({ command }) => /^discover o/.test(command))?.command ?? "") ?? [];
    const written = await transcripts.outputOf(`discover oceanbase --endpoint ${agents} --write ts`);
    expect(normalized(program?.text ?? "")).toBe(normalized(written));
  });

  it("shows the first preview of that program, without upgrades", () => {
    const shown = rowsShown(PATH);
    expect(shown).toHaveLength(2);
    expect(shown.filter((row) => !previewed.includes(row))).toEqual([]);
    expect(shown.every((row) => row.includes("already at"))).toBe(true);
  });
});
