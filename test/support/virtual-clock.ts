import type { Clock } from "../../provider/core/runtime";
import type { Clock as SimulatorClock } from "../simulators";

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * Virtual time that advances to the next timer once all promises have settled: an upgrade of an hour takes as long as
 * computing its steps. Used by the code under test and the simulator.
 */
export class VirtualClock implements Clock, SimulatorClock {
  #now: number;
  readonly #timers = new Set<Timer>();
  #pumping = false;

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#now;
  }

  /** Milliseconds since a moment. */
  since(moment: number): number {
    return this.#now - moment;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer: Timer = { at: this.#now + Math.max(milliseconds, 0), wake: resolve };
      this.#timers.add(timer);
      signal?.addEventListener(
        "abort",
        () => {
          this.#timers.delete(timer);
          reject(signal.reason);
        },
        { once: true },
      );
      this.#pump();
    });
  }

  /** Runs an action at a time of this clock, from now in milliseconds. */
  after(milliseconds: number, action: () => void): void {
    void this.sleep(milliseconds).then(action);
  }

  /** Every turn of the event loop in which all promises have settled advances time to the earliest timer. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (readsFiles()) return this.#pump();
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined) return;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      this.#pump();
    });
  }
}

/** Files are read in real time; virtual time does not advance meanwhile. */
function readsFiles(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq") || name === "CloseReq");
}
