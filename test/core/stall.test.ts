import { describe, expect, it } from "vitest";
import { Stall } from "../../provider/core/reconcile/pace";
import type { Progress } from "../../provider/core/runtime";
import { VirtualClock } from "../support/virtual-clock";

const MINUTE = 60_000;

function watch(lookAt?: string) {
  const clock = new VirtualClock();
  const said: string[] = [];
  const stall = new Stall({ clock, inform: (line) => said.push(line) }, "upgrade 13", lookAt);
  /** What is told of a progress that is seen every second for so many minutes. */
  const during = async (progress: Progress, minutes: number) => {
    let told: Progress = progress;
    for (let seconds = 0; seconds <= minutes * 60; seconds++) {
      if (seconds > 0) await clock.sleep(1_000);
      told = stall.seen(progress);
    }
    return told;
  };
  return { during, said };
}

describe("progress that does not move", () => {
  it("is told with its time after two minutes, and never before", async () => {
    const { during } = watch();
    expect(await during({ message: "2/9", percent: 11 }, 1.9)).toEqual({ message: "2/9", percent: 11 });
    expect(await during({ message: "3/9", percent: 22 }, 9)).toEqual({
      message: "3/9",
      percent: 22,
      still: 9 * MINUTE,
    });
  });

  it.each<[string, Progress]>([
    ["stage", { message: "3/9", percent: 11 }],
    ["percentage", { message: "2/9", percent: 12 }],
  ])("counts again from a new %s", async (_, moved) => {
    const { during } = watch();
    await during({ message: "2/9", percent: 11 }, 4);
    expect((await during(moved, 1)).still).toBeUndefined();
    expect((await during(moved, 2)).still).toBe(3 * MINUTE);
  });

  it("says once, after five minutes, where to look; again only for another stall", async () => {
    const { during, said } = watch("Look at it");
    await during({ message: "2/9" }, 20);
    expect(said).toEqual(["upgrade 13 has shown no progress for 5 min: 2/9. Look at it."]);
    await during({ message: "3/9" }, 6);
    expect(said).toHaveLength(2);
  });
});
