/** What ends a piece of work before it is done. */
interface Ends {
  /** Each with its own reason. */
  readonly signals: readonly AbortSignal[];
  readonly limit?: {
    /** Milliseconds. */
    readonly time: number;
    readonly reason: () => Error;
  };
}

/**
 * Does work under one signal that follows several others and a time limit. `AbortSignal.any` would do for a few requests: what
 * it makes outlives every collection of young objects, and with it whatever listens, a whole answer for each request.
 */
export async function endedBy<T>({ signals, limit }: Ends, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (const signal of signals) signal.throwIfAborted();
  const ending = new AbortController();
  const stops = signals.map((signal) => {
    const end = () => ending.abort(signal.reason);
    signal.addEventListener("abort", end);
    return () => signal.removeEventListener("abort", end);
  });
  const timer = limit && setTimeout(() => ending.abort(limit.reason()), limit.time);
  try {
    return await work(ending.signal);
  } finally {
    clearTimeout(timer);
    for (const stop of stops) stop();
  }
}
