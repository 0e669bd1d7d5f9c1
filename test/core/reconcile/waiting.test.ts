import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ifReadable, Unreachable, UpgradeError } from "../../../provider/core/errors";
import type { Policy } from "../../../provider/core/policy";
import { UnreachableBudget } from "../../../provider/core/reconcile/observer";
import { nextPoll, Stall, Watch } from "../../../provider/core/reconcile/pace";
import { type Clock, type Progress, wallClock } from "../../../provider/core/runtime";
import { VirtualClock } from "../../support/virtual-clock";
import { NO_RULES } from "./scripted-driver";

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

const policy: Policy = {
  onNewer: "report",
  onFailure: "report",
  wait: true,
  unreachableBudget: 20 * MINUTE,
  firstContact: MINUTE,
  lostReplyWindow: 30_000,
  settleTime: MINUTE,
  spacing: 0,
  changes: NO_RULES,
};

const noResponse = () => new Unreachable("connection refused", { sent: false, responded: false });
const databaseDown = () => new Unreachable("its database is down", { sent: true, responded: true });

function setUp(expected = false) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const reports: string[] = [];
  const budget = new UnreachableBudget(
    "Orders database",
    policy,
    {
      clock,
      wall: clock,
      signal: controller.signal,
      random: () => 0.5,
      report: ({ message }) => reports.push(message),
      inform: () => undefined,
      warn: () => undefined,
      conceal: () => undefined,
    },
    expected,
  );
  const began = clock.now();
  return { clock, controller, budget, reports, waited: () => clock.since(began) };
}

/** Fails until so many milliseconds have passed. */
function failingFor(clock: VirtualClock, milliseconds: number, failure: () => Error): () => Promise<string> {
  const began = clock.now();
  return async () => {
    if (clock.since(began) < milliseconds) throw failure();
    return "answer";
  };
}

async function thrownBy(promise: Promise<unknown>): Promise<UpgradeError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof UpgradeError)) throw new Error(`expected an UpgradeError, got ${String(thrown)}`);
  return thrown;
}

describe("UnreachableBudget", () => {
  it("returns the first response without waiting", async () => {
    const { budget, waited } = setUp();
    expect(await budget.retry(async () => 42)).toBe(42);
    expect(waited()).toBe(0);
  });

  it("retries while unreachable, and reports that", async () => {
    const { budget, clock, reports } = setUp();
    expect(await budget.retry(failingFor(clock, 5_000, noResponse))).toBe("answer");
    expect(reports[0]).toBe("no response");
    expect(reports.length).toBeGreaterThan(5);
    expect(new Set(reports)).toEqual(new Set([reports[0]]));
  });

  it("retries less often the longer the run lasts, but at least every five seconds", async () => {
    const { budget, clock, reports } = setUp(true);
    await clock.sleep(10 * MINUTE);
    expect(await budget.retry(failingFor(clock, MINUTE, noResponse))).toBe("answer");
    expect(reports.length).toBeGreaterThanOrEqual(12);
    expect(reports.length).toBeLessThanOrEqual(14);
  });

  it("limits the first contact to its own, shorter budget", async () => {
    const { budget, waited } = setUp();
    const cause = noResponse();
    const error = await thrownBy(budget.retry(() => Promise.reject(cause)));
    expect(error).toMatchObject({ code: "unreachable", cause });
    expect(error.sentence).toMatch(
      /^Orders database could not be read for 1 min.*: connection refused\. Nothing was undone/,
    );
    expect(waited()).toBeGreaterThanOrEqual(MINUTE);
    expect(waited()).toBeLessThan(1.2 * MINUTE);
  });

  it.each([
    ["if an upgrade is known to be in progress", true, noResponse],
    ["if the vendor itself responds that it does not know", false, databaseDown],
  ])("uses the full budget %s", async (_, expected, failure) => {
    const { budget, waited } = setUp(expected);
    const error = await thrownBy(budget.retry(() => Promise.reject(failure())));
    expect(error.code).toBe("unreachable");
    expect(waited()).toBeGreaterThanOrEqual(20 * MINUTE);
    expect(waited()).toBeLessThan(20.5 * MINUTE);
  });

  it("uses the full budget after a single response from the vendor, even if it is unreachable afterwards", async () => {
    const { budget, waited } = setUp();
    let first = true;
    const read = async () => {
      const failure = first ? databaseDown() : noResponse();
      first = false;
      throw failure;
    };
    await thrownBy(budget.retry(read));
    expect(waited()).toBeGreaterThanOrEqual(20 * MINUTE);
  });

  it("counts the budget from the last response", async () => {
    const { budget, clock } = setUp();
    await budget.retry(async () => "here");
    expect(await budget.retry(failingFor(clock, 19 * MINUTE, noResponse))).toBe("answer");
    expect(await budget.retry(failingFor(clock, 19 * MINUTE, noResponse))).toBe("answer");
    expect(budget.unreachableFor).toBe(0);
  });

  it("counts the budget from its creation if no response has arrived yet", async () => {
    const { budget, clock, waited } = setUp();
    await clock.sleep(50_000);
    await thrownBy(budget.retry(() => Promise.reject(noResponse())));
    expect(waited()).toBeLessThan(1.2 * MINUTE);
  });

  it("rethrows every other error immediately", async () => {
    const { budget, waited } = setUp();
    const refusal = new UpgradeError("unauthorized", "wrong password");
    expect(await thrownBy(budget.retry(() => Promise.reject(refusal)))).toBe(refusal);
    const bug = new TypeError("x is not a function");
    await expect(budget.retry(() => Promise.reject(bug))).rejects.toBe(bug);
    expect(waited()).toBe(0);
  });

  it("sends nothing after the signal is aborted", async () => {
    const { budget, controller } = setUp();
    const reason = new UpgradeError("interrupted", "Interrupted.");
    controller.abort(reason);
    let attempts = 0;
    const read = async () => {
      attempts += 1;
    };
    expect(await thrownBy(budget.retry(read))).toBe(reason);
    expect(attempts).toBe(0);
  });

  it("rejects with the signal's reason when aborted while waiting", async () => {
    const { budget, controller, clock, waited } = setUp(true);
    const reason = new UpgradeError("deadline", "The time limit was reached.");
    clock.after(90_000, () => controller.abort(reason));
    expect(await thrownBy(budget.retry(() => Promise.reject(noResponse())))).toBe(reason);
    expect(waited()).toBe(90_000);
  });

  it("rejects with the signal's reason, not with the error of the aborted read", async () => {
    const { budget, controller } = setUp();
    const reason = new UpgradeError("interrupted", "Interrupted.");
    const read = async () => {
      controller.abort(reason);
      throw new Error("socket closed");
    };
    expect(await thrownBy(budget.retry(read))).toBe(reason);
  });
});

const timedOut = new Unreachable("no response", { sent: true, responded: false });

it.each([timedOut, new UpgradeError("unauthorized", "no"), new UpgradeError("not-the-vendor", "another shape")])(
  "ifReadable returns undefined if the vendor does not provide the value: %s",
  async (error) => {
    expect(await ifReadable(Promise.reject(error))).toBeUndefined();
  },
);

it("ifReadable rethrows a bug of this tool", async () => {
  await expect(ifReadable(Promise.reject(new TypeError("x is not a function")))).rejects.toThrow("not a function");
  expect(await ifReadable(Promise.resolve(1))).toBe(1);
});
