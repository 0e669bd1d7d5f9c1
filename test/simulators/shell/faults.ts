import type { SimRequest } from "./http";
import { pathOf } from "./http";
import { matchesPath, type PathPattern } from "./journal";

/** The fault of one call. */
export type Fault =
  /** The connection is refused (over a real socket, where it is already accepted: reset). */
  | { readonly kind: "refuse" }
  /** The connection is reset before the call is processed. */
  | { readonly kind: "reset" }
  /** The call is processed, and the connection is reset before the response: the caller cannot know that it took effect. */
  | { readonly kind: "loseReply" }
  /** The call is processed `ms` milliseconds later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The same, delayed until a condition is met. */
  | { readonly kind: "hold"; readonly until: Promise<void> }
  /** The response body ends after `bytes`, before its declared length. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** The call is not processed; this is the response. */
  | {
      readonly kind: "replace";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
    }
  /** No response. Processed only if `processed` is true. */
  | { readonly kind: "hang"; readonly processed?: boolean };

export interface FaultRule {
  readonly match?: { readonly method?: string; readonly path?: PathPattern; readonly host?: string };
  /** Matching calls before the first fault. Default 0. */
  readonly skip?: number;
  /** Matching calls with the fault. Default 1; `Infinity` for all. */
  readonly times?: number;
  readonly fault: Fault;
}

interface ArmedRule {
  readonly rule: FaultRule;
  skip: number;
  left: number;
}

/** Faults to apply, first matching rule first. A rule that is used up no longer matches. */
export class FaultScript {
  readonly #armed: ArmedRule[] = [];

  add(...rules: readonly FaultRule[]): this {
    for (const rule of rules) this.#armed.push({ rule, skip: rule.skip ?? 0, left: rule.times ?? 1 });
    return this;
  }

  clear(): void {
    this.#armed.length = 0;
  }

  /** Rules that are not used up: a test asserts that it is 0 at the end. */
  get pending(): number {
    return this.#armed.filter((armed) => armed.left > 0 && armed.left !== Number.POSITIVE_INFINITY).length;
  }

  /** The fault for this call, if any. Counts the call against the rules it matches. */
  take(host: string, request: SimRequest): Fault | undefined {
    for (const armed of this.#armed) {
      if (armed.left <= 0 || !matches(armed.rule, host, request)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      return armed.rule.fault;
    }
    return undefined;
  }
}

function matches(rule: FaultRule, host: string, request: SimRequest): boolean {
  const { method, path, host: wanted } = rule.match ?? {};
  if (method !== undefined && method !== request.method) return false;
  if (wanted !== undefined && wanted !== host) return false;
  return matchesPath(path, pathOf(request.target));
}
