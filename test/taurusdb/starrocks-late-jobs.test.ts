import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { MINUTE, rig } from "./rig";

const SECOND = 1_000;

/** A service that tells nothing of an accepted upgrade for so long, and starts it after that. */
function late(visibleMs: number) {
  return rig({ timings: { visibleMs, startMs: visibleMs + MINUTE } });
}

describe("a job that cannot be read yet", () => {
  it.each([45 * SECOND, 4 * MINUTE])("after %i ms is waited for by the run that started it", async (visibleMs) => {
    const { lifecycle, inputs, writes } = late(visibleMs);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it.each([true, false])("is not requested again by the run after an interrupted one (wait: %s)", async (wait) => {
    const world = late(4 * MINUTE);
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "20s" } })));
    const args = world.inputs({ wait });
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: wait ? "current" : "upgrading" });
    expect(world.writes()).toBe(1);
  });

  it("and that never comes is given up once an upgrade would have begun, then requested again", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    cloud.control.vanish();
    const args = inputs({ wait: false, unreachableTimeout: "1m" });
    const { id, outs } = await lifecycle.create(args);
    const again = await lifecycle.update(id, outs, args);
    expect(again.outs).toMatchObject({ status: "upgrading" });
    expect(writes()).toBe(1);
    await clock.sleep(5 * MINUTE);
    const began = clock.now();
    const { outs: later } = await lifecycle.update(id, again.outs, args);
    expect(later).toMatchObject({ status: "upgrading" });
    expect(clock.since(began)).toBeLessThan(MINUTE);
    expect(writes()).toBe(2);
  });
});
