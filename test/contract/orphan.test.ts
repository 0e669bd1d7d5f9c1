import { describe, expect, onTestFinished, test } from "vitest";
import type { System } from "../systems";
import type { Arrival } from "./boundaries";
import { hostOfTest } from "./host";
import { openPinned, PATIENT, SDK, TYPES } from "./kill-points";

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
  engine.die();
  return { pins, provider };
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
  test("begins no upgrade of any type, asks nothing more, and ends", () => endsAt(({ at }) => at === 0, 0));

  test("leaves the upgrades that it began alone, asks nothing more, and ends", { tags: ["long"] }, () =>
    endsAt(({ method }, { writes }) => method === "GET" && writes() > 0, 1),
  );
});

/** @param calls upgrade calls that each vendor has had by then */
async function endsAt(at: (arrival: Arrival, system: System) => boolean, calls: number): Promise<void> {
  const { pins, provider } = await orphaned(at);
  for (const { answer } of pins) expect(await answer).toBe("ended");
  const before = reached(pins);
  for (const { gate } of pins) gate.open();
  expect(await provider.exited).not.toBe(0);
  expect(reached(pins)).toEqual(before);
  expect(before.map(({ writes, accepted }) => [writes, accepted])).toEqual(TYPES.map(() => [calls, calls]));
}
