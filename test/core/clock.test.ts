import { describe, expect, it, onTestFinished, vi } from "vitest";
import { wallClock } from "../../provider/core/runtime";

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
