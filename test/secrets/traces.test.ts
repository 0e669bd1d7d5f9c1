import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { kill } from "../engine/processes";
import { canary, formsOf, leaks } from "./canary";
import { filesBelow, SHOWS_COMMANDS, watchCommands } from "./traces";

/** That `test/e2e/secrets.long.test.ts` could fail. */

const SECRET = canary("Trace");
const FORMS = formsOf(SECRET.value).map((form, nth) => ({ nth, form }));

test.each(FORMS)("a file that holds a secret in form $nth is found, wherever it lies", async ({ form }) => {
  const dir = await mkdtemp(join(tmpdir(), "traces-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, "harmless"), "nothing");
  expect(leaks((await filesBelow(dir)).join("\n"), [SECRET])).toEqual([]);
  await mkdir(join(dir, "deep", "down"), { recursive: true });
  await writeFile(join(dir, "deep", "down", "x.bin"), Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from(form)]));
  expect(leaks((await filesBelow(dir)).join("\n"), [SECRET])).not.toEqual([]);
});

test("a file that is named by a secret is found", async () => {
  const dir = await mkdtemp(join(tmpdir(), "traces-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, `x${SECRET.mark}`));
  expect(leaks((await filesBelow(dir)).join("\n"), [SECRET])).not.toEqual([]);
});

test.runIf(SHOWS_COMMANDS)(
  "a secret among the arguments of a process that a process starts is seen, in every form",
  async () => {
    const commands = watchCommands();
    const idle = "setInterval(() => {}, 1_000);";
    const starts = `require("node:child_process").spawn(process.execPath, ["-e", "${idle}", ...JSON.parse(process.env.FORMS)]);`;
    const env = { ...process.env, FORMS: JSON.stringify(FORMS.map(({ form }) => form)) };
    const child = spawn(process.execPath, ["-e", `${starts} ${idle}`], { env, detached: true, stdio: "ignore" });
    onTestFinished(() => kill(-(child.pid ?? 0), "SIGKILL"));
    const missed = () => FORMS.filter(({ form }) => !commands.seen().some((command) => command.includes(form)));
    await expect.poll(missed, { timeout: 15_000 }).toEqual([]);
    expect(leaks(commands.stop().join("\n"), [SECRET])).not.toEqual([]);
  },
);

test("the provider starts no process: none could come and go between two looks", async () => {
  const sources = await filesBelow(join(__dirname, "..", "..", "provider"));
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.filter((source) => /child_process|worker_threads|node:cluster/.test(source))).toEqual([]);
});
