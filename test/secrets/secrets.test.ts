import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { PRINTED } from "../base/printed";
import { kill } from "../engine/processes";
import { inTurns } from "../support/turns";
import { canary, formsOf, leaks } from "./canary";
import { ECHOES, echoing, OWN_MESSAGES, textOf } from "./echo";
import { PLACEMENTS, Recorder } from "./recorder";
import { filesBelow, SHOWS_COMMANDS, watchCommands } from "./traces";
import { SECRET_TYPES, type SecretType } from "./worlds";

/** Authentication methods with a login request. */
const LOGS_IN: ReadonlySet<string> = new Set(["token", "user"]);
const NAMES = [...new Set(SECRET_TYPES.map(({ type }) => type))];
const TYPES = SECRET_TYPES.map((type, nth) => ({
  type,
  nth,
  name: type.type,
  login: type.login,
  turn: NAMES.indexOf(type.type),
}));

describe.each(TYPES)("secrets of $name ($login)", { timeout: 60_000 }, ({ type, nth, turn }) => {
  test.each(PLACEMENTS)("given as %s do not appear in any output of the whole lifecycle", async (placement) => {
    const recorder = new Recorder(type, placement);
    expect(await recorder.check()).toEqual([]);
    await recorder.create();
    await recorder.read();
    await recorder.diff({ ...recorder.inputs, status: "behind" });
    await recorder.remove(recorder.inputs);
    expect(recorder.output.join("\n")).toContain("current");
    expect(recorder.leaks().slice(0, 3)).toEqual([]);
  });

  test.each(PLACEMENTS)(
    "given as %s do not appear in the output of a failed upgrade whose message contains them",
    async (placement) => {
      const recorder = new Recorder(type, placement, echoing(OWN_MESSAGES));
      await recorder.check();
      recorder.world.fail(textOf(recorder));
      await recorder.create();
      await recorder.check();
      await recorder.read();
      expect(recorder.output.join("\n")).toContain("[upgrade-failed]");
      expect(recorder.output.join("\n")).toContain("[secret]");
      expect(recorder.leaks().slice(0, 3)).toEqual([]);
    },
  );

  for (const { cases, tags } of inTurns(ECHOES, nth, 2)) {
    test.each(cases)(
      "do not appear in the output if the vendor repeats them in rejections of $what",
      { tags },
      async ({ what, echoes }) => {
        // The cases are distributed over the two types of a vendor.
        const selected = echoes.filter((_, nth) => (nth + turn) % 2 === 0);
        expect(selected).not.toEqual([]);
        for (const echo of selected) {
          const recorder = new Recorder(type, "arguments", echoing(echo));
          await recorder.check();
          await recorder.create();
          await recorder.read();
          expect.soft(recorder.echoes > 0, echo.title).toBe(what !== "the login" || LOGS_IN.has(type.login));
          expect.soft(recorder.leaks().slice(0, 3), echo.title).toEqual([]);
        }
      },
    );
  }

  test("do not appear in the output if their argument is misspelled or has another type, or if an address contains them", async () => {
    const recorder = new Recorder(type, "arguments");
    expect(Object.keys(recorder.world.secrets)).not.toEqual([]);
    for (const [argument, { value }] of Object.entries(recorder.world.secrets)) {
      const userInfo = `${encodeURIComponent(value)}:${encodeURIComponent(value)}@`;
      const misplaced: Record<string, unknown>[] = [
        { [`${argument}x`]: value },
        { [argument.toLowerCase().slice(0, -1)]: value },
        { [argument]: { text: value } },
        { [argument]: [value] },
        ...type.addresses.flatMap((address) => [
          { [address]: `https://${userInfo}host:1` },
          { [address]: [`https://${userInfo}host:1`] },
          { [address]: `https://operator:${value}@host` },
        ]),
      ];
      for (const more of misplaced) {
        expect(await recorder.check(more), Object.keys(more).join()).not.toEqual([]);
        await recorder.create(more);
      }
    }
    expect(recorder.leaks().slice(0, 3)).toEqual([]);
  });
});

/** Credentials that are not arguments of the resource, such as another password in a script's log. */
const UNKNOWN = "Unkn0wn-Pw-9";
const TEXT = Object.values(PRINTED)
  .flat()
  .map((form) => form.replaceAll("§", UNKNOWN));

/** One authentication method for each type. */
const UNIQUE_TYPES = [...new Map(SECRET_TYPES.map((type) => [type.type, type])).values()];

function leakedTo(recorder: Recorder): string[] {
  return recorder.output.filter((line) => line.includes(UNKNOWN));
}

/** Each form separately, because a message quotes only a few. */
async function failing(type: SecretType, message: string): Promise<Recorder> {
  const recorder = new Recorder(type, "arguments");
  recorder.world.fail(message);
  await recorder.create();
  return recorder;
}

describe.each(UNIQUE_TYPES.map((type, nth) => ({ name: type.type, type, nth })))("$name", ({ type, nth }) => {
  for (const { cases, tags } of inTurns(TEXT, nth, UNIQUE_TYPES.length)) {
    const options = { timeout: 60_000, tags };

    test("does not output unknown credentials in the message of a failed upgrade", options, async () => {
      for (const message of cases) {
        const recorder = await failing(type, `running the script: ${message}`);
        expect(recorder.output.join("\n")).toContain("[upgrade-failed]");
        expect(recorder.output.join("\n")).toContain("running the script");
        expect.soft(leakedTo(recorder), message).toEqual([]);
      }
    });

    test("does not output unknown credentials in a rejection of the vendor", options, async () => {
      for (const message of cases) {
        const refusal = echoing({ title: "400", status: 400, refuses: ({ method }) => method !== "GET" });
        const recorder = new Recorder(type, "arguments", (world, own) => {
          const { problem } = world;
          return refusal(Object.assign(world, { problem: (status: number) => problem(status, message) }), own);
        });
        await recorder.create();
        expect(recorder.echoes).toBeGreaterThan(0);
        expect.soft(leakedTo(recorder), message).toEqual([]);
      }
    });
  }

  test("outputs the end of a long reason once", async () => {
    const output = Array.from({ length: 300 }, (_, nth) => `  File "upgrade_pre.py", line ${nth}, in check`);
    const reason = "MyError: 'restore job is not finished'";
    const recorder = await failing(type, ["Traceback (most recent call last):", ...output, reason].join("\n"));
    const errors = recorder.output.filter((text) => text.includes("[upgrade-failed]"));
    expect(errors).not.toEqual([]);
    for (const text of errors) expect(text.split(reason)).toHaveLength(2);
  });
});

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
