import { describe, expect, test } from "vitest";
import { PRINTED } from "../base/printed";
import { inTurns } from "../support/turns";
import { Ear } from "./ear";
import { echoing } from "./echo";
import { SECRET_TYPES, type SecretType } from "./worlds";

/** Values that no resource knows: the root password in a script's log, while the resource has only the agents' own. */
const UNKNOWN = "Unkn0wn-Pw-9";
const TEXT = Object.values(PRINTED)
  .flat()
  .map((form) => form.replaceAll("§", UNKNOWN));

/** One way to log in for each type. */
const TYPES = [...new Map(SECRET_TYPES.map((type) => [type.type, type])).values()];

function heardBy(ear: Ear): string[] {
  return ear.heard.filter((line) => line.includes(UNKNOWN));
}

/** Each form alone: a message has room for a few. */
async function failing(type: SecretType, words: string): Promise<Ear> {
  const ear = new Ear(type, "arguments");
  ear.world.fail(words);
  await ear.create();
  return ear;
}

describe.each(TYPES.map((type, nth) => ({ name: type.type, type, nth })))("$name", ({ type, nth }) => {
  for (const { cases, tags } of inTurns(TEXT, nth, TYPES.length)) {
    const options = { timeout: 60_000, tags };

    test("does not tell credentials that it does not know, where an upgrade fails with them", options, async () => {
      for (const words of cases) {
        const ear = await failing(type, `running the script: ${words}`);
        expect(ear.heard.join("\n")).toContain("[upgrade-failed]");
        expect(ear.heard.join("\n")).toContain("running the script");
        expect.soft(heardBy(ear), words).toEqual([]);
      }
    });

    test("does not tell credentials that it does not know, where the vendor refuses with them", options, async () => {
      for (const words of cases) {
        const refusal = echoing({ title: "400", status: 400, refuses: ({ method }) => method !== "GET" });
        const ear = new Ear(type, "arguments", (world, own) => {
          const { problem } = world;
          return refusal(Object.assign(world, { problem: (status: number) => problem(status, words) }), own);
        });
        await ear.create();
        expect(ear.echoes).toBeGreaterThan(0);
        expect.soft(heardBy(ear), words).toEqual([]);
      }
    });
  }

  test("tells the end of a long reason, once", async () => {
    const output = Array.from({ length: 300 }, (_, nth) => `  File "upgrade_pre.py", line ${nth}, in check`);
    const reason = "MyError: 'restore job is not finished'";
    const ear = await failing(type, ["Traceback (most recent call last):", ...output, reason].join("\n"));
    const told = ear.heard.filter((text) => text.includes("[upgrade-failed]"));
    expect(told).not.toEqual([]);
    for (const text of told) expect(text.split(reason)).toHaveLength(2);
  });
});
