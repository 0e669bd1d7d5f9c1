/** Events from the program, taken one at a time. */
export class EventQueue<T> {
  readonly #events: T[] = [];
  #wake: (() => void) | undefined;

  push(event: T): void {
    this.#events.push(event);
    this.#wake?.();
  }

  /** The next event, or undefined as soon as the signal is aborted. */
  async next(signal: AbortSignal): Promise<T | undefined> {
    while (this.#events.length === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return signal.aborted ? undefined : this.#events.shift();
  }
}
