import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ProgramMissing } from "../../../sdk/cli/failure";
import { processStreams } from "../../../sdk/cli/terminal";
import { report, SHOP_EXPORT } from "../../report/export";
import { silentServer } from "../silent-server";
import { COMMAND } from "./command";

function start(args: readonly string[], stdout: "pipe" | number = "pipe"): ChildProcess {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", stdout, "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** The listeners of this process, which has its own behavior at ^C. */
function streams() {
  const made = processStreams();
  for (const listener of process.listeners("SIGINT").slice(-1)) process.off("SIGINT", listener);
  return made;
}

async function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly err: string }> {
  const err = child.stderr === null ? "" : text(child.stderr);
  const [code] = await once(child, "close");
  return { code, err: await err };
}

it("a reader that has ended, such as `head`, changes neither the exit code nor the standard error", async () => {
  const child = start(["explain"]);
  child.stdout?.destroy();
  expect(await endOf(child)).toEqual({ code: 0, err: "" });
});

it("a reader of the standard error that has ended changes nothing either", async () => {
  const child = start(["raport"]);
  child.stderr?.destroy();
  const [code] = await once(child, "close");
  expect(code).toBe(2);
});

it("^C ends a command with --watch with 0", async () => {
  const dir = await mkdtemp(join(tmpdir(), "streams-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, "stack.json");
  await writeFile(file, SHOP_EXPORT);
  const child = start(["status", "--file", file, "--watch"]);
  child.stdout?.once("data", () => child.kill("SIGINT"));
  expect(await endOf(child)).toEqual({ code: 0, err: "" });
});

const ENV = { REDIS_ENTERPRISE_USER: "ops", REDIS_ENTERPRISE_PASSWORD: "unused-too" };

it("^C ends a command that waits for a server with 130", async () => {
  const { server, address } = await silentServer();
  const args = [COMMAND, "doctor", "redis-enterprise", "--endpoint", `https://${address}`];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...ENV } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, "exit");
  await Promise.race([once(server, "connection"), ended]);
  child.kill("SIGINT");
  const [code] = await ended;
  const [out, err] = await said;
  expect([code, out, err]).toEqual([130, "", "pulumi-dbversion doctor: Interrupted. [interrupted]\n"]);
});

it.skipIf(process.platform !== "linux")("an output that cannot be written is reported in one sentence", async () => {
  const full = await open("/dev/full", "w");
  onTestFinished(() => full.close());
  const message = /^pulumi-dbversion: The output could not be written: ENOSPC.*\n$/;
  expect(await endOf(start(["--help"], full.fd))).toEqual({ code: 1, err: expect.stringMatching(message) });
});

it("a missing program is distinguished from one that fails", async () => {
  const { run } = streams();
  await expect(run("no-such-program", [])).rejects.toThrow(ProgramMissing);
  const failing = run(process.execPath, ["-e", "console.error('open a: ENOENT'); process.exit(1)"]);
  await expect(failing).rejects.toThrow(/^open a: ENOENT$/);
  await expect(failing).rejects.not.toThrow(ProgramMissing);
});

it("a process has one listener for each stream, for any amount of output", async () => {
  const count = () => process.stdout.listenerCount("error");
  const { print } = streams();
  const before = count();
  for (let time = 0; time < 20; time++) expect(await print("")).toBe(true);
  expect(count()).toBe(before);
});

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "report-"));
  await writeFile(join(dir, "stack.json"), SHOP_EXPORT);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], { input = "", close = false } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: dir });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  if (close) child.stdout.destroy();
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([close ? "" : text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe("pulumi-dbversion", () => {
  it("writes only the page to the standard output", async () => {
    expect(await run(["report", "stack.json"])).toEqual({ code: 0, stdout: report(SHOP_EXPORT, ""), stderr: "" });
  });

  it("reads a pipe and writes a file", async () => {
    expect(await run(["report", "-", "-o", "page.html"], { input: SHOP_EXPORT })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(await readFile(join(dir, "page.html"), "utf8")).toBe(report(SHOP_EXPORT, ""));
  });

  it("ends without an error if its output is closed", async () => {
    expect(await run(["report", "stack.json"], { close: true })).toMatchObject({ code: 0, stderr: "" });
  });

  it.each([
    [["report", "none.json"], /^pulumi-dbversion report: The stack export could not be read: ENOENT.*none\.json.*\n$/],
    [
      ["report", "stack.json", "-o", "no/page.html"],
      /^pulumi-dbversion report: The page could not be written: ENOENT.*\n$/,
    ],
    [["report", "-"], /^pulumi-dbversion report: Standard input is empty\. .*\n$/],
  ])("%j ends with 1 and an error message", async (args, message) => {
    expect(await run(args)).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(message) });
  });

  it("ends with 2 and a suggestion for an unknown command", async () => {
    const { code, stdout, stderr } = await run(["raport"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      'pulumi-dbversion: unknown command "raport"; did you mean report?\nRun `pulumi-dbversion --help` for usage.\n',
    );
  });

  it("has a help and a version", async () => {
    expect((await run(["report", "--help"])).stdout).toMatch(/^usage: pulumi-dbversion report .*exit codes/s);
    const { version } = JSON.parse(await readFile(join(__dirname, "..", "..", "..", "package.json"), "utf8"));
    expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});
