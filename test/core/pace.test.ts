import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextLook, Watch } from "../../provider/core/pace";
import { VirtualClock } from "../support/virtual-clock";

const MINUTE = 60_000;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const waited = fc.nat(4 * 60 * MINUTE);
const percent = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });

/** Without jitter. */
function calm(time: number, share?: number): number {
  return nextLook({ waited: time, ...(share === undefined ? {} : { percent: share }) }, 0.5);
}

describe("nextLook", () => {
  it.each([
    [0, 500],
    [10_000, 500],
    [MINUTE, 3_000],
    [5 * MINUTE, 15_000],
    [2 * 60 * MINUTE, 15_000],
  ])("comes, after %d ms, %d ms later", (time, expected) => {
    expect(calm(time)).toBe(expected);
  });

  it("is never sooner than 450 ms or later than 16.5 s, whatever the vendor says", () => {
    fc.assert(
      fc.property(waited, percent, chance, (time, share, luck) => {
        const next = nextLook({ waited: time, ...(share === undefined ? {} : { percent: share }) }, luck);
        expect(next).toBeGreaterThanOrEqual(450);
        expect(next).toBeLessThanOrEqual(16_500);
      }),
    );
  });

  it("is spread by a tenth to both sides", () => {
    expect(nextLook({ waited: 100 * MINUTE }, 0)).toBe(13_500);
    expect(nextLook({ waited: 100 * MINUTE }, 0.999_999)).toBe(16_500);
  });

  it("comes sooner when the vendor says that the end is near", () => {
    expect(calm(10 * MINUTE, 50)).toBe(15_000);
    expect(calm(10 * MINUTE, 99)).toBe(Math.round((10 * MINUTE) / 99 / 2));
    expect(calm(10 * MINUTE, 100)).toBe(500);
  });

  it("does not take a percentage of 0 for information", () => {
    expect(calm(10 * MINUTE, 0)).toBe(15_000);
  });
});

describe("Watch", () => {
  it("counts from its making and sleeps on the given clock", async () => {
    const clock = new VirtualClock();
    await clock.sleep(1_000);
    const watch = new Watch(clock, new AbortController().signal, () => 0.5);
    expect(watch.waited).toBe(0);
    await watch.pause();
    expect(watch.waited).toBe(500);
    await clock.sleep(10 * MINUTE);
    const before = watch.waited;
    await watch.pause();
    expect(watch.waited - before).toBe(15_000);
    const late = watch.waited;
    await watch.pause(100);
    expect(watch.waited - late).toBe(500);
  });

  it("stops sleeping with the signal's reason", async () => {
    const controller = new AbortController();
    const clock = new VirtualClock();
    const watch = new Watch(clock, controller.signal, () => 0.5);
    const paused = watch.pause();
    const reason = new Error("over");
    controller.abort(reason);
    await expect(paused).rejects.toBe(reason);
    expect(watch.waited).toBe(0);
  });
});
