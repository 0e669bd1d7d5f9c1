import { createRequire } from "node:module";
import { describe, expect, it, vi } from "vitest";
import { VirtualClock } from "../support/virtual-clock";

/**
 * The limits with a state of their own, and a server that is called as grpc-js would call it: what the bridge does on a
 * real one is tested beside it.
 */
async function fresh() {
  vi.resetModules();
  const bridge = await import("../../provider/frontend/dynamic/bridge.js");
  const limits = await import("../../provider/frontend/resource/limits.js");
  const handlers = new Map<string, { func: (call: { request: unknown }, answer?: unknown) => unknown }>();
  class Server {
    _retrieveHandler(path: string): unknown {
      return handlers.get(path);
    }
  }
  bridge.installBridge(Object.assign(() => ({ Server }), createRequire(__filename)));
  const call = (method: string, request: unknown, serve: () => unknown): unknown => {
    const path = `/pulumirpc.ResourceProvider/${method}`;
    handlers.set(path, { func: () => serve() });
    new Server()._retrieveHandler(path);
    return handlers.get(path)?.func({ request });
  };
  const clock = new VirtualClock();
  return { ...limits, clock, call, cancel: () => call("Cancel", {}, () => undefined) };
}

describe("what ends a run from outside", () => {
  it("is the deadline", async () => {
    const { limits, clock } = await fresh();
    const { signal } = limits(clock, 5_000);
    await clock.sleep(4_999);
    expect(signal.aborted).toBe(false);
    await clock.sleep(2);
    expect(signal.reason).toMatchObject({ name: "PinError", code: "deadline" });
  });

  it("is Cancel", async () => {
    const { limits, clock, cancel } = await fresh();
    const { signal, release } = limits(clock, 5_000);
    expect(signal.aborted).toBe(false);
    cancel();
    expect(signal.reason).toMatchObject({ name: "PinError", code: "interrupted" });
    release();
  });

  it("is a Cancel that came before the run", async () => {
    const { limits, clock, cancel } = await fresh();
    cancel();
    const { signal, release } = limits(clock, 5_000);
    expect(signal.reason).toMatchObject({ code: "interrupted" });
    release();
  });

  it("is the engine's end, for every run", async () => {
    const { limits, clock, declareEngineGone } = await fresh();
    const runs = [limits(clock, 5_000), limits(clock, 5_000)];
    declareEngineGone();
    const late = limits(clock, 5_000);
    for (const { signal, release } of [...runs, late]) {
      expect(signal.reason).toMatchObject({ name: "PinError", code: "engine-gone" });
      release();
    }
  });

  it("is what came first", async () => {
    const { limits, clock, cancel, declareEngineGone } = await fresh();
    const { signal } = limits(clock, 1_000);
    cancel();
    declareEngineGone();
    await clock.sleep(2_000);
    expect(signal.reason).toMatchObject({ code: "interrupted" });
  });

  it("is the end of the run, once that has released its limits: reads that nobody waited for end with it", async () => {
    const { limits, clock, cancel, declareEngineGone } = await fresh();
    const { signal, release } = limits(clock, 1_000);
    release();
    expect(signal.reason).toMatchObject({ code: "interrupted", message: "The run is over." });
    cancel();
    declareEngineGone();
    await clock.sleep(2_000);
    expect(signal.reason).toMatchObject({ message: "The run is over." });
  });
});

describe("the time limit", () => {
  const timeouts = { __timeouts: { create: "90m", update: "3h" } };

  it("is the engine's where it is known", async () => {
    const { timeLimit, call } = await fresh();
    const request = { getTimeout: () => 120 };
    expect(call("Create", request, () => timeLimit("create", timeouts, 1))).toBe(120_000);
  });

  it.each([
    ["create", timeouts, 5_400_000],
    ["update", timeouts, 10_800_000],
    ["update", { __timeouts: { create: "90m" } }, 7],
    ["create", {}, 7],
    ["create", { __timeouts: "90m" }, 7],
    ["create", { __timeouts: null }, 7],
    ["create", { __timeouts: { create: "soon" } }, 7],
    ["create", { __timeouts: { create: 5 } }, 7],
  ] as const)("of %s with %j is else %d ms", async (operation, inputs, expected) => {
    const { timeLimit } = await fresh();
    expect(timeLimit(operation, inputs, 7)).toBe(expected);
  });

  it("is the resource's own where the engine sends none", async () => {
    const { timeLimit, call } = await fresh();
    expect(call("Create", { getTimeout: () => 0 }, () => timeLimit("create", timeouts, 1))).toBe(5_400_000);
  });
});
