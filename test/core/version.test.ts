import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareParts,
  compareVersions,
  formatParts,
  formatVersion,
  lowestVersion,
  parseVersion,
  type Version,
} from "../../provider/core/version";

/** Numbers around and far beyond 2^53, where a double would take different versions for equal. */
const number = fc.oneof(fc.bigInt({ min: 0n, max: 12n }), fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }));
const version: fc.Arbitrary<Version> = fc
  .record({ parts: fc.array(number, { minLength: 1, maxLength: 5 }), build: fc.option(number, { nil: undefined }) })
  .map(({ parts, build }) => ({ parts, ...(build === undefined ? {} : { build }) }));

function read(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`${text} is no version`);
  return parsed;
}

describe("parseVersion", () => {
  it.each([
    ["4.3.5.2", { parts: [4n, 3n, 5n, 2n] }],
    ["4", { parts: [4n] }],
    [" 2.0.75 ", { parts: [2n, 0n, 75n] }],
    ["4.2.1.1-101000062023110109", { parts: [4n, 2n, 1n, 1n], build: 101000062023110109n }],
    ["4.2.1.1_101000062023110109", { parts: [4n, 2n, 1n, 1n], build: 101000062023110109n }],
    ["007.01", { parts: [7n, 1n] }],
  ])("reads %j", (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });

  it.each([
    "",
    ".",
    "4.",
    ".4",
    "4..3",
    "v4.3",
    "4.3-",
    "4.3-el7",
    "4.3-1.el7",
    "-1",
    "4.3-1-2",
    "4,3",
    "latest",
    "4.3 5",
  ])("refuses %j", (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });

  it("gives back what was formatted", () => {
    fc.assert(
      fc.property(version, (made) => {
        expect(parseVersion(formatVersion(made))).toEqual(made);
        expect(parseVersion(formatParts(made))).toEqual({ parts: made.parts });
      }),
    );
  });

  it("keeps a build beyond 2^53 to the last digit", () => {
    expect(formatVersion(read("4.2.1.1-101000062023110109"))).toBe("4.2.1.1-101000062023110109");
  });
});

describe("compareVersions", () => {
  it.each([
    ["4.3.5.2", "4.3.5.10"],
    ["4.9", "4.10"],
    ["4.3", "4.3.0"],
    ["4.3.5", "4.3.5.2"],
    ["4.3.5.2", "4.4"],
    ["4.2.1.1", "4.2.1.1-1"],
    ["4.2.1.1-101000062023110109", "4.2.1.1-101000062023110110"],
    ["4.2.1.1-999", "4.2.1.2-1"],
    ["4.2-9", "4.2.0-1"],
  ])("puts %s before %s", (lower, higher) => {
    expect(compareVersions(read(lower), read(higher))).toBeLessThan(0);
    expect(compareVersions(read(higher), read(lower))).toBeGreaterThan(0);
  });

  it("counts a missing build as 0", () => {
    expect(compareVersions(read("4.2.1.1"), read("4.2.1.1-0"))).toBe(0);
  });

  it("is antisymmetric, and 0 for a version and itself", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        expect(compareVersions(a, a)).toBe(0);
      }),
    );
  });

  it("is transitive", () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const [low, middle, high] = [a, b, c].sort(compareVersions) as [Version, Version, Version]; // three went in
        expect(compareVersions(low, middle)).toBeLessThanOrEqual(0);
        expect(compareVersions(middle, high)).toBeLessThanOrEqual(0);
        expect(compareVersions(low, high)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });

  it("is 0 only for versions that are written alike, but for a build of 0", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const written = (one: Version) => formatVersion(one.build === 0n ? { parts: one.parts } : one);
        expect(compareVersions(a, b) === 0).toBe(written(a) === written(b));
      }),
    );
  });
});

describe("compareParts", () => {
  it("looks only at the parts that both have", () => {
    expect(compareParts([4n, 3n], [4n, 3n, 5n])).toBe(0);
    expect(compareParts([4n, 3n, 5n], [4n, 3n])).toBe(0);
    expect(compareParts([4n, 2n, 9n], [4n, 3n])).toBeLessThan(0);
  });
});

describe("lowestVersion", () => {
  it("finds the lowest wherever it stands", () => {
    const texts = ["4.3.5.2", "4.2.1.8-2", "4.2.1.8-1", "4.10"];
    for (let i = 0; i < texts.length; i++) {
      const turned = [...texts.slice(i), ...texts.slice(0, i)].map(read);
      expect(lowestVersion(turned)).toEqual(read("4.2.1.8-1"));
    }
  });

  it("is undefined for none", () => {
    expect(lowestVersion([])).toBeUndefined();
  });
});
