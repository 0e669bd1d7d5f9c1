import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shortUrn } from "../../provider/base/urn";
import {
  fitPartialFailure,
  hiddenOf,
  hiddenOutputs,
  hiddenUrn,
} from "../../provider/frontend/dynamic/dynamic-provider";
import { argumentsOf, hasUnknown, sameValue, toWire, UNKNOWN } from "../../provider/frontend/resource/properties";

const TYPE = "pulumi-nodejs:dynamic/oceanbase:ClusterVersion";

describe("the URN of a resource", () => {
  const whole = [
    `urn:pulumi:dev::shop::${TYPE}::orders`,
    `urn:pulumi:dev::shop::my:component:Database$${TYPE}::orders`,
    `urn:pulumi:dev::shop::${TYPE}$${TYPE}::orders`,
    `urn:pulumi:dev::shop::${TYPE}::a::b$c:d::pulumi-nodejs:dynamic/x:Y::z`,
    `urn:pulumi:dev::shop::${TYPE}::`,
  ];

  it("is stored in the outputs without its common parts", () => {
    expect(whole.map(shortUrn)).toEqual([
      "dev::shop::oceanbase:ClusterVersion::orders",
      "dev::shop::my:component:Database$oceanbase:ClusterVersion::orders",
      `dev::shop::${TYPE}$oceanbase:ClusterVersion::orders`,
      "dev::shop::oceanbase:ClusterVersion::a::b$c:d::pulumi-nodejs:dynamic/x:Y::z",
      "dev::shop::oceanbase:ClusterVersion::",
    ]);
  });

  it("is restored completely from inputs, from outputs, and from outputs of an older build", () => {
    for (const urn of whole) {
      expect(hiddenUrn({ __urn: urn })).toBe(urn);
      expect(hiddenUrn({ __urn: shortUrn(urn) })).toBe(urn);
      expect(shortUrn(shortUrn(urn))).toBe(shortUrn(urn));
    }
  });

  it.each([undefined, 5, UNKNOWN])("is unknown if the properties have %s", (__urn) => {
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

  it("are separated from the observed values", () => {
    expect(argumentsOf(properties)).toEqual({ version: "4.3.5.2", endpoints: ["http://a"] });
  });

  it("the hidden ones are kept from the registration", () => {
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

  it("recognizes the SDK's own string for an unknown value", async () => {
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

  it("ignores the order of keys at any depth", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(sameValue(value, reversed(value))).toBe(true);
      }),
    );
  });

  it("distinguishes all other values", () => {
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
  it("contain the short URN, for a complete or a short one in the inputs", () => {
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

describe("toWire", () => {
  it.each<[string, unknown, unknown]>([
    ["texts", "a", "a"],
    ["numbers", 1.5, 1.5],
    ["booleans", false, false],
    ["null", null, null],
    ["undefined", undefined, null],
    ["undefined members", { a: undefined, b: 1 }, { b: 1 }],
    ["nested undefined members", { a: { b: [{ c: undefined, d: 1 }] } }, { a: { b: [{ d: 1 }] } }],
    ["undefined elements", [1, undefined], [1, null]],
    ["bigints", { build: 101000062023110109n }, { build: "101000062023110109" }],
    ["dates", { at: new Date(0) }, { at: "1970-01-01T00:00:00.000Z" }],
    ["NaN", Number.NaN, null],
    ["infinity", [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], [null, null]],
    ["objects without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ])("returns plain JSON for %s", (_, value, expected) => {
    expect(toWire(value)).toEqual(expected);
    expect(toWire(value)).not.toBe(undefined);
  });

  it.each([
    ["a function", () => 1, "a function cannot be sent to the engine"],
    ["a nested function", { a: [() => 1] }, "a function cannot be sent to the engine"],
    ["a symbol", { a: Symbol("x") }, "a symbol cannot be sent to the engine"],
  ])("rejects %s", (_, value, message) => {
    expect(() => toWire(value)).toThrow(new TypeError(message));
  });

  it("drops an undefined member instead of writing null", () => {
    expect(Object.keys(toWire({ a: undefined, b: { c: undefined } }) ?? {})).toEqual(["b"]);
  });

  it("returns a value that JSON preserves, for any input", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true });
    fc.assert(
      fc.property(anything, (value) => {
        const wire = withoutInvalidDates(() => toWire(value));
        // JSON has no -0.
        if (wire !== undefined) expect(JSON.stringify(wire)).toBe(JSON.stringify(JSON.parse(JSON.stringify(wire))));
      }),
    );
  });
});

/** An invalid date has no ISO format: an internal error, which is reported and never sent. */
function withoutInvalidDates<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const LIMIT = 48 * 1024;

function bytesOf(failure: { properties: unknown; reasons: unknown }): number {
  return Buffer.byteLength(JSON.stringify(failure.properties)) + Buffer.byteLength(JSON.stringify(failure.reasons));
}

describe("a partial failure", () => {
  const small = { __provider: "text", __urn: "urn", version: "4.3.5.2", status: "upgrading" };
  const lastUpgrade = { task: "11", from: "4.2.1.8", to: "4.3.5.2" };

  it("within the limit is sent completely, without undefined members", () => {
    const members = { a: "4.2.1.8" };
    const fitted = fitPartialFailure({ ...small, members, lastUpgrade, currentVersion: undefined }, "still running");
    expect(fitted).toEqual({ properties: { ...small, members, lastUpgrade }, reasons: ["still running"] });
    expect(fitted.properties).not.toHaveProperty("currentVersion");
  });

  it("that is too large drops its members first, and nothing else if that suffices", () => {
    const members = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`instance-${i}`, "2.0.75.28"]));
    const fitted = fitPartialFailure({ ...small, members, lastUpgrade }, "still running");
    expect(fitted.properties).toEqual({ ...small, lastUpgrade });
    expect(bytesOf(fitted)).toBeLessThanOrEqual(LIMIT);
  });

  it("never drops the properties that destroy and refresh need", () => {
    const huge = { a: "x".repeat(50_000) };
    const fitted = fitPartialFailure({ ...small, members: huge, lastUpgrade: huge }, "still running");
    expect(fitted.properties).toEqual(small);
  });

  it("drops large arguments before the task that the next run needs", () => {
    const fitted = fitPartialFailure({ ...small, caCertificate: "x".repeat(60_000), lastUpgrade }, "still running");
    expect(fitted.properties).toEqual({ ...small, lastUpgrade });
    expect(bytesOf(fitted)).toBeLessThanOrEqual(LIMIT);
  });

  describe("of a fleet with approvals", () => {
    const members = { "instance-0": "2.0.75.28" };
    const many = <T>(count: number, of: T) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`i${i}`, of]));
    const plan = many(300, { from: "2.0.48", to: "2.0.78", how: "2.0.48 → 2.0.78, now", digest: "0".repeat(64) });
    const used = many(300, "2026-01-01T12:00:00Z");
    const approval = { formatVersion: 1, approvals: {} };

    it("drops the plan after its members, and nothing else if that suffices", () => {
      const all = { ...small, members, __plan: plan, __usedApprovals: used, approval, lastUpgrade };
      const fitted = fitPartialFailure(all, "still running");
      expect(fitted.properties).toEqual({ ...small, __usedApprovals: used, approval, lastUpgrade });
      expect(bytesOf(fitted)).toBeLessThanOrEqual(LIMIT);
    });

    it("drops arguments before used approvals, regardless of their size", () => {
      const large = { ...approval, approvals: plan };
      const all = { ...small, __plan: plan, __usedApprovals: used, approval: large, lastUpgrade };
      const fitted = fitPartialFailure(all, "still running");
      expect(fitted.properties).toEqual({ ...small, __usedApprovals: used, lastUpgrade });
    });

    it("drops used approvals before the task that the next run needs", () => {
      const all = { ...small, __plan: plan, __usedApprovals: many(3_000, "2026-01-01T12:00:00Z"), lastUpgrade };
      const fitted = fitPartialFailure(all, "still running");
      expect(fitted.properties).toEqual({ ...small, lastUpgrade });
      expect(bytesOf(fitted)).toBeLessThanOrEqual(LIMIT);
    });
  });

  it("has reasons of a bounded length", () => {
    const { reasons } = fitPartialFailure(small, `${"x".repeat(100_000)} Run \`pulumi up\`. [unreachable]`);
    expect(reasons[0]?.length).toBeLessThan(4_010);
    expect(reasons[0]).toMatch(/^x{2997} … x+ Run `pulumi up`\. \[unreachable\]$/);
  });

  it("is within the limit for any observation", () => {
    const text = fc.integer({ min: 0, max: 60_000 }).map((length) => "é".repeat(length / 2));
    fc.assert(
      fc.property(text, text, text, text, text, (members, plan, used, upgrade, reason) => {
        const observed = { members: { a: members }, __plan: { a: plan }, __usedApprovals: { a: used } };
        const fitted = fitPartialFailure({ ...small, ...observed, lastUpgrade: { a: upgrade } }, reason);
        expect(bytesOf(fitted)).toBeLessThanOrEqual(LIMIT);
        expect(fitted.properties).toMatchObject(small);
        // The task is dropped last.
        if (upgrade.length < 20_000) expect(fitted.properties).toHaveProperty("lastUpgrade");
      }),
      { numRuns: 30 },
    );
  });
});
