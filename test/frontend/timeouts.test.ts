import { describe, expect, it } from "vitest";
import { checkTimeouts } from "../../provider/frontend/dynamic/dynamic-provider";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { calledBridge, forgetBridges } from "./called-bridge";

forgetBridges();

async function fresh() {
  const { call } = await calledBridge();
  const { limitOf } = await import("../../provider/frontend/dynamic/dynamic-provider.js");
  return { limitOf, call };
}

describe("the time limit", () => {
  const timeouts = { __timeouts: { create: "90m", update: "3h" } };

  it("is the engine's where it is known", async () => {
    const { limitOf, call } = await fresh();
    const request = { getTimeout: () => 120 };
    expect(call("Create", request, () => limitOf("create", timeouts))).toBe(120_000);
  });

  it.each([
    ["create", timeouts, 5_400_000],
    ["update", timeouts, 10_800_000],
    ["update", { __timeouts: { create: "90m" } }, undefined],
    ["create", {}, undefined],
    ["create", { __timeouts: "90m" }, undefined],
    ["create", { __timeouts: null }, undefined],
    ["create", { __timeouts: { create: "soon" } }, undefined],
    ["create", { __timeouts: { create: 5 } }, undefined],
  ] as const)("of %s with %j is else %s ms", async (operation, inputs, expected) => {
    const { limitOf } = await fresh();
    expect(limitOf(operation, inputs)).toBe(expected);
  });

  it("is the resource's own where the engine sends none", async () => {
    const { limitOf, call } = await fresh();
    expect(call("Create", { getTimeout: () => 0 }, () => limitOf("create", timeouts))).toBe(5_400_000);
  });
});

describe("checkTimeouts", () => {
  it.each([
    undefined,
    null,
    {},
    { update: "3h" },
    { create: "90m", update: "1h30m", delete: "1m" },
    { update: UNKNOWN },
  ])("has nothing against %j", (timeouts) => {
    expect(checkTimeouts({ __timeouts: timeouts })).toEqual([]);
  });

  it("refuses an operation that there is not", () => {
    expect(checkTimeouts({ __timeouts: { crete: "1h", read: "1m" } })).toEqual([
      { property: "customTimeouts", reason: "crete is not an operation; did you mean create?" },
    ]);
  });

  it.each(["0s", "0", "3 hours", "", 5])("refuses %j", (update) => {
    expect(checkTimeouts({ __timeouts: { create: "1h", update } })).toEqual([
      { property: "customTimeouts", reason: 'update must be a duration above zero, such as "3h"' },
    ]);
  });
});
