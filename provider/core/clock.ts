/** Time as a parameter, so that a forty-minute upgrade is tested in milliseconds. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since an arbitrary moment. Monotonic, so every duration is measured with it. */
  elapsed(): number;
  /** Resolves after this many milliseconds; rejects with the signal's reason when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Node fires longer timers immediately. */
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
 * The clock of one run. It reads the time of day once and then advances by elapsed time. Setting the system clock
 * during a run therefore changes no duration, age or signature.
 */
export function steady(clock: Clock): Clock {
  const start = clock.now() - clock.elapsed();
  return {
    now: () => start + clock.elapsed(),
    elapsed: () => clock.elapsed(),
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
  };
}
