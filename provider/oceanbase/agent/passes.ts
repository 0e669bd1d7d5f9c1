import type { Clock } from "../../core/clock";
import type { Sealed } from "./auth";

/** How long the header of a read is used again, in milliseconds: far less than it is valid. */
const LIFETIME = 60_000;

type Headers = Sealed["headers"];

/**
 * The headers of an agent's reads, by target. One is good for any number of reads of its target until it expires, and sealing
 * it costs more than the rest of the read, while whoever watches a task asks the same again and again.
 */
export class Passes {
  readonly #clock: Pick<Clock, "elapsed">;
  readonly #make: (target: string) => Headers;
  readonly #made = new Map<string, { readonly headers: Headers; readonly at: number }>();

  constructor(clock: Pick<Clock, "elapsed">, make: (target: string) => Headers) {
    this.#clock = clock;
    this.#make = make;
  }

  to(target: string): Headers {
    const now = this.#clock.elapsed();
    for (const [known, { at }] of this.#made) if (now - at >= LIFETIME) this.#made.delete(known);
    const pass = this.#made.get(target) ?? { headers: this.#make(target), at: now };
    this.#made.set(target, pass);
    return pass.headers;
  }
}
