import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Constraint,
  compareVersions,
  exclude,
  holds,
  parseConstraint,
  parseVersion,
  shownFor,
  standing,
  type Version,
} from "../../provider/core/version";

function pin(text: string): Constraint {
  const constraint = parseConstraint(text);
  if (constraint === undefined) throw new Error(`${text} is no constraint`);
  return constraint;
}

function running(text: string): Version {
  const version = parseVersion(text);
  if (version === undefined) throw new Error(`${text} is no version`);
  return version;
}

describe("parseConstraint", () => {
  it.each([
    ["4.3.5.2", { kind: "at", version: { parts: [4n, 3n, 5n, 2n] } }],
    ["2.0.75", { kind: "at", version: { parts: [2n, 0n, 75n] } }],
    [">=2.0.75", { kind: "floor", version: { parts: [2n, 0n, 75n] } }],
    [" >= 2.0.75 ", { kind: "floor", version: { parts: [2n, 0n, 75n] } }],
    ["4.2.1.1-7", { kind: "at", version: { parts: [4n, 2n, 1n, 1n], build: 7n } }],
    [" latest ", { kind: "latest" }],
  ])("reads %j", (text, expected) => {
    expect(parseConstraint(text)).toEqual(expected);
  });

  it.each(["", ">=", ">=latest", ">4.3", "=4.3", "<=4.3", "~4.3", "^4.3", "4.x", "4.*", "Latest", "newest"])(
    "refuses %j",
    (text) => {
      expect(parseConstraint(text)).toBeUndefined();
    },
  );
});

describe("standing", () => {
  it.each([
    // exact
    ["4.3.5.2", "4.3.5.2", "holds"],
    ["4.3.5.2", "4.3.5.1", "behind"],
    ["4.3.5.2", "4.3.5.3", "newer"],
    ["4.3.5.2", "4.3.5.10", "newer"],
    ["4.3.5.10", "4.3.5.9", "behind"],
    ["4.3.5.2", "4.3.5.2-102000042025031214", "holds"],
    ["4.3.5.2", "4.2.9.9", "behind"],
    ["4.3.5.2", "4.3.5", "behind"],
    // prefix
    ["2.0.75", "2.0.75.28", "holds"],
    ["2.0.75", "2.0.75", "holds"],
    ["2.0.75", "2.0.7.9", "behind"],
    ["2.0.75", "2.0.76.1", "newer"],
    ["2", "2.9.9", "holds"],
    // floor
    [">=2.0.75", "2.0.75.28", "holds"],
    [">=2.0.75", "2.0.76", "holds"],
    [">=2.0.75", "3", "holds"],
    [">=2.0.75", "2.0.74.99", "behind"],
    [">=2.0.75", "2.0", "behind"],
    // builds
    ["4.2.1.1-5", "4.2.1.1-5", "holds"],
    ["4.2.1.1-5", "4.2.1.1-4", "behind"],
    ["4.2.1.1-5", "4.2.1.1-6", "newer"],
    ["4.2.1.1-5", "4.2.1.1", "behind"],
    ["4.2.1.1-5", "4.2.1.2-1", "newer"],
    [">=4.2.1.1-5", "4.2.1.1-6", "holds"],
    [">=4.2.1.1-5", "4.2.1.1-4", "behind"],
    ["4.2.1.1-101000062023110109", "4.2.1.1-101000062023110108", "behind"],
    // latest
    ["latest", "0.0.1", "holds"],
  ] as const)("of pin %s: %s is %s", (text, version, expected) => {
    expect(standing(running(version), pin(text))).toBe(expected);
    expect(holds(running(version), pin(text))).toBe(expected === "holds");
  });
});

const number = fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: 2n ** 53n, max: 2n ** 53n + 2n }));
const parts = (least: number, most = least) => fc.array(number, { minLength: least, maxLength: most });
const kind = fc.constantFrom("at" as const, "floor" as const);
const ORDER = ["behind", "holds", "newer"];

function expectMonotone(a: Version, b: Version, constraint: Constraint): void {
  const [lower, higher] = compareVersions(a, b) <= 0 ? [a, b] : [b, a];
  const place = (version: Version) => ORDER.indexOf(standing(version, constraint));
  expect(place(lower)).toBeLessThanOrEqual(place(higher));
}

describe("the standing of a higher version is never lower", () => {
  it("for pins without a build, whatever the number of parts", () => {
    fc.assert(
      fc.property(kind, parts(1, 4), parts(1, 4), parts(1, 4), (as, wanted, a, b) => {
        expectMonotone({ parts: a }, { parts: b }, { kind: as, version: { parts: wanted } });
      }),
      { numRuns: 500 },
    );
  });

  it("for pins with a build, among versions with as many parts", () => {
    const built = fc.record({ parts: parts(2), build: number });
    fc.assert(
      fc.property(kind, built, built, built, (as, wanted, a, b) => {
        expectMonotone(a, b, { kind: as, version: wanted });
      }),
      { numRuns: 500 },
    );
  });
});

describe("shownFor", () => {
  it("names the build only where the pin has one", () => {
    const version = running("4.3.5.2-7");
    expect(shownFor(pin("4.3.5.2"), version)).toBe("4.3.5.2");
    expect(shownFor(pin(">=4.3"), version)).toBe("4.3.5.2");
    expect(shownFor(pin("latest"), version)).toBe("4.3.5.2");
    expect(shownFor(pin("4.3.5.2-6"), version)).toBe("4.3.5.2-7");
  });
});

describe("two constraints on one thing", () => {
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
  ])("%s and %s: exclude each other is %s", (one, other, expected) => {
    expect(exclude(one, other)).toBe(expected);
    expect(exclude(other, one)).toBe(expected);
  });
});
