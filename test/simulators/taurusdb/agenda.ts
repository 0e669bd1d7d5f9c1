import type { Due } from "./task";

/** One entry of the agenda: what the job or schedule does next. */
export interface Entry extends Due {
  readonly owner: string;
  readonly kind: "job" | "schedule";
  /** Orders entries of the same time. */
  readonly order: number;
}

/** A binary heap, earliest first: ten thousands of upgrades are as cheap as one. */
export class Agenda {
  readonly #heap: Entry[] = [];

  push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!before(heap, index, above)) return;
      swap(heap, index, above);
      index = above;
    }
  }

  peek(): Entry | undefined {
    return this.#heap[0];
  }

  pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const next = before(heap, left + 1, left) ? left + 1 : left;
      if (!before(heap, next, index)) return first;
      swap(heap, next, index);
      index = next;
    }
  }
}

/** Whether the entry at `a` comes before the one at `b`; false if there is none at `a`. */
function before(heap: readonly Entry[], a: number, b: number): boolean {
  const [one, other] = [heap[a], heap[b]];
  if (one === undefined || other === undefined) return false;
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function swap(heap: Entry[], a: number, b: number): void {
  const [one, other] = [heap[a], heap[b]];
  if (one === undefined || other === undefined) return;
  heap[a] = other;
  heap[b] = one;
}
