import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { kill } from "../engine/processes";
import { canary, formsOf, leaks } from "./canary";
import { filesBelow, SHOWS_COMMANDS, watchCommands } from "./traces";

/** Verifies that `test/e2e/secrets.long.test.ts` can fail. */

const SECRET = canary("Trace");
const FORMS = formsOf(SECRET.value).map((form, nth) => ({ nth, form }));

test.each(FORMS)("filesBelow finds a file with a secret in form $nth in any subdirectory", async ({ form }) => {
  const dir = await mkdtemp(join(tmpdir(), "traces-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, "harmless"), "nothing");
  expect(leaks((await filesBelow(dir)).join("\n"), [SECRET])).toEqual([]);
  await mkdir(join(dir, "deep", "down"), { recursive: true });
  await writeFile(join(dir, "deep", "down", "x.bin"), Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from(form)]));
  expect(leaks((await filesBelow(dir)).join("\n"), [SECRET])).not.toEqual([]);
});

test("filesBelow finds a directory whose name contains a secret", async () => {
  const dir = await mkdtemp(join(tmpdir(), "traces-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, `x${SECRET.mark}`));
  expect(leaks((await filesBelow(dir)).join("\n"), [SECRET])).not.toEqual([]);
});

test.runIf(SHOWS_COMMANDS)(
  "watchCommands sees a secret in the arguments of a grandchild process, in every form",
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

test("the provider starts no processes, because a short one could run between two samples", async () => {
  const sources = await filesBelow(join(__dirname, "..", "..", "provider"));
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.filter((source) => /child_process|worker_threads|node:cluster/.test(source))).toEqual([]);
});
