import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../provider/base/sentences";

describe("parseDuration", () => {
  it.each([
    ["45s", 45_000],
    ["90m", 5_400_000],
    ["3h", 10_800_000],
    ["1h30m", 5_400_000],
    ["1h2m3s", 3_723_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["1m500ms", 60_500],
    ["2000us", 2],
    ["2000µs", 2],
    ["3000000ns", 3],
    ["0s", 0],
  ])("reads %s as %d ms", (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(["", "10", "h", "1 h", "1h ", " 1h", "-1h", "1d", "1H", "1,5h", "1.h", ".5h", "1h30", "soon"])(
    "refuses %j",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it("adds up its terms in any order", () => {
    const term = fc.tuple(
      fc.nat(1_000),
      fc.constantFrom(["ms", 1] as const, ["s", 1_000] as const, ["m", 60_000] as const),
    );
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 6 }), (terms) => {
        const text = terms.map(([amount, [unit]]) => `${amount}${unit}`).join("");
        expect(parseDuration(text)).toBe(terms.reduce((sum, [amount, [, length]]) => sum + amount * length, 0));
      }),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"],
    [449.6, "450 ms"],
    [999, "999 ms"],
    [1_000, "1 s"],
    [12_400, "12 s"],
    [59_499, "59 s"],
    [59_500, "1 min"],
    [60_000, "1 min"],
    [250_000, "4 min 10 s"],
    [3_599_499, "59 min 59 s"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [90_000_000, "25 h"],
  ])("says %d ms as %s", (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected);
  });

  it("never shows 60 seconds or 60 minutes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 100 * 3_600_000 }), (milliseconds) => {
        expect(formatDuration(milliseconds)).not.toMatch(/\b60 (s|min)/);
      }),
    );
  });
});
