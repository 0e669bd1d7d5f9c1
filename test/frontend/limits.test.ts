import { describe, expect, it } from "vitest";
import { checkTimeouts } from "../../provider/frontend/dynamic/dynamic-provider";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { VirtualClock } from "../support/virtual-clock";
import { calledBridge, forgetBridges } from "./called-bridge";

forgetBridges();

/** The limits of a run, with a separate bridge. */
async function fresh() {
  const { bridge, call } = await calledBridge();
  const { limits } = await import("../../provider/frontend/resource/session.js");
  const { limitOf } = await import("../../provider/frontend/dynamic/dynamic-provider.js");
  const clock = new VirtualClock();
  const gone = new AbortController();
  return {
    call,
    limitOf,
    clock,
    limits: (limit: number) => limits(clock, limit, bridge.onCancel, gone.signal),
    cancel: () => call("Cancel", {}, () => undefined),
    loseEngine: () => gone.abort(),
  };
}

describe("a run is ended", () => {
  it("by the deadline", async () => {
    const { limits, clock } = await fresh();
    const { signal } = limits(5_000);
    await clock.sleep(4_999);
    expect(signal.aborted).toBe(false);
    await clock.sleep(2);
    expect(signal.reason).toMatchObject({ name: "UpgradeError", code: "deadline" });
  });

  it("by Cancel", async () => {
    const { limits, cancel } = await fresh();
    const { signal, release } = limits(5_000);
    expect(signal.aborted).toBe(false);
    cancel();
    expect(signal.reason).toMatchObject({ name: "UpgradeError", code: "interrupted" });
    release();
  });

  it("by a Cancel before the run", async () => {
    const { limits, cancel } = await fresh();
    cancel();
    const { signal, release } = limits(5_000);
    expect(signal.reason).toMatchObject({ code: "interrupted" });
    release();
  });

  it("by the end of the engine, like every other run", async () => {
    const { limits, loseEngine } = await fresh();
    const runs = [limits(5_000), limits(5_000)];
    loseEngine();
    const late = limits(5_000);
    for (const { signal, release } of [...runs, late]) {
      expect(signal.reason).toMatchObject({ name: "UpgradeError", code: "engine-gone" });
      release();
    }
  });

  it("by whichever comes first", async () => {
    const { limits, clock, cancel, loseEngine } = await fresh();
    const { signal } = limits(1_000);
    cancel();
    loseEngine();
    await clock.sleep(2_000);
    expect(signal.reason).toMatchObject({ code: "interrupted" });
  });

  it("completely: reads that are still in progress end with it", async () => {
    const { limits, clock, cancel, loseEngine } = await fresh();
    const { signal, release } = limits(1_000);
    release();
    expect(signal.reason).toMatchObject({ code: "interrupted", message: "The run is over." });
    cancel();
    loseEngine();
    await clock.sleep(2_000);
    expect(signal.reason).toMatchObject({ message: "The run is over." });
  });
});

describe("the time limit", () => {
  const timeouts = { __timeouts: { create: "90m", update: "3h" } };

  it("is the one of the engine if it is known", async () => {
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
  ] as const)("of %s with %j is otherwise %s ms", async (operation, inputs, expected) => {
    const { limitOf } = await fresh();
    expect(limitOf(operation, inputs)).toBe(expected);
  });

  it("is the one in the resource's inputs if the engine sends none", async () => {
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
  ])("accepts %j", (timeouts) => {
    expect(checkTimeouts({ __timeouts: timeouts })).toEqual([]);
  });

  it("rejects an unknown operation", () => {
    expect(checkTimeouts({ __timeouts: { crete: "1h", read: "1m" } })).toEqual([
      { property: "customTimeouts", reason: "crete is not an operation; did you mean create?" },
    ]);
  });

  it.each(["0s", "0", "3 hours", "", 5])("rejects %j", (update) => {
    expect(checkTimeouts({ __timeouts: { create: "1h", update } })).toEqual([
      { property: "customTimeouts", reason: 'update must be a duration above zero, such as "3h"' },
    ]);
  });
});
