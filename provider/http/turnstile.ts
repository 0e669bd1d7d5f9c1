interface Waiting {
  readonly enter: () => void;
}

/**
 * Lets so many at a time through, first come, first served. What takes long gives up its place, so that servers that do not
 * answer hold up nobody.
 */
export class Turnstile {
  readonly #limit: number;
  readonly #patience: number | undefined;
  readonly #queue = new Set<Waiting>();
  #inside = 0;

  /** @param patience milliseconds after which a place is given up although the work goes on; never, if nothing is said */
  constructor(limit: number, patience?: number) {
    this.#limit = limit;
    this.#patience = patience;
  }

  /** Does the work when its turn has come. Rejects with the signal's reason when that is aborted before. */
  async pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#limit) await this.#turn(signal);
    else this.#inside += 1;
    let inside = true;
    const leave = () => {
      if (inside) this.#next();
      inside = false;
    };
    const timer = this.#patience === undefined ? undefined : setTimeout(leave, this.#patience);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      leave();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#queue.delete(waiting);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        enter: () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      if (signal.aborted) return abort();
      this.#queue.add(waiting);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** The place goes to the one who has waited longest. */
  #next(): void {
    const [first] = this.#queue;
    if (first === undefined) {
      this.#inside -= 1;
      return;
    }
    this.#queue.delete(first);
    first.enter();
  }
}
