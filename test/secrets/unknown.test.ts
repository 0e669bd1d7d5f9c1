import { describe, expect, test } from "vitest";
import { PRINTED } from "../base/printed";
import { inTurns } from "../support/turns";
import { echoing } from "./echo";
import { Recorder } from "./recorder";
import { SECRET_TYPES, type SecretType } from "./worlds";

/** Credentials that are not arguments of the resource, such as another password in a script's log. */
const UNKNOWN = "Unkn0wn-Pw-9";
const TEXT = Object.values(PRINTED)
  .flat()
  .map((form) => form.replaceAll("§", UNKNOWN));

/** One authentication method for each type. */
const TYPES = [...new Map(SECRET_TYPES.map((type) => [type.type, type])).values()];

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

describe.each(TYPES.map((type, nth) => ({ name: type.type, type, nth })))("$name", ({ type, nth }) => {
  for (const { cases, tags } of inTurns(TEXT, nth, TYPES.length)) {
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
