import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { nextPoll, Stall, Watch } from "../../provider/core/reconcile/pace";
import type { Progress } from "../../provider/core/runtime";
import { type Clock, wallClock } from "../../provider/core/runtime";
import { VirtualClock } from "../support/virtual-clock";

const MINUTE = 60_000;

describe("wallClock", () => {
  it("sleeps no shorter than asked", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let awake = false;
    void wallClock.sleep(20).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(19);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(awake).toBe(true);
  });

  it("refuses to sleep with the reason of a signal that is aborted already", async () => {
    const reason = new Error("over");
    await expect(wallClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it("wakes up with the reason when the signal is aborted", async () => {
    const controller = new AbortController();
    const sleep = wallClock.sleep(60_000, controller.signal);
    const reason = new Error("over");
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
  });

  it("does not wake up at once from a sleep longer than a timer can be", async () => {
    const controller = new AbortController();
    const long = wallClock.sleep(2 ** 40, controller.signal).then(
      () => "slept",
      () => "stopped",
    );
    await wallClock.sleep(20);
    controller.abort();
    expect(await long).toBe("stopped");
  });
});

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const waited = fc.nat(4 * 60 * MINUTE);
const percent = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });

/** Without jitter. */
function calm(time: number, share?: number): number {
  return nextPoll({ waited: time, ...(share === undefined ? {} : { percent: share }) }, 0);
}

describe("nextLook", () => {
  it.each([
    [0, 750],
    [15_000, 750],
    [MINUTE, 3_000],
    [5 * MINUTE, 15_000],
    [2 * 60 * MINUTE, 15_000],
  ])("comes, after %d ms, %d ms later", (time, expected) => {
    expect(calm(time)).toBe(expected);
  });

  it("is never sooner than 675 ms or later than 15 s, whatever the vendor says", () => {
    fc.assert(
      fc.property(waited, percent, chance, (time, share, luck) => {
        const next = nextPoll({ waited: time, ...(share === undefined ? {} : { percent: share }) }, luck);
        expect(next).toBeGreaterThanOrEqual(675);
        expect(next).toBeLessThanOrEqual(15_000);
      }),
    );
  });

  it("is shorter by up to a tenth, never longer", () => {
    expect(nextPoll({ waited: 100 * MINUTE }, 0)).toBe(15_000);
    expect(nextPoll({ waited: 100 * MINUTE }, 0.999_999)).toBe(13_500);
  });

  it("comes in the middle of what remains, as the vendor tells it", () => {
    expect(calm(MINUTE, 95)).toBe(1_579);
    expect(calm(10 * MINUTE, 99)).toBe(Math.round((10 * MINUTE) / 99 / 2));
  });

  it("comes no later than time alone says, and no sooner than after an eighth of that", () => {
    expect(calm(MINUTE, 5)).toBe(3_000);
    expect(calm(60 * MINUTE, 100)).toBe(1_875);
    expect(calm(10_000, 100)).toBe(750);
  });

  it("does not take a percentage of 0, or one beyond 100, for information", () => {
    expect(calm(MINUTE, 0)).toBe(3_000);
    expect(calm(MINUTE, 101)).toBe(3_000);
  });
});

describe("nextLook with others in the process", () => {
  it.each([
    [0, 750],
    [75, 750],
    [200, 2_000],
    [1_000, 10_000],
    [5_000, 15_000],
  ])("is, with %d of them, after %d ms at the soonest", (others, expected) => {
    expect(nextPoll({ waited: 0 }, 0, others)).toBe(expected);
    expect(nextPoll({ waited: 10 * MINUTE, percent: 100 }, 0, others)).toBe(Math.max(expected, 1_875));
    expect(nextPoll({ waited: 10 * MINUTE }, 0, others)).toBe(15_000);
  });
});

describe("Watch", () => {
  it("pauses longer while many do, and as before when they are gone", async () => {
    const clock = new VirtualClock();
    const over = new AbortController();
    const watches = Array.from({ length: 400 }, () => new Watch(clock, over.signal, () => 0, true));
    const before = clock.now();
    await Promise.all(watches.map((watch) => watch.pause()));
    expect(clock.since(before)).toBe(3_990);
    const alone = new Watch(clock, over.signal, () => 0, true);
    await alone.pause();
    expect(alone.waited).toBe(750);
  });

  it("pauses as ever where looks are shared, however many do", async () => {
    const clock = new VirtualClock();
    const over = new AbortController();
    const watches = Array.from({ length: 400 }, () => new Watch(clock, over.signal, () => 0));
    const before = clock.now();
    await Promise.all(watches.map((watch) => watch.pause()));
    expect(clock.since(before)).toBe(750);
  });

  it("counts from its making and sleeps on the given clock", async () => {
    const clock = new VirtualClock();
    await clock.sleep(1_000);
    const watch = new Watch(clock, new AbortController().signal, () => 0);
    expect(watch.waited).toBe(0);
    await watch.pause();
    expect(watch.waited).toBe(750);
    await clock.sleep(10 * MINUTE);
    const before = watch.waited;
    await watch.pause();
    expect(watch.waited - before).toBe(15_000);
    const late = watch.waited;
    await watch.pause(100);
    expect(watch.waited - late).toBe(1_875);
  });

  it("pauses for at most five seconds in silence, and for at least as long after a refusal", async () => {
    const clock = new VirtualClock();
    const watch = new Watch(clock, new AbortController().signal, () => 0);
    const lengthOf = async (pause: () => Promise<void>) => {
      const before = watch.waited;
      await pause();
      return watch.waited - before;
    };
    expect(await lengthOf(() => watch.pauseWhileUnreachable())).toBe(750);
    expect(await lengthOf(() => watch.pauseAfterRefusal())).toBe(5_000);
    await clock.sleep(10 * MINUTE);
    expect(await lengthOf(() => watch.pauseWhileUnreachable())).toBe(5_000);
    expect(await lengthOf(() => watch.pauseAfterRefusal())).toBe(15_000);
  });

  it("makes room where it was woken late: the process has too much to do", async () => {
    let now = 0;
    let delay = 0;
    const slept: number[] = [];
    const clock: Clock = {
      now: () => now,
      elapsed: () => now,
      sleep: async (milliseconds) => {
        slept.push(milliseconds);
        now += milliseconds + delay;
      },
    };
    const watch = new Watch(clock, new AbortController().signal, () => 0);
    for (delay of [0, 100, 2_000, 0, 0]) await watch.pause();
    expect(slept).toEqual([750, 750, 2_000, 15_000, 1_030]);
  });

  it("stops sleeping with the signal's reason", async () => {
    const controller = new AbortController();
    const clock = new VirtualClock();
    const watch = new Watch(clock, controller.signal, () => 0);
    const paused = watch.pause();
    const reason = new Error("over");
    controller.abort(reason);
    await expect(paused).rejects.toBe(reason);
    expect(watch.waited).toBe(0);
  });
});

function watchStall(lookAt?: string) {
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
    const { during } = watchStall();
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
    const { during } = watchStall();
    await during({ message: "2/9", percent: 11 }, 4);
    expect((await during(moved, 1)).still).toBeUndefined();
    expect((await during(moved, 2)).still).toBe(3 * MINUTE);
  });

  it("says once, after five minutes, where to look; again only for another stall", async () => {
    const { during, said } = watchStall("Look at it");
    await during({ message: "2/9" }, 20);
    expect(said).toEqual(["upgrade 13 has shown no progress for 5 min: 2/9. Look at it."]);
    await during({ message: "3/9" }, 6);
    expect(said).toHaveLength(2);
  });
});
