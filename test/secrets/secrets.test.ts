import { describe, expect, test } from "vitest";
import { inTurns } from "../support/turns";
import { ECHOES, echoing, OWN_MESSAGES, textOf } from "./echo";
import { PLACEMENTS, Recorder } from "./recorder";
import { SECRET_TYPES } from "./worlds";

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
