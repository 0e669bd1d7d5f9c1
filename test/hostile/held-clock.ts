import type { Clock } from "../../provider/core/runtime";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/**
 * Virtual time for many sleepers and for real sockets: it advances to the next timer once all promises have settled,
 * and does not advance during real work.
 */
export class HeldClock implements Clock {
  #now: number;
  #held = 0;
  #order = 0;
  #pumping = false;
  readonly #timers: Timer[] = [];
  readonly #canceled = new Set<Timer>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#now;
  }

  /** Time does not advance until the work is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work();
    } finally {
      this.#held -= 1;
      this.#pump();
    }
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        this.#canceled.add(timer);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      this.#order += 1;
      // Node's timers treat a value that is not a number as one millisecond.
      const pause = Number.isFinite(milliseconds) ? Math.max(milliseconds, 0) : 1;
      const timer: Timer = { at: this.#now + pause, order: this.#order, wake };
      push(this.#timers, timer);
      signal?.addEventListener("abort", abort, { once: true });
      this.#pump();
    });
  }

  /** Every turn of the event loop in which all promises have settled advances time to the earliest timer. */
  #pump(): void {
    if (this.#pumping || this.#held > 0) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (this.#held > 0) return;
      const next = this.#next();
      if (next === undefined) return;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      this.#pump();
    });
  }

  #next(): Timer | undefined {
    for (;;) {
      const timer = pop(this.#timers);
      if (timer === undefined || !this.#canceled.delete(timer)) return timer;
    }
  }
}

/** A binary heap, because a thousand resources have thousands of timers. */
function push(heap: Timer[], timer: Timer): void {
  let index = heap.push(timer) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (isBefore(heap[parent], timer)) break;
    swap(heap, index, parent);
    index = parent;
  }
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return last;
  heap[0] = last;
  for (let index = 0; ; ) {
    const [left, right] = [2 * index + 1, 2 * index + 2];
    let least = index;
    if (isBefore(heap[left], heap[least])) least = left;
    if (isBefore(heap[right], heap[least])) least = right;
    if (least === index) return first;
    swap(heap, index, least);
    index = least;
  }
}

function isBefore(a: Timer | undefined, b: Timer | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function swap(heap: Timer[], a: number, b: number): void {
  const [one, other] = [heap[a], heap[b]];
  if (one === undefined || other === undefined) return;
  heap[a] = other;
  heap[b] = one;
}
