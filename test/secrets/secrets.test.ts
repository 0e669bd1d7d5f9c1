import { describe, expect, test } from "vitest";
import { inTurns } from "../support/turns";
import { Ear, PLACEMENTS } from "./ear";
import { ECHOES, echoing, TALK, textOf } from "./echo";
import { SECRET_TYPES } from "./worlds";

/** Ways to authenticate that have a request of their own. */
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
  test.each(PLACEMENTS)("given as %s are nowhere after a whole life", async (placement) => {
    const ear = new Ear(type, placement);
    expect(await ear.check()).toEqual([]);
    await ear.create();
    await ear.read();
    await ear.diff({ ...ear.inputs, status: "behind" });
    await ear.remove(ear.inputs);
    expect(ear.heard.join("\n")).toContain("current");
    expect(ear.leaks().slice(0, 3)).toEqual([]);
  });

  test.each(PLACEMENTS)("given as %s are not told where an upgrade fails with them", async (placement) => {
    const ear = new Ear(type, placement, echoing(TALK));
    await ear.check();
    ear.world.fail(textOf(ear));
    await ear.create();
    await ear.check();
    await ear.read();
    expect(ear.heard.join("\n")).toContain("[upgrade-failed]");
    expect(ear.heard.join("\n")).toContain("[secret]");
    expect(ear.leaks().slice(0, 3)).toEqual([]);
  });

  for (const { cases, tags } of inTurns(ECHOES, nth, 2)) {
    test.each(cases)(
      "are not told where the vendor repeats them in its refusals of $what",
      { tags },
      async ({ what, echoes }) => {
        // The two types of a vendor take turns.
        const played = echoes.filter((_, nth) => (nth + turn) % 2 === 0);
        expect(played).not.toEqual([]);
        for (const echo of played) {
          const ear = new Ear(type, "arguments", echoing(echo));
          await ear.check();
          await ear.create();
          await ear.read();
          expect.soft(ear.echoes > 0, echo.title).toBe(what !== "the login" || LOGS_IN.has(type.login));
          expect.soft(ear.leaks().slice(0, 3), echo.title).toEqual([]);
        }
      },
    );
  }

  test("are not told where their argument is misspelt or of another type, nor in an address", async () => {
    const ear = new Ear(type, "arguments");
    expect(Object.keys(ear.world.secrets)).not.toEqual([]);
    for (const [argument, { value }] of Object.entries(ear.world.secrets)) {
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
        expect(await ear.check(more), Object.keys(more).join()).not.toEqual([]);
        await ear.create(more);
      }
    }
    expect(ear.leaks().slice(0, 3)).toEqual([]);
  });
});
