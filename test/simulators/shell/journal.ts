import type { SimRequest } from "./http";
import { pathOf } from "./http";

/** One call with its result. Bodies and headers are not recorded: they may contain passwords. */
export interface JournalEntry {
  /** Milliseconds since 1970, by the simulator's clock. */
  readonly at: number;
  readonly host: string;
  readonly method: string;
  readonly target: string;
  readonly path: string;
  /** HTTP status; 0 without a response (refused, reset before it was processed, hung). */
  readonly status: number;
  /** Whether the call is a write. */
  readonly write: boolean;
  /** Kind of the fault that was applied, if any. */
  readonly fault?: string;
}

export type PathPattern = string | RegExp;

export function matchesPath(pattern: PathPattern | undefined, path: string): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === "string" ? pattern === path : pattern.test(path);
}

/** Every call that reached the simulator, in order. */
export class Journal {
  readonly #entries: JournalEntry[] = [];

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  record(call: Omit<JournalEntry, "method" | "target" | "path">, request: SimRequest): void {
    this.#entries.push({ ...call, method: request.method, target: request.target, path: pathOf(request.target) });
  }

  /** Number of calls with this method and path; a string is the whole path, without query. */
  count(method?: string, path?: PathPattern): number {
    return this.find(method, path).length;
  }

  find(method?: string, path?: PathPattern): readonly JournalEntry[] {
    return this.#entries.filter(
      (entry) => (method === undefined || entry.method === method) && matchesPath(path, entry.path),
    );
  }

  /** Writes, whether or not they were accepted. */
  writes(): readonly JournalEntry[] {
    return this.#entries.filter((entry) => entry.write);
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
