import { describe, expect, it } from "vitest";
import { VirtualClock } from "../support/virtual-clock";
import { calledBridge, forgetBridges } from "./called-bridge";

forgetBridges();

async function fresh() {
  const { bridge, call } = await calledBridge();
  const { limits } = await import("../../provider/frontend/resource/session.js");
  const clock = new VirtualClock();
  const gone = new AbortController();
  return {
    clock,
    limits: (limit: number) => limits(clock, limit, bridge.onCancel, gone.signal),
    cancel: () => call("Cancel", {}, () => undefined),
    loseEngine: () => gone.abort(),
  };
}

describe("what ends a run from outside", () => {
  it("is the deadline", async () => {
    const { limits, clock } = await fresh();
    const { signal } = limits(5_000);
    await clock.sleep(4_999);
    expect(signal.aborted).toBe(false);
    await clock.sleep(2);
    expect(signal.reason).toMatchObject({ name: "UpgradeError", code: "deadline" });
  });

  it("is Cancel", async () => {
    const { limits, cancel } = await fresh();
    const { signal, release } = limits(5_000);
    expect(signal.aborted).toBe(false);
    cancel();
    expect(signal.reason).toMatchObject({ name: "UpgradeError", code: "interrupted" });
    release();
  });

  it("is a Cancel that came before the run", async () => {
    const { limits, cancel } = await fresh();
    cancel();
    const { signal, release } = limits(5_000);
    expect(signal.reason).toMatchObject({ code: "interrupted" });
    release();
  });

  it("is the engine's end, for every run", async () => {
    const { limits, loseEngine } = await fresh();
    const runs = [limits(5_000), limits(5_000)];
    loseEngine();
    const late = limits(5_000);
    for (const { signal, release } of [...runs, late]) {
      expect(signal.reason).toMatchObject({ name: "UpgradeError", code: "engine-gone" });
      release();
    }
  });

  it("is what came first", async () => {
    const { limits, clock, cancel, loseEngine } = await fresh();
    const { signal } = limits(1_000);
    cancel();
    loseEngine();
    await clock.sleep(2_000);
    expect(signal.reason).toMatchObject({ code: "interrupted" });
  });

  it("is the end of the run, once that has released its limits: reads that nobody waited for end with it", async () => {
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
