import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Constraint,
  compareParts,
  compareVersions,
  exclude,
  formatParts,
  formatVersion,
  holds,
  lowestVersion,
  newestFirst,
  parseConstraint,
  parseVersion,
  shownFor,
  standing,
  type Version,
} from "../../provider/core/version";

/** Numbers around and far beyond 2^53, where a double would take different versions for equal. */
const number = fc.oneof(fc.bigInt({ min: 0n, max: 12n }), fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }));
const version: fc.Arbitrary<Version> = fc
  .record({ parts: fc.array(number, { minLength: 1, maxLength: 5 }), build: fc.option(number, { nil: undefined }) })
  .map(({ parts, build }) => ({ parts, ...(build === undefined ? {} : { build }) }));

function versionOf(text: string): Version {
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
  ])("parses %j", (text, expected) => {
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
  ])("rejects %j", (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });

  it("parses what formatVersion returns", () => {
    fc.assert(
      fc.property(version, (made) => {
        expect(parseVersion(formatVersion(made))).toEqual(made);
        expect(parseVersion(formatParts(made))).toEqual({ parts: made.parts });
      }),
    );
  });

  it("keeps every digit of a build above 2^53", () => {
    expect(formatVersion(versionOf("4.2.1.1-101000062023110109"))).toBe("4.2.1.1-101000062023110109");
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
    expect(compareVersions(versionOf(lower), versionOf(higher))).toBeLessThan(0);
    expect(compareVersions(versionOf(higher), versionOf(lower))).toBeGreaterThan(0);
  });

  it("treats a missing build as 0", () => {
    expect(compareVersions(versionOf("4.2.1.1"), versionOf("4.2.1.1-0"))).toBe(0);
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

  it("is 0 only for versions with the same text, except for a build of 0", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const written = (one: Version) => formatVersion(one.build === 0n ? { parts: one.parts } : one);
        expect(compareVersions(a, b) === 0).toBe(written(a) === written(b));
      }),
    );
  });
});

describe("compareParts", () => {
  it("compares only the parts that both versions have", () => {
    expect(compareParts([4n, 3n], [4n, 3n, 5n])).toBe(0);
    expect(compareParts([4n, 3n, 5n], [4n, 3n])).toBe(0);
    expect(compareParts([4n, 2n, 9n], [4n, 3n])).toBeLessThan(0);
  });
});

describe("lowestVersion", () => {
  it("finds the lowest at any position", () => {
    const texts = ["4.3.5.2", "4.2.1.8-2", "4.2.1.8-1", "4.10"];
    for (let i = 0; i < texts.length; i++) {
      const turned = [...texts.slice(i), ...texts.slice(0, i)].map(versionOf);
      expect(lowestVersion(turned)).toEqual(versionOf("4.2.1.8-1"));
    }
  });

  it("is undefined for none", () => {
    expect(lowestVersion([])).toBeUndefined();
  });
});

function constraintOf(text: string): Constraint {
  const constraint = parseConstraint(text);
  if (constraint === undefined) throw new Error(`${text} is no constraint`);
  return constraint;
}

describe("parseConstraint", () => {
  it.each([
    ["4.3.5.2", { kind: "at", version: { parts: [4n, 3n, 5n, 2n] } }],
    ["2.0.75", { kind: "at", version: { parts: [2n, 0n, 75n] } }],
    [">=2.0.75", { kind: "minimum", version: { parts: [2n, 0n, 75n] } }],
    [" >= 2.0.75 ", { kind: "minimum", version: { parts: [2n, 0n, 75n] } }],
    ["4.2.1.1-7", { kind: "at", version: { parts: [4n, 2n, 1n, 1n], build: 7n } }],
    [" latest ", { kind: "latest" }],
  ])("parses %j", (text, expected) => {
    expect(parseConstraint(text)).toEqual(expected);
  });

  it.each(["", ">=", ">=latest", ">4.3", "=4.3", "<=4.3", "~4.3", "^4.3", "4.x", "4.*", "Latest", "newest"])(
    "rejects %j",
    (text) => {
      expect(parseConstraint(text)).toBeUndefined();
    },
  );
});

describe("standing", () => {
  it.each([
    // exact
    ["4.3.5.2", "4.3.5.2", "current"],
    ["4.3.5.2", "4.3.5.1", "behind"],
    ["4.3.5.2", "4.3.5.3", "newer"],
    ["4.3.5.2", "4.3.5.10", "newer"],
    ["4.3.5.10", "4.3.5.9", "behind"],
    ["4.3.5.2", "4.3.5.2-102000042025031214", "current"],
    ["4.3.5.2", "4.2.9.9", "behind"],
    ["4.3.5.2", "4.3.5", "behind"],
    // prefix
    ["2.0.75", "2.0.75.28", "current"],
    ["2.0.75", "2.0.75", "current"],
    ["2.0.75", "2.0.7.9", "behind"],
    ["2.0.75", "2.0.76.1", "newer"],
    ["2", "2.9.9", "current"],
    // minimum
    [">=2.0.75", "2.0.75.28", "current"],
    [">=2.0.75", "2.0.76", "current"],
    [">=2.0.75", "3", "current"],
    [">=2.0.75", "2.0.74.99", "behind"],
    [">=2.0.75", "2.0", "behind"],
    // builds
    ["4.2.1.1-5", "4.2.1.1-5", "current"],
    ["4.2.1.1-5", "4.2.1.1-4", "behind"],
    ["4.2.1.1-5", "4.2.1.1-6", "newer"],
    ["4.2.1.1-5", "4.2.1.1", "behind"],
    ["4.2.1.1-5", "4.2.1.2-1", "newer"],
    [">=4.2.1.1-5", "4.2.1.1-6", "current"],
    [">=4.2.1.1-5", "4.2.1.1-4", "behind"],
    ["4.2.1.1-101000062023110109", "4.2.1.1-101000062023110108", "behind"],
    // latest
    ["latest", "0.0.1", "current"],
  ] as const)("with constraint %s: %s is %s", (text, version, expected) => {
    expect(standing(versionOf(version), constraintOf(text))).toBe(expected);
    expect(holds(versionOf(version), constraintOf(text))).toBe(expected === "current");
  });
});

const smallNumber = fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: 2n ** 53n, max: 2n ** 53n + 2n }));
const parts = (least: number, most = least) => fc.array(smallNumber, { minLength: least, maxLength: most });
const kind = fc.constantFrom("at" as const, "minimum" as const);
const ORDER = ["behind", "current", "newer"];

function expectMonotone(a: Version, b: Version, constraint: Constraint): void {
  const [lower, higher] = compareVersions(a, b) <= 0 ? [a, b] : [b, a];
  const place = (version: Version) => ORDER.indexOf(standing(version, constraint));
  expect(place(lower)).toBeLessThanOrEqual(place(higher));
}

describe("a higher version never has a lower standing", () => {
  it("for constraints without a build, with any number of parts", () => {
    fc.assert(
      fc.property(kind, parts(1, 4), parts(1, 4), parts(1, 4), (as, target, a, b) => {
        expectMonotone({ parts: a }, { parts: b }, { kind: as, version: { parts: target } });
      }),
      { numRuns: 500 },
    );
  });

  it("for constraints with a build, among versions with the same number of parts", () => {
    const built = fc.record({ parts: parts(2), build: smallNumber });
    fc.assert(
      fc.property(kind, built, built, built, (as, target, a, b) => {
        expectMonotone(a, b, { kind: as, version: target });
      }),
      { numRuns: 500 },
    );
  });
});

describe("shownFor", () => {
  it("shows the build only if the constraint has one", () => {
    const version = versionOf("4.3.5.2-7");
    expect(shownFor(constraintOf("4.3.5.2"), version)).toBe("4.3.5.2");
    expect(shownFor(constraintOf(">=4.3"), version)).toBe("4.3.5.2");
    expect(shownFor(constraintOf("latest"), version)).toBe("4.3.5.2");
    expect(shownFor(constraintOf("4.3.5.2-6"), version)).toBe("4.3.5.2-7");
  });
});

describe("exclude", () => {
  it.each([
    ["2.0.78", "2.0.79", true],
    ["2.0.78.260600", "2.0.78.260601", true],
    ["2.0.78", "2.0.78.260600", false],
    ["4.3.5.2", "4.3.5.2-102000042025031214", false],
    ["4.3.5.2-102000042025031214", "4.3.5.2-102000042025031215", true],
    [">=2.0.69", "2.0.78", false],
    [">=2.0.79", "2.0.78.260600", true],
    [">=2.0.69", ">=2.0.78", false],
    ["latest", ">=2.0.78", false],
    ["latest", "latest", false],
    ["latest", "2.0.78", true],
    ["newest", "newest", false],
    ["newest", "2.0.78", true],
  ])("for %s and %s returns %s", (one, other, expected) => {
    expect(exclude(one, other)).toBe(expected);
    expect(exclude(other, one)).toBe(expected);
  });
});

it("newestFirst lists each version once, newest first, also with suffixes", () => {
  expect(newestFirst(["4.3.9.0", "4.3.10.0", "unknown", "4.3.9.0", "4.3.9.0-200.el7", "4.3.9.0-1000.el8"])).toEqual([
    "4.3.10.0",
    "4.3.9.0-1000.el8",
    "4.3.9.0-200.el7",
    "4.3.9.0",
    "unknown",
  ]);
});
