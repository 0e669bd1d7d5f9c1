import { within } from "./within";

/** Work that is done once for everybody who waits for it: it ends with no single one of them, but with the last. */
export class Joint<T> {
  readonly result: Promise<T>;
  readonly #end = new AbortController();
  #waiting = 0;

  /** @param work begins at once; its signal is aborted when nobody waits any more */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.result = work(this.#end.signal);
    // Whoever waits hears of it.
    this.result.catch(() => undefined);
  }

  /** Everybody has gone: nothing will come of it. */
  get abandoned(): boolean {
    return this.#end.signal.aborted;
  }

  /** @param signal ends the waiting of this one */
  async for(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#waiting += 1;
    const leave = () => {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#end.abort(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await within(signal, this.result);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}
