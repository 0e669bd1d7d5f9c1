import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { open, resource, stackExport } from "../report/export";
import { type RunOptions, rig } from "./rig";
import { agentsOf, ENVIRONMENT, obshell, SECRETS } from "./worlds";

const SECRET = SECRETS.oceanbase;
const CONFIG = JSON.stringify({ "oceanbase:password": { value: SECRET, secret: true } });

/** A command on one cluster whose output ends in an error that nobody expected. */
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

describe("an error that nobody expected", () => {
  it.each([
    ["the environment", () => ({ env: ENVIRONMENT }), []],
    [
      "the configuration of a stack",
      () => ({ programs: { "pulumi config --json --show-secrets --stack dev": CONFIG } }),
      ["--stack", "dev"],
    ],
    ["a person at the terminal", () => ({ answers: { "OceanBase: password": SECRET } }), []],
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
    "shows no secret from an export that %s reads",
    async (command) => {
      const from = command === "report" || command === "approve" ? ["-"] : ["--file", "-"];
      const { code, out, err } = await failing(() => [command, ...from], { input: exported() });
      expect(code).toBe(1);
      expect(err).toContain("[unexpected]");
      expect(out + err).not.toContain(SECRET);
    },
  );

  it("shows no credential that a program prints", async () => {
    const failure = new Error("mysql -uroot -phunter2-secret failed");
    const onPrint = () => {
      throw failure;
    };
    const { err } = await rig(() => [], { onPrint }).run("--help");
    expect(err).toContain("failed");
    expect(err).not.toContain("hunter2");
  });

  it("shows none either where it ends the process from a timer", () => {
    const thrower = `data:text/javascript,process.once("newListener",()=>setTimeout(()=>{throw new Error("curl -u root:hunter2-secret failed")}))`;
    const main = join(__dirname, "..", "..", "sdk", "cli", "main.ts");
    const args = ["--require", require.resolve("tsx/cjs"), "--import", thrower, main, "report", "-"];
    const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["pipe", "ignore", "pipe"] });
    expect([status, String(stderr)]).toEqual([1, expect.stringContaining("curl -u root:")]);
    expect(String(stderr)).not.toContain("hunter2");
  });
});
