import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { estates, kinds } from "../../provider/systems";
import { parse } from "../../sdk/cli/command";
import { connectionOptions, estateKinds } from "../../sdk/cli/connection";
import { UsageError } from "../../sdk/cli/failure";
import { wrapped } from "../../sdk/cli/layout";
import { open, resource, SHOP_EXPORT, stackExport } from "../report/export";
import { onNetwork, type RunOptions, rig } from "./rig";
import { silentServer } from "./silent-server";
import { agentsOf, ENVIRONMENT, obshell, SECRETS } from "./worlds";

const OPTIONS = {
  output: { short: "o", value: "FILE", description: "" },
  "project-id": { value: "ID", multiple: true, description: "" },
  json: { description: "" },
} as const;

describe("a command line", () => {
  it("may have operands and options in any order", () => {
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
  ])("%j is rejected", (args, message) => {
    expect(() => parse(args, OPTIONS)).toThrow(UsageError);
    expect(() => parse(args, OPTIONS)).toThrow(message);
  });

  it("has - and everything after -- as operands", () => {
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
  ])("%s shows its operand in the usage", async (name, operand) => {
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
    [["discover", "oceanbase"], "oceanbase: --endpoint is missing"],
    [["discover", "oceanbase", "--ca-certificate", "/nowhere.pem"], "--ca-certificate cannot be read: ENOENT"],
    [["report"], "missing stack export: specify a file, or - for standard input\n"],
    [["report", "a", "b"], 'unexpected argument "b"\n'],
    [["explain", "blokced"], 'unknown error code "blokced"; did you mean blocked?\n'],
    [["completions", "powershell"], 'unknown shell "powershell"; valid names: bash, zsh, fish\n'],
  ])("%j ends with 2 and a suggestion", async (args, message) => {
    const { code, out, err } = await here().run(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });

  it("prints its version, with any command", async () => {
    const { run } = here();
    const alone = await run("--version");
    expect(alone.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await run("discover", "-v")).toEqual(alone);
  });

  it("creates a report from the standard input", async () => {
    const { out } = await rig(() => [], { input: SHOP_EXPORT }).run("report", "-");
    expect(out).toMatch(/^<!DOCTYPE html>/);
  });
});

describe("explain", () => {
  it("prints the entry of a code, with and without the brackets of a message", async () => {
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
  it.each(["bash", "zsh", "fish"])("for %s contain the commands, their operands and options", async (shell) => {
    const { code, out } = await here().run("completions", shell);
    expect(code).toBe(0);
    for (const word of [...COMMANDS, "taurusdb", "--project-id", "--help"]) expect(out).toContain(word);
  });
});

it("texts are wrapped at spaces", () => {
  expect(wrapped("one two three", 2, 9)).toBe("one two\n  three");
});

const INPUTS: readonly (readonly [string, readonly string[], string, string])[] = [
  ["report", [], "stack export", "Pass the output of `pulumi stack export`."],
  ["status", ["--file"], "stack export", "Pass the output of `pulumi stack export`."],
  ["doctor", ["--file"], "stack export", "Pass the output of `pulumi stack export`."],
  ["approve", [], "preview", "Pass the output of `pulumi preview --json --diff` or `pulumi stack export`."],
];

describe.each(INPUTS)("the input of %s", (command, option, what, how) => {
  const run = (source: string, input?: string) => onNetwork({ input })(command, ...option, source);
  const prefix = `pulumi-dbversion ${command}: `;

  it.each([
    ["is empty", " \n", `Standard input is empty. ${how}\n`],
    ["is invalid JSON", "error: hunter2", `Standard input is not JSON. ${how}\n`],
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

const runOnShop = (args: readonly string[], options: RunOptions = {}) =>
  onNetwork({ input: SHOP_EXPORT, programs: {}, ...options })(...args);

describe("an option that would have no effect is rejected with its name", () => {
  it.each(REFUSED)("%j", async (args, message) => {
    const { code, out, err } = await runOnShop(args);
    expect([code, out, err.split("\n")[0]]).toEqual([2, "", `pulumi-dbversion ${args[0]}: ${message}`]);
  });

  it("such as every option of a connection together with a stack", async () => {
    const options = connectionOptions(await estateKinds({ systems: { estates, kinds } }));
    expect(Object.keys(options).length).toBeGreaterThan(5);
    for (const [name, { value }] of Object.entries(options)) {
      const given = [`--${name}`, ...(value === undefined ? [] : ["x"])];
      const { code, err } = await runOnShop(["doctor", "--file", "-", ...given]);
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
  ])("%j reports an alternative", async (args, advice) => {
    const { code, err } = await runOnShop(args);
    expect([code, err]).toEqual([
      1,
      `pulumi-dbversion ${args[0]}: The Pulumi CLI was not found. Install it, ${advice}\n`,
    ]);
  });

  it("is not reported for a failure of the Pulumi CLI, with any output", async () => {
    const failure = "error: open /state/dev.json: ENOENT: no such file or directory";
    for (const args of [["status"], ["discover", "oceanbase", "--stack", "dev"]]) {
      const { code, err } = await runOnShop(args, { failure });
      const command = args[0] === "status" ? "stack export" : "config";
      expect([code, err]).toEqual([1, `pulumi-dbversion ${args[0]}: \`pulumi ${command}\` failed: ${failure}\n`]);
    }
  });
});

const ENV = {
  OCEANBASE_PASSWORD: "unused-password",
  REDIS_ENTERPRISE_USER: "ops",
  REDIS_ENTERPRISE_PASSWORD: "unused-too",
};

function stackOn(address: string): string {
  const args = { endpoints: [`http://${address}`], version: "4.3.5.2" };
  return stackExport([resource({ type: "oceanbase:ClusterVersion", name: "orders", args })]);
}

const WAITING: readonly (readonly [string, (address: string) => readonly string[]])[] = [
  ["doctor, for a TLS handshake", (to) => ["doctor", "redis-enterprise", "--endpoint", `https://${to}`]],
  ["doctor, for a response", (to) => ["doctor", "oceanbase", "--endpoint", `http://${to}`]],
  ["doctor of a stack", () => ["doctor", "--file", "-"]],
  ["discover", (to) => ["discover", "oceanbase", "--endpoint", `http://${to}`]],
];

describe("^C ends a command that waits for a server", () => {
  // The first connection is the check of TCP, the second and third wait for a response.
  it.each(WAITING.flatMap(([name, args]) => [1, 2].map((count) => [name, count, args] as const)))(
    "%s, at connection %i",
    async (_, count, args) => {
      const { server, address } = await silentServer();
      const interrupt = new AbortController();
      let connections = 0;
      server.on("connection", () => {
        connections += 1;
        if (connections === count) interrupt.abort();
      });
      const run = onNetwork({ env: ENV, signal: interrupt.signal, input: stackOn(address) });
      const { code, out, err } = await run(...args(address));
      expect([code, out, err]).toEqual([130, "", expect.stringMatching(/: Interrupted\. \[interrupted\]\n$/)]);
    },
  );

  it("before it has started", async () => {
    const signal = AbortSignal.abort();
    expect(
      (await onNetwork({ env: ENV, signal }).apply(null, ["doctor", "oceanbase", "--endpoint", "http://a:1"])).code,
    ).toBe(130);
  });
});

const SECRET = SECRETS.oceanbase;
const CONFIG = JSON.stringify({ "oceanbase:password": { value: SECRET, secret: true } });

/** A command on one cluster whose output fails with an unexpected error. */
async function failing(args: (endpoint: readonly string[]) => readonly string[], options: RunOptions = {}) {
  let endpoint: readonly string[] = [];
  const failure = new TypeError(`cannot write ${SECRET}\nof root`);
  const onPrint = () => {
    throw failure;
  };
  const { run } = rig(
    (clock) => {
      const cluster = obshell(clock);
      endpoint = agentsOf(cluster);
      return [cluster];
    },
    { onPrint, ...options },
  );
  return run(...args(endpoint));
}

function exported(): string {
  const args = { endpoints: ["http://10.0.0.1:2886"], password: open(SECRET), version: "4.3.5.2" };
  const plan = { "10.0.0.1:2886": { from: "4.2.1.8", to: "4.3.5.2", how: "rolling", digest: "a" } };
  const observed = { status: "held", __plan: plan };
  return stackExport([resource({ type: "oceanbase:ClusterVersion", name: "orders", args, observed })]);
}

describe("an unexpected error", () => {
  it.each([
    ["the environment", () => ({ env: ENVIRONMENT }), []],
    [
      "the configuration of a stack",
      () => ({ programs: { "pulumi config --json --show-secrets --stack dev": CONFIG } }),
      ["--stack", "dev"],
    ],
    ["an input at the terminal", () => ({ answers: { "OceanBase: password": SECRET } }), []],
  ])("shows no secret from %s", async (_, options, more) => {
    for (const command of ["discover", "doctor"]) {
      const ended = await failing((endpoint) => [command, "oceanbase", ...endpoint, ...more], options());
      expect([ended.code, ended.err]).toEqual([
        1,
        expect.stringContaining(`pulumi-dbversion ${command}: internal error`),
      ]);
      expect(ended.err).toMatch(/\[unexpected\]\nTypeError: cannot write \[secret\]\nof root\n +at /);
      expect(ended.out + ended.err).not.toContain(SECRET);
    }
  });

  it.each(["doctor", "status", "report", "approve"])(
    "shows no secret from an export that is read by %s",
    async (command) => {
      const from = command === "report" || command === "approve" ? ["-"] : ["--file", "-"];
      const { code, out, err } = await failing(() => [command, ...from], { input: exported() });
      expect(code).toBe(1);
      expect(err).toContain("[unexpected]");
      expect(out + err).not.toContain(SECRET);
    },
  );

  it("shows no credential from the output of a program", async () => {
    const failure = new Error("mysql -uroot -phunter2-secret failed");
    const onPrint = () => {
      throw failure;
    };
    const { err } = await rig(() => [], { onPrint }).run("--help");
    expect(err).toContain("failed");
    expect(err).not.toContain("hunter2");
  });

  it("shows no secret if it ends the process from a timer", () => {
    const thrower = `data:text/javascript,process.once("newListener",()=>setTimeout(()=>{throw new Error("curl -u root:hunter2-secret failed")}))`;
    const main = join(__dirname, "..", "..", "sdk", "cli", "main.ts");
    const args = ["--require", require.resolve("tsx/cjs"), "--import", thrower, main, "report", "-"];
    const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["pipe", "ignore", "pipe"] });
    expect([status, String(stderr)]).toEqual([1, expect.stringContaining("curl -u root:")]);
    expect(String(stderr)).not.toContain("hunter2");
  });
});
