import { describe, expect, onTestFinished, test } from "vitest";
import type { System } from "../systems";
import type { Arrival } from "./boundaries";
import { hostOfTest } from "./host";
import { openPinned, PATIENT, SDK, TYPES } from "./kill-points";

/** Milliseconds from the engine's death to the end of the process. */
const END_WITHIN = 5_000;

/** Pins of all types at a boundary of their upgrades in one process, whose engine is then gone. */
async function orphaned(at: (arrival: Arrival, system: System) => boolean) {
  const { engine, provider } = await hostOfTest(SDK, PATIENT);
  const pins = await Promise.all(
    TYPES.map(async (kind) => {
      const pinned = await openPinned(kind, onTestFinished);
      const { gate, system } = pinned;
      const fits = (arrival: Arrival) => at(arrival, system);
      const reached = gate.close({ title: "orphaned", processed: true, certain: true, fits });
      const answer = pinned.upgrade(provider).then(
        () => "answered",
        () => "ended",
      );
      await reached;
      return { ...pinned, answer };
    }),
  );
  const died = performance.now();
  engine.die();
  return { pins, provider, died };
}

/** What reached the vendors, by type. */
function reached(pins: Awaited<ReturnType<typeof orphaned>>["pins"]) {
  return pins.map(({ gate, system }) => ({
    type: system.type,
    requests: gate.arrivals.length,
    writes: system.writes(),
    accepted: system.accepted(),
  }));
}

describe("a provider whose engine is gone", { timeout: 120_000 }, () => {
  test.each([
    { what: "begins no upgrade of any type", calls: 0, at: ({ at }: Arrival) => at === 0 },
    {
      what: "leaves the upgrades that it began alone",
      calls: 1,
      at: ({ method }: Arrival, { writes }: System) => method === "GET" && writes() > 0,
    },
  ])("$what, asks nothing more, and ends", async ({ calls, at }) => {
    const { pins, provider, died } = await orphaned(at);
    for (const { answer } of pins) expect(await answer).toBe("ended");
    const before = reached(pins);
    for (const { gate } of pins) gate.open();
    expect(await provider.exited).not.toBe(0);
    expect(performance.now() - died).toBeLessThan(END_WITHIN);
    expect(reached(pins)).toEqual(before);
    expect(before.map(({ writes, accepted }) => [writes, accepted])).toEqual(TYPES.map(() => [calls, calls]));
  });
});
