import { describe, expect, it } from "vitest";
import { rememberedUpgrade } from "../../provider/frontend/resource/state";
import { VirtualClock } from "../support/virtual-clock";
import { stage } from "./fake-lifecycle";

/** Times of the last upgrade in the outputs, in milliseconds since 1970. */
function timesOf(outputs: Readonly<Record<string, unknown>>): number[] {
  const { startedAt, finishedAt } = rememberedUpgrade(outputs) ?? {};
  return [startedAt, finishedAt].flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
}

describe("the times of an upgrade in the outputs", () => {
  it.each([1, 250, 999])("lie %i ms into a second, and never in the future", async (milliseconds) => {
    const { lifecycle, inputs, clock } = stage();
    await clock.sleep(milliseconds);
    const began = clock.now();
    const { outs } = await lifecycle.create(inputs());
    const times = timesOf(outs);
    expect(times).toHaveLength(2);
    for (const time of times) {
      expect(time).toBeLessThanOrEqual(clock.now());
      expect(time).toBeGreaterThanOrEqual(began);
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("are those of a clock that begins at a whole second", () => {
    expect(new VirtualClock().now() % 1_000).toBe(0);
  });
});
