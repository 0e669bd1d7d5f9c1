import { describe, expect, it } from "vitest";
import { onNetwork } from "./rig";

const COMMANDS: readonly (readonly [string, readonly string[], string, string])[] = [
  ["report", [], "stack export", "Pass the output of `pulumi stack export`."],
  ["status", ["--file"], "stack export", "Pass the output of `pulumi stack export`."],
  ["doctor", ["--file"], "stack export", "Pass the output of `pulumi stack export`."],
  ["approve", [], "preview", "Pass the output of `pulumi preview --json --diff` or `pulumi stack export`."],
];

describe.each(COMMANDS)("the input of %s", (command, option, what, how) => {
  const run = (source: string, input?: string) => onNetwork({ input })(command, ...option, source);
  const prefix = `pulumi-dbversion ${command}: `;

  it.each([
    ["is empty", " \n", `Standard input is empty. ${how}\n`],
    ["is no JSON", "error: hunter2", `Standard input is not JSON. ${how}\n`],
    ["is a terminal", undefined, `The ${what} could not be read: nothing is piped into standard input.\n`],
  ])("%s", async (_, input, message) => {
    expect(await run("-", input)).toEqual({ code: 1, out: "", err: `${prefix}${message}` });
  });

  it("is a file that does not exist", async () => {
    const { code, err } = await run("/nowhere.json");
    expect([code, err]).toEqual([1, expect.stringContaining(`${prefix}The ${what} could not be read: ENOENT`)]);
  });

  it("is other JSON", async () => {
    for (const input of ["null", "[]", "{}", '"text"', "17"]) {
      const { code, err } = await run("-", input);
      expect([code, err]).toEqual([1, expect.stringContaining(how)]);
    }
  });
});
