import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { nextPoll, Stall, Watch } from "../../provider/core/reconcile/pace";
import type { Progress } from "../../provider/core/runtime";
import { type Clock, wallClock } from "../../provider/core/runtime";
import { VirtualClock } from "../support/virtual-clock";

const MINUTE = 60_000;

describe("wallClock", () => {
  it("sleeps at least the requested time", async () => {
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

  it("rejects with the reason of a signal that is already aborted", async () => {
    const reason = new Error("over");
    await expect(wallClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it("rejects with the reason when the signal is aborted during the sleep", async () => {
    const controller = new AbortController();
    const sleep = wallClock.sleep(60_000, controller.signal);
    const reason = new Error("over");
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
  });

  it("does not return immediately if the sleep exceeds the maximum timer length", async () => {
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

const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const waited = fc.nat(4 * 60 * MINUTE);
const percent = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });

/** Without jitter. */
function pollWithoutJitter(time: number, share?: number): number {
  return nextPoll({ waited: time, ...(share === undefined ? {} : { percent: share }) }, 0);
}

describe("nextPoll", () => {
  it.each([
    [0, 750],
    [15_000, 750],
    [MINUTE, 3_000],
    [5 * MINUTE, 15_000],
    [2 * 60 * MINUTE, 15_000],
  ])("after %d ms, polls %d ms later", (time, expected) => {
    expect(pollWithoutJitter(time)).toBe(expected);
  });

  it("stays between 675 ms and 15 s for any progress", () => {
    fc.assert(
      fc.property(waited, percent, jitter, (time, share, random) => {
        const next = nextPoll({ waited: time, ...(share === undefined ? {} : { percent: share }) }, random);
        expect(next).toBeGreaterThanOrEqual(675);
        expect(next).toBeLessThanOrEqual(15_000);
      }),
    );
  });

  it("shortens the interval by up to 10% jitter, never extends it", () => {
    expect(nextPoll({ waited: 100 * MINUTE }, 0)).toBe(15_000);
    expect(nextPoll({ waited: 100 * MINUTE }, 0.999_999)).toBe(13_500);
  });

  it("polls halfway through the remaining time that the percentage implies", () => {
    expect(pollWithoutJitter(MINUTE, 95)).toBe(1_579);
    expect(pollWithoutJitter(10 * MINUTE, 99)).toBe(Math.round((10 * MINUTE) / 99 / 2));
  });

  it("limits the effect of the percentage to between an eighth of the interval and all of it", () => {
    expect(pollWithoutJitter(MINUTE, 5)).toBe(3_000);
    expect(pollWithoutJitter(60 * MINUTE, 100)).toBe(1_875);
    expect(pollWithoutJitter(10_000, 100)).toBe(750);
  });

  it("ignores a percentage of 0 or above 100", () => {
    expect(pollWithoutJitter(MINUTE, 0)).toBe(3_000);
    expect(pollWithoutJitter(MINUTE, 101)).toBe(3_000);
  });
});

describe("nextPoll with other runs in the process", () => {
  it.each([
    [0, 750],
    [75, 750],
    [200, 2_000],
    [1_000, 10_000],
    [5_000, 15_000],
  ])("with %d other runs, polls after at least %d ms", (others, expected) => {
    expect(nextPoll({ waited: 0 }, 0, others)).toBe(expected);
    expect(nextPoll({ waited: 10 * MINUTE, percent: 100 }, 0, others)).toBe(Math.max(expected, 1_875));
    expect(nextPoll({ waited: 10 * MINUTE }, 0, others)).toBe(15_000);
  });
});

describe("Watch", () => {
  it("pauses longer while many runs poll, and normally after they have ended", async () => {
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

  it("pauses normally if reads are shared, regardless of the number of runs", async () => {
    const clock = new VirtualClock();
    const over = new AbortController();
    const watches = Array.from({ length: 400 }, () => new Watch(clock, over.signal, () => 0));
    const before = clock.now();
    await Promise.all(watches.map((watch) => watch.pause()));
    expect(clock.since(before)).toBe(750);
  });

  it("counts from its construction and sleeps on the given clock", async () => {
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

  it("pauses at most five seconds while unreachable, and at least five seconds after a rejection", async () => {
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

  it("pauses longer if the timer fired late because the process is overloaded", async () => {
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

function watchStall(inspectHint?: string) {
  const clock = new VirtualClock();
  const messages: string[] = [];
  const stall = new Stall({ clock, inform: (line) => messages.push(line) }, "upgrade 13", inspectHint);
  /** The progress reported after seeing this progress every second for so many minutes. */
  const during = async (progress: Progress, minutes: number) => {
    let reported: Progress = progress;
    for (let seconds = 0; seconds <= minutes * 60; seconds++) {
      if (seconds > 0) await clock.sleep(1_000);
      reported = stall.seen(progress);
    }
    return reported;
  };
  return { during, messages };
}

describe("progress that does not change", () => {
  it("is reported with its duration after two minutes, and not before", async () => {
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
  ])("restarts the duration after a new %s", async (_, moved) => {
    const { during } = watchStall();
    await during({ message: "2/9", percent: 11 }, 4);
    expect((await during(moved, 1)).still).toBeUndefined();
    expect((await during(moved, 2)).still).toBe(3 * MINUTE);
  });

  it("logs a hint once after five minutes, and again only for another stall", async () => {
    const { during, messages } = watchStall("Look at it");
    await during({ message: "2/9" }, 20);
    expect(messages).toEqual(["upgrade 13 has shown no progress for 5 min: 2/9. Look at it."]);
    await during({ message: "3/9" }, 6);
    expect(messages).toHaveLength(2);
  });
});
