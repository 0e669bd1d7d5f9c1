import type { Hold } from "../control/hold";
import type { Unit } from "../unit";
import type { Verdict } from "./verdict";

/** A verdict of one kind. */
export type Of<K extends Verdict["kind"]> = Extract<Verdict, { kind: K }>;

/** The verdicts of one look, by kind. */
export class Verdicts {
  readonly #all: readonly (readonly [Unit, Verdict])[];

  constructor(all: readonly (readonly [Unit, Verdict])[]) {
    this.#all = all;
  }

  members(kind: Verdict["kind"]): Unit[] {
    return this.#all.filter(([, verdict]) => verdict.kind === kind).map(([member]) => member);
  }

  get holds(): Hold[] {
    return [...this.of("held").values()].map(({ hold }) => hold);
  }

  of<K extends Verdict["kind"]>(kind: K): Map<string, Of<K>> {
    const is = (verdict: Verdict): verdict is Of<K> => verdict.kind === kind;
    return new Map(this.#all.flatMap(([{ name }, verdict]) => (is(verdict) ? [[name, verdict] as const] : [])));
  }
}
