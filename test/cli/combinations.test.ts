import { describe, expect, it } from "vitest";
import { estates, kinds } from "../../provider/systems";
import { connectionOptions, estateKinds } from "../../sdk/cli/connection";
import { SHOP_EXPORT } from "../report/export";
import { onNetwork, type RunOptions } from "./rig";

const REFUSED: readonly (readonly [readonly string[], string])[] = [
  [["status", "--stack", "dev", "--file", "-"], "--stack cannot be combined with --file"],
  [["status", "--file", "-", "--watch"], "--watch cannot be combined with --file -"],
  [
    ["doctor", "oceanbase", "--endpoint", "http://10.0.0.1:2886", "--file", "-"],
    '--file cannot be combined with a system; omit "oceanbase" to check the resources of a stack',
  ],
  [["discover", "oceanbase", "--write", "ts", "--json"], "--json cannot be combined with --write"],
  [
    ["discover", "taurusdb", "--endpoint", "https://a", "--endpoint", "https://b"],
    "--endpoint was given more than once",
  ],
  [
    ["doctor", "redis-enterprise", "--server-name", "a", "--server-name", "b"],
    "--server-name was given more than once",
  ],
];

const run = (args: readonly string[], options: RunOptions = {}) =>
  onNetwork({ input: SHOP_EXPORT, programs: {}, ...options })(...args);

describe("an option that would have no effect is refused by its name", () => {
  it.each(REFUSED)("%j", async (args, message) => {
    const { code, out, err } = await run(args);
    expect([code, out, err.split("\n")[0]]).toEqual([2, "", `pulumi-dbversion ${args[0]}: ${message}`]);
  });

  it("such as every option of a connection beside a stack", async () => {
    const options = connectionOptions(await estateKinds({ systems: { estates, kinds } }));
    expect(Object.keys(options).length).toBeGreaterThan(5);
    for (const [name, { value }] of Object.entries(options)) {
      const given = [`--${name}`, ...(value === undefined ? [] : ["x"])];
      const { code, err } = await run(["doctor", "--file", "-", ...given]);
      expect([code, err]).toEqual([
        2,
        expect.stringContaining(`: --${name} requires a system, such as \`doctor oceanbase\``),
      ]);
    }
  });
});

describe("without the Pulumi CLI", () => {
  it.each([
    [["status"], "or pass the output of `pulumi stack export` with --file."],
    [["doctor", "--stack", "dev"], "or pass the output of `pulumi stack export` with --file."],
    [["discover", "oceanbase", "--stack", "dev"], "or omit --stack and set the credentials as environment variables."],
    [["doctor", "oceanbase", "--stack", "dev"], "or omit --stack and set the credentials as environment variables."],
    [["doctor", "--file", "-", "--stack", "dev"], "or omit --stack and set the credentials as environment variables."],
  ])("%j says what the command can do instead", async (args, advice) => {
    const { code, err } = await run(args);
    expect([code, err]).toEqual([
      1,
      `pulumi-dbversion ${args[0]}: The Pulumi CLI was not found. Install it, ${advice}\n`,
    ]);
  });

  it("is not what a failure of the Pulumi CLI means, whatever that says", async () => {
    const failure = "error: open /state/dev.json: ENOENT: no such file or directory";
    for (const args of [["status"], ["discover", "oceanbase", "--stack", "dev"]]) {
      const { code, err } = await run(args, { failure });
      const command = args[0] === "status" ? "stack export" : "config";
      expect([code, err]).toEqual([1, `pulumi-dbversion ${args[0]}: \`pulumi ${command}\` failed: ${failure}\n`]);
    }
  });
});
