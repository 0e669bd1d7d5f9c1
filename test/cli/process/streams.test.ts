import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { ProgramMissing } from "../../../sdk/cli/failure";
import { processStreams } from "../../../sdk/cli/terminal";
import { SHOP_EXPORT } from "../../report/export";
import { silentServer } from "../silent-server";
import { COMMAND } from "./command";

function start(args: readonly string[], stdout: "pipe" | number = "pipe"): ChildProcess {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", stdout, "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Those of this process, which keeps its own way to end at ^C. */
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

it("nor does one of the standard error", async () => {
  const child = start(["raport"]);
  child.stderr?.destroy();
  const [code] = await once(child, "close");
  expect(code).toBe(2);
});

it("^C ends a command that watches with 0", async () => {
  const dir = await mkdtemp(join(tmpdir(), "streams-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, "stack.json");
  await writeFile(file, SHOP_EXPORT);
  const child = start(["status", "--file", file, "--watch"]);
  child.stdout?.once("data", () => child.kill("SIGINT"));
  expect(await endOf(child)).toEqual({ code: 0, err: "" });
});

const ENV = { REDIS_ENTERPRISE_USER: "ops", REDIS_ENTERPRISE_PASSWORD: "unused-too" };

it("^C ends a command that waits for a server with the status that shells have for ^C", async () => {
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

it.skipIf(process.platform !== "linux")("an output that cannot be written is told in a sentence", async () => {
  const full = await open("/dev/full", "w");
  onTestFinished(() => full.close());
  const message = /^pulumi-dbversion: The output could not be written: ENOSPC.*\n$/;
  expect(await endOf(start(["--help"], full.fd))).toEqual({ code: 1, err: expect.stringMatching(message) });
});

it("a program that is missing is told from one that fails", async () => {
  const { run } = streams();
  await expect(run("no-such-program", [])).rejects.toThrow(ProgramMissing);
  const failing = run(process.execPath, ["-e", "console.error('open a: ENOENT'); process.exit(1)"]);
  await expect(failing).rejects.toThrow(/^open a: ENOENT$/);
  await expect(failing).rejects.not.toThrow(ProgramMissing);
});

it("a process has one listener for each stream, however much is printed", async () => {
  const count = () => process.stdout.listenerCount("error");
  const { print } = streams();
  const before = count();
  for (let time = 0; time < 20; time++) expect(await print("")).toBe(true);
  expect(count()).toBe(before);
});
