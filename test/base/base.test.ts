import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapTexts } from "../../provider/base/json";
import { OLDEST_NODE, requireNode } from "../../provider/base/node-version";
import { counted, formatDuration, parseDuration, sentences } from "../../provider/base/sentences";
import { resourceName, typeOfUrn } from "../../provider/base/urn";
import { UpgradeError } from "../../provider/core/errors";
import { OLDEST_NODE as OLDEST_OF_SIMULATORS } from "../simulators/shell/node";

describe("joined texts", () => {
  it.each([
    [["no space left on device", "Fix the cause."], "no space left on device. Fix the cause."],
    [
      ["not found (OB.Server.Process.CheckFailed)", "Run it again."],
      "not found (OB.Server.Process.CheckFailed). Run it again.",
    ],
    [["It is running.", "Wait."], "It is running. Wait."],
    [["Does it exist?", "Check."], "Does it exist? Check."],
    [['It returned "no."', "Try again."], 'It returned "no." Try again.'],
    [["Headers Timeout Error", undefined], "Headers Timeout Error"],
    [["one", "", "two"], "one. two"],
    [[], ""],
  ] as const)("%j are %j", (texts, whole) => {
    expect(sentences(...texts)).toBe(whole);
  });

  it("are used for an error, and a vendor's text without a full stop gets one", () => {
    const error = new UpgradeError("unreachable", "obshell: disk full", { remedy: "Fix it." });
    expect(error.text).toBe("obshell: disk full. Fix it. [unreachable]");
  });
});

const ROOT = resolve(__dirname, "../..");
/** A plural written by hand: `node${n === 1 ? "" : "s"}`, `n === 1 ? "call" : "calls"` */
const BY_HAND = /=== 1 \? ("" : "s"|"(\w+)" : "\2s")/;

describe("counted", () => {
  it.each([
    [0, "0 zones"],
    [1, "1 zone"],
    [2, "2 zones"],
  ] as const)("%i", (count, text) => {
    expect(counted(count, "zone")).toBe(text);
  });

  it("accepts a plural without s", () => {
    expect([counted(1, "child", "children"), counted(2, "child", "children")]).toEqual(["1 child", "2 children"]);
  });

  it.each(["provider", "sdk/report"])("is used for all counted nouns in %s", (folder) => {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((name) => BY_HAND.test(readFileSync(join(ROOT, folder, name), "utf8")))).toEqual([]);
  });
});

it("mapTexts changes every string of a value, including the names of members, and nothing else", () => {
  const value = { a: "a", list: ["a", 1, null, true, undefined, { a: { a: "aa" } }], empty: {}, none: [] };
  const changed = { b: "b", list: ["b", 1, null, true, undefined, { b: { b: "bb" } }], empty: {}, none: [] };
  expect(mapTexts(value, (text) => text.replaceAll(/^a+$/g, (all) => "b".repeat(all.length)))).toEqual(changed);
  const hostile = JSON.parse('{"__proto__": "a", "constructor": "a"}');
  expect(JSON.stringify(mapTexts(hostile, (text) => text.toUpperCase()))).toBe('{"__PROTO__":"A","CONSTRUCTOR":"A"}');
});

describe("the Node version", () => {
  it.each(["v22.19.0", "v22.20.1", "v23.0.0", "v24.0.0-nightly2025", "v100.0.0"])("%s is new enough", (version) => {
    expect(() => requireNode("the provider process", version)).not.toThrow();
  });

  it.each(["v20.20.2", "v22.18.9", "v18.0.0", "v9.9.9"])(
    "%s is too old, in one sentence and without a stack",
    (version) => {
      const message = `pulumi-dbversion needs Node 22.19 or later; the provider process runs on ${version}`;
      const error = (() => {
        try {
          requireNode("the provider process", version);
        } catch (thrown) {
          return thrown;
        }
        return undefined;
      })();
      expect(error).toMatchObject({ message, stack: message });
    },
  );

  it("is the one that the package and the simulators require", () => {
    const { engines } = JSON.parse(readFileSync(join(__dirname, "..", "..", "package.json"), "utf8"));
    expect(engines.node).toBe(`>=${OLDEST_NODE}`);
    expect(OLDEST_OF_SIMULATORS).toBe(OLDEST_NODE);
  });
});

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
  ])("parses %s as %d ms", (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(["", "10", "h", "1 h", "1h ", " 1h", "-1h", "1d", "1H", "1,5h", "1.h", ".5h", "1h30", "soon"])(
    "rejects %j",
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
  ])("formats %d ms as %s", (milliseconds, expected) => {
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

const TYPE = "pulumi-nodejs:dynamic/oceanbase:ClusterVersion";

describe("typeOfUrn", () => {
  it.each([
    [`urn:pulumi:dev::shop::${TYPE}::orders`, "oceanbase:ClusterVersion"],
    [`urn:pulumi:dev::shop::my:component:Database$${TYPE}::orders`, "oceanbase:ClusterVersion"],
    [`urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion$${TYPE}::orders`, "oceanbase:ClusterVersion"],
    [`urn:pulumi:dev::shop::${TYPE}::pulumi-nodejs:dynamic/taurusdb:KernelVersion::x`, "oceanbase:ClusterVersion"],
    ["urn:pulumi:dev::shop::pulumi-nodejs:dynamic:Resource::orders", undefined],
    ["urn:pulumi:dev::shop::aws:s3/bucket:Bucket::orders", undefined],
    ["", undefined],
  ])("of %s is %s", (urn, expected) => {
    expect(typeOfUrn(urn)).toBe(expected);
  });
});

describe("resourceName", () => {
  it.each([
    [`urn:pulumi:dev::shop::${TYPE}::orders`, "orders"],
    [`urn:pulumi:dev::shop::my:component:Database$${TYPE}::orders`, "orders"],
    [`urn:pulumi:dev::shop::${TYPE}::shop::orders`, "shop::orders"],
    [`urn:pulumi:dev::shop::${TYPE}::`, ""],
    ["orders", ""],
    ["", ""],
  ])("of %s is %j", (urn, expected) => {
    expect(resourceName(urn)).toBe(expected);
  });
});
