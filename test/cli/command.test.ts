import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "../../sdk/cli/command";
import { UsageError } from "../../sdk/cli/failure";
import { wrapped } from "../../sdk/cli/help";
import { SHOP_EXPORT } from "../report/export";
import { rig } from "./rig";

const OPTIONS = {
  output: { short: "o", value: "FILE", description: "" },
  "project-id": { value: "ID", multiple: true, description: "" },
  json: { description: "" },
} as const;

describe("a command line", () => {
  it("has operands and options in any order", () => {
    const given = parse(["a", "--json", "-o", "x", "b", "--project-id=1", "--project-id", "2"], OPTIONS);
    expect(given.operands).toEqual(["a", "b"]);
    expect([given.has("json"), given.text("output"), given.all("project-id")]).toEqual([true, "x", ["1", "2"]]);
  });

  it.each([
    [["--jsn"], "unknown option --jsn; did you mean --json?"],
    [["--colour"], "unknown option --colour; valid names: --output, --project-id, --json"],
    [["-x"], "unknown option -x"],
    [["-o"], "-o requires a value: -o FILE"],
    [["--output="], "--output requires a value: --output FILE"],
    [["--output", "--json"], "--output requires a value: --output FILE"],
    [["--json=yes"], "--json takes no value"],
    [["-o", "a", "--output", "b"], "--output was given more than once"],
    [["--constructor"], "unknown option --constructor"],
  ])("%j is not understood", (args, message) => {
    expect(() => parse(args, OPTIONS)).toThrow(UsageError);
    expect(() => parse(args, OPTIONS)).toThrow(message);
  });

  it("takes - as an operand, and everything behind --", () => {
    expect(parse(["-", "--", "--json"], OPTIONS).operands).toEqual(["-", "--json"]);
  });
});

const here = () => rig(() => []);
const COMMANDS = ["discover", "doctor", "status", "report", "approve", "explain", "simulate", "completions"];

describe("pulumi-dbversion", () => {
  it("lists its commands", async () => {
    const { code, out } = await here().run("--help");
    expect(code).toBe(0);
    expect([...out.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name)).toEqual(COMMANDS);
  });

  it.each(COMMANDS.filter((name) => name !== "simulate"))(
    "%s has a help of at most 120 columns, with its exit codes",
    async (name) => {
      const { run } = here();
      const { code, out } = await run(name, "--help");
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^usage: pulumi-dbversion ${name} `));
      expect(out).toMatch(/\nexit codes\n {2}0 {2}\S/);
      expect(out.split("\n").filter((line) => line.length > 120)).toEqual([]);
      expect(await run("-h", name)).toEqual({ code, out, err: "" });
    },
  );

  it.each([
    ["discover", "<oceanbase|redis-enterprise|taurusdb>"],
    ["doctor", "[oceanbase|redis-enterprise|taurusdb]"],
    ["completions", "<bash|zsh|fish>"],
    ["explain", "<CODE>"],
    ["status", ""],
  ])("%s has its operand in the usage", async (name, operand) => {
    const [usage] = (await here().run(name, "--help")).out.split("\n");
    expect(usage).toBe(["usage: pulumi-dbversion", name, operand, "[options]"].filter(Boolean).join(" "));
  });

  it.each([
    [[], "pulumi-dbversion: missing command\nRun `pulumi-dbversion --help` for usage.\n"],
    [["discovr"], 'pulumi-dbversion: unknown command "discovr"; did you mean discover?\n'],
    [["--vershun"], "pulumi-dbversion: unknown option --vershun; did you mean --version?\n"],
    [["discover"], "pulumi-dbversion discover: specify a system: oceanbase, redis-enterprise, taurusdb\n"],
    [["discover", "redis"], 'unknown system "redis"; did you mean redis-enterprise?\n'],
    [["discover", "taurusdb", "--endpiont", "x"], "unknown option --endpiont; did you mean --endpoint?\n"],
    [["discover", "oceanbase", "--region", "x"], "--region is not an option of oceanbase; valid names: --endpoint, "],
    [["discover", "oceanbase", "--write", "java"], "--write must be ts or fleet\n"],
    [["discover", "oceanbase"], "oceanbase: endpoints is missing"],
    [["discover", "oceanbase", "--ca-certificate", "/nowhere.pem"], "--ca-certificate cannot be read: ENOENT"],
    [["report"], "missing stack export: specify a file, or - for standard input\n"],
    [["report", "a", "b"], 'unexpected argument "b"\n'],
    [["explain", "blokced"], 'unknown error code "blokced"; did you mean blocked?\n'],
    [["completions", "powershell"], 'unknown shell "powershell"; valid names: bash, zsh, fish\n'],
  ])("%j ends with 2 and says what was meant", async (args, message) => {
    const { code, out, err } = await here().run(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });

  it("prints its version, whichever command stands beside it", async () => {
    const { run } = here();
    const alone = await run("--version");
    expect(alone.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await run("discover", "-v")).toEqual(alone);
  });

  it("draws a report from the standard input", async () => {
    const { out } = await rig(() => [], { input: SHOP_EXPORT }).run("report", "-");
    expect(out).toMatch(/^<!DOCTYPE html>/);
  });
});

describe("explain", () => {
  it("prints the entry of a code, also as it stands in a message", async () => {
    const { run } = here();
    const { code, out } = await run("explain", "unauthorized");
    expect(code).toBe(0);
    expect(out).toMatch(/^unauthorized\n\n {2}meaning {5}\S.*\n[\s\S]* {2}what to do {2}\S/);
    expect(out).not.toMatch(/[|<]/);
    expect((await run("explain", "[unauthorized]")).out).toBe(out);
  });

  it("lists all codes", async () => {
    const { out } = await here().run("explain");
    const source = readFileSync(join(__dirname, "..", "..", "provider", "core", "errors.ts"), "utf8");
    const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect([...out.matchAll(/^([a-z-]+) {2,}/gm)].map(([, code]) => code).sort()).toEqual(codes.sort());
  });
});

describe("completions", () => {
  it.each(["bash", "zsh", "fish"])("for %s have the commands, their words and options", async (shell) => {
    const { code, out } = await here().run("completions", shell);
    expect(code).toBe(0);
    for (const word of [...COMMANDS, "taurusdb", "--project-id", "--help"]) expect(out).toContain(word);
  });
});

it("texts are broken at blanks", () => {
  expect(wrapped("one two three", 2, 9)).toBe("one two\n  three");
});
