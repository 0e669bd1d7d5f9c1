import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  hiddenOf,
  hiddenOutputs,
  hiddenUrn,
  shortUrn,
  typeOfUrn,
} from "../../provider/frontend/dynamic/dynamic-provider";
import { argumentsOf, hasUnknown, sameValue, UNKNOWN } from "../../provider/frontend/resource/properties";

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

describe("the URN of a resource", () => {
  const whole = [
    `urn:pulumi:dev::shop::${TYPE}::orders`,
    `urn:pulumi:dev::shop::my:component:Database$${TYPE}::orders`,
    `urn:pulumi:dev::shop::${TYPE}$${TYPE}::orders`,
    `urn:pulumi:dev::shop::${TYPE}::a::b$c:d::pulumi-nodejs:dynamic/x:Y::z`,
    `urn:pulumi:dev::shop::${TYPE}::`,
  ];

  it("is kept in the outputs without what all have in common", () => {
    expect(whole.map(shortUrn)).toEqual([
      "dev::shop::oceanbase:ClusterVersion::orders",
      "dev::shop::my:component:Database$oceanbase:ClusterVersion::orders",
      `dev::shop::${TYPE}$oceanbase:ClusterVersion::orders`,
      "dev::shop::oceanbase:ClusterVersion::a::b$c:d::pulumi-nodejs:dynamic/x:Y::z",
      "dev::shop::oceanbase:ClusterVersion::",
    ]);
  });

  it("is the same again, whole, from inputs, from outputs, and from outputs of an older build", () => {
    for (const urn of whole) {
      expect(hiddenUrn({ __urn: urn })).toBe(urn);
      expect(hiddenUrn({ __urn: shortUrn(urn) })).toBe(urn);
      expect(shortUrn(shortUrn(urn))).toBe(shortUrn(urn));
    }
  });

  it.each([undefined, 5, UNKNOWN])("is not known where the properties have %s", (__urn) => {
    expect(hiddenUrn({ __urn })).toBeUndefined();
  });
});

describe("the arguments and hidden keys of a resource", () => {
  const properties = {
    version: "4.3.5.2",
    endpoints: ["http://a"],
    currentVersion: "4.3.5.2",
    members: {},
    status: "current",
    lastUpgrade: {},
    __provider: "text",
    __urn: "urn",
    __timeouts: { update: "3h" },
    __drifted: true,
  };

  it("are told apart from what was observed", () => {
    expect(argumentsOf(properties)).toEqual({ version: "4.3.5.2", endpoints: ["http://a"] });
  });

  it("hidden ones that stay are those of the registration", () => {
    expect(hiddenOf(properties)).toEqual({ __provider: "text", __urn: "urn", __timeouts: { update: "3h" } });
    expect(hiddenOf({ __provider: "text", __timeouts: undefined })).toEqual({ __provider: "text" });
    const short = "dev::shop::oceanbase:ClusterVersion::orders";
    expect(hiddenOf({ __urn: short })).toEqual({ __urn: `urn:pulumi:dev::shop::${TYPE}::orders` });
  });
});

describe("hasUnknown", () => {
  it.each([
    [UNKNOWN, true],
    [[1, [UNKNOWN]], true],
    [{ a: { b: [{ c: UNKNOWN }] } }, true],
    ["text", false],
    [`prefix ${UNKNOWN}`, false],
    [null, false],
    [undefined, false],
    [{ a: [null, undefined, 1] }, false],
  ])("of %j is %s", (value, expected) => {
    expect(hasUnknown(value)).toBe(expected);
  });

  it("finds the SDK's own text for an unknown value", async () => {
    const { unknownValue } = await import("@pulumi/pulumi/runtime/rpc.js");
    expect(UNKNOWN).toBe(unknownValue);
  });
});

describe("sameValue", () => {
  it.each([
    [{ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [undefined, undefined, true],
    [[1, 2], [2, 1], false],
    [{ a: 1 }, { a: "1" }, false],
    [{ a: null }, { a: 0 }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ 0: "a" }, ["a"], false],
    [undefined, {}, false],
    [undefined, null, false],
  ])("of %j and %j is %s", (a, b, expected) => {
    expect(sameValue(a, b)).toBe(expected);
    expect(sameValue(b, a)).toBe(expected);
  });

  it("does not care for the order of keys at any depth", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(sameValue(value, reversed(value))).toBe(true);
      }),
    );
  });

  it("tells every other value apart", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
        expect(sameValue({ a, b: 1 }, { a, b: 2 })).toBe(false);
        expect(sameValue([a, b], [b, a])).toBe(sameValue(a, b));
      }),
    );
  });
});

/** The same value with its keys in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, member]) => [key, reversed(member)]));
}

describe("hiddenOutputs", () => {
  it("have the URN short, whole or not in the inputs", () => {
    const short = "dev::shop::fake:Version::orders";
    for (const __urn of [short, "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/fake:Version::orders"]) {
      expect(hiddenOutputs({ version: "2.0", __provider: "text", __urn })).toEqual({
        __provider: "text",
        __urn: short,
      });
    }
    expect(hiddenOutputs({ version: "2.0" })).toEqual({});
  });
});
