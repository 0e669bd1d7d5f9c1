/** Time as a parameter, so that a forty-minute upgrade is tested in milliseconds. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some moment. Nobody puts it forward or back, so every duration is measured with it. */
  elapsed(): number;
  /** Resolves after so many milliseconds; rejects with the signal's reason as soon as that is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Longer timers fire at once in Node. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const wallClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
        Math.min(milliseconds, LONGEST_TIMER),
      );
      signal?.addEventListener("abort", abort, { once: true });
    }),
};

/**
 * The clock of one run: its time of day is read once, and continues by elapsed time. Setting the system clock during a run changes
 * no duration, age or signature.
 */
export function steady(clock: Clock): Clock {
  const start = clock.now() - clock.elapsed();
  return {
    now: () => start + clock.elapsed(),
    elapsed: () => clock.elapsed(),
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
  };
}
